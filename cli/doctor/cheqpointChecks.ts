import { createCheqpoint } from "../../functions/cheqpoint/client.ts";
import { RemoteError } from "../../functions/gate/ports.ts";
import type { Io } from "../io.ts";
import { checks, told, type Check } from "./check.ts";
import type { Subject } from "./subject.ts";

/** Cheqpoint makes ids of its own, and none like this. */
const NO_APPROVAL = "gate-doctor-no-such-approval";

/** Whether the Connection Key is accepted; nothing is submitted. */
export async function cheqpointChecks(io: Io, { cheqpoint }: Subject): Promise<Check[]> {
  const { ok, warn, fail } = checks("cheqpoint.key");
  const { apiUrl, key } = cheqpoint;
  if (key === null) {
    return [warn("not tried: no key was given", "set CHEQPOINT_CONNECTION_KEY to the gate's key")];
  }
  try {
    const client = createCheqpoint({
      baseUrl: apiUrl,
      connectionKey: () => Promise.resolve(key),
      fetch: (url, init) => io.fetch(url, init),
      clock: { now: () => Date.now() },
    });
    const found = await client.read(NO_APPROVAL);
    return [
      found === null
        ? ok(`accepted by ${apiUrl}`)
        : warn(`${apiUrl} knows an approval that nobody made`, "check CHEQPOINT_API_URL"),
    ];
  } catch (error) {
    const status = error instanceof RemoteError ? error.status : null;
    return [
      status === 401 || status === 403
        ? fail(
            told(error),
            "make a Connection Key in Cheqpoint (Dashboard → AI Assistants) and set it with `pulumi config set --secret cheqpointConnectionKey`",
          )
        : fail(
            error instanceof RemoteError ? told(error) : String(error),
            "check CHEQPOINT_API_URL and the network",
          ),
    ];
  }
}
