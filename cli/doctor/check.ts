import { RemoteError } from "../../functions/gate/ports/index.ts";
import { CliError } from "../errors.ts";

/** `warn`: it may be meant, or it cannot be told. `fail`: the gate does not do its work, or is passed by. */
export type Status = "ok" | "warn" | "fail";

export interface Check {
  /** "webhook.events". */
  check: string;
  /** What it is about: a service, an action; null where the check says it. */
  about: string | null;
  status: Status;
  found: string;
  /** The change to make; null where there is none. */
  todo: string | null;
}

/** Makes checks of one kind. */
export function checks(check: string, about: string | null = null) {
  const make =
    (status: Status) =>
    (found: string, todo: string | null = null): Check => ({ check, about, status, found, todo });
  return { ok: make("ok"), warn: make("warn"), fail: make("fail") };
}

/** What the API refuses to tell is said as that, never guessed. */
export function notSeen(check: string, about: string | null, error: unknown): Check {
  const status = error instanceof RemoteError ? error.status : null;
  return checks(check, about).warn(
    `cannot be seen by API: ${told(error)}`,
    status === 402
      ? "nothing, if the account's plan does not have it; it cannot be used there either"
      : status === 403
        ? "use a token that may read it"
        : null,
  );
}

/** An error's words; those of others than the gate's own are not repeated. */
export function told(error: unknown): string {
  return error instanceof RemoteError || error instanceof CliError
    ? error.message
    : error instanceof Error
      ? error.name
      : "unknown error";
}

export function listed(names: readonly string[], most = 5): string {
  const shown = names.slice(0, most).join(", ");
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}

/** Runs the checks of one part; what it cannot get at does not hide the other parts. */
export async function part(
  check: string,
  about: string | null,
  work: () => Promise<Check[]>,
): Promise<Check[]> {
  try {
    return await work();
  } catch (error) {
    return [notSeen(check, about, error)];
  }
}
