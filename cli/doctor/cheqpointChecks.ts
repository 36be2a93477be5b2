import { createCheqpoint } from "../../functions/cheqpoint/client.ts";
import type { Io } from "../io.ts";
import { checks, type Check } from "./check.ts";
import { accepted, notGiven, refused, type CredentialNames } from "./credentialCheck.ts";
import type { Subject } from "./subject.ts";

/** Cheqpoint makes ids of its own, and none like this. */
const NO_APPROVAL = "gate-doctor-no-such-approval";

/** Whether the Connection Key is accepted; nothing is submitted. */
export async function cheqpointChecks(io: Io, subject: Subject): Promise<Check[]> {
  const { apiUrl, key } = subject.cheqpoint;
  const names: CredentialNames = {
    check: "cheqpoint.key",
    what: "key",
    variable: "CHEQPOINT_CONNECTION_KEY",
    apiUrl,
  };
  if (key === null) {
    return [notGiven(subject, names)];
  }
  try {
    const client = createCheqpoint({
      baseUrl: apiUrl,
      connectionKey: () => Promise.resolve(key.value),
      fetch: (url, init) => io.fetch(url, init),
      clock: { now: () => Date.now() },
    });
    const found = await client.read(NO_APPROVAL);
    return [
      found === null
        ? accepted(subject, names, key)
        : checks(names.check).warn(
            `${apiUrl} knows an approval that nobody made`,
            "check CHEQPOINT_API_URL",
          ),
    ];
  } catch (error) {
    return [
      refused(subject, names, key, {
        error,
        renew:
          "make a Connection Key in Cheqpoint (Dashboard → AI Assistants) and set it with `pulumi config set --secret cheqpointConnectionKey`",
        reach: "check CHEQPOINT_API_URL and the network",
      }),
    ];
  }
}
