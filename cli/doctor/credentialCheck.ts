import { RemoteError } from "../../functions/gate/ports/index.ts";
import { checks, told, type Check } from "./check.ts";
import type { Credential, Subject } from "./subject.ts";

/** What a credential is called where it is told. */
export interface CredentialNames {
  check: string;
  /** "token". */
  what: string;
  /** The variable that holds it. */
  variable: string;
  /** Where it is good. */
  apiUrl: string;
}

const READ_IT = "use --stack, with AWS credentials that may read the gate's secrets";

/** Nothing can be tried. */
export function notGiven({ target }: Subject, names: CredentialNames, without = ""): Check {
  const { check, what, variable } = names;
  return checks(check).warn(
    target === null
      ? `not tried: no ${what} was given${without}`
      : `not tried: the deployed gate's ${what} was not read, and none was given${without}`,
    `${target === null ? "" : `${READ_IT}, or `}set ${variable} to the gate's ${what}`,
  );
}

/** It was accepted. Of a deployed gate, that of the shell tells nothing about the one in use. */
export function accepted({ target }: Subject, names: CredentialNames, { from }: Credential): Check {
  const { check, what, variable, apiUrl } = names;
  const { ok, warn } = checks(check);
  if (from === "gate") {
    return ok(`${target === null ? "" : `the deployed ${what} is `}accepted by ${apiUrl}`);
  }
  return target === null
    ? ok(`accepted by ${apiUrl}: ${variable} of this shell`)
    : warn(
        `${variable} of this shell is accepted by ${apiUrl}; the ${what} that the deployed gate uses was not tried`,
        READ_IT,
      );
}

/** It was refused, or nobody answered. */
export function refused(
  { target }: Subject,
  names: CredentialNames,
  { from }: Credential,
  { error, renew, reach }: { error: unknown; renew: string; reach: string },
): Check {
  const { check, what, variable } = names;
  const { warn, fail } = checks(check);
  const status = error instanceof RemoteError ? error.status : null;
  const found = error instanceof RemoteError ? told(error) : String(error);
  const isRefused = status === 401 || status === 403;
  if (from === "shell" && target !== null) {
    return warn(
      `${found} (${variable} of this shell; the ${what} that the deployed gate uses was not tried)`,
      isRefused ? READ_IT : reach,
    );
  }
  const whose = from === "shell" ? ` (${variable} of this shell)` : "";
  return fail(`${found}${whose}`, isRefused ? renew : reach);
}
