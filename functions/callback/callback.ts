import { sha256Hex } from "../gate/text/token.ts";
import { json, problem, type HttpRequest, type HttpResponse } from "../http.ts";
import type { Clock, Ledger, Log, Metrics, Queue, Secrets } from "../gate/ports/index.ts";
import { parseCallback, verifyCheqpointSignature } from "../cheqpoint/callback.ts";

/** What the decision receiver needs: it can invoke nothing and read no approval. */
export interface CallbackPorts {
  clock: Clock;
  ledger: Ledger;
  queue: Queue;
  secrets: Pick<Secrets, "callbackSecrets">;
  log: Log;
  metrics: Metrics;
}

export const callbackRoute = "POST /cheqpoint/callback/{token}";

const MAX_BODY_BYTES = 256 * 1024;

/**
 * `POST /cheqpoint/callback/{token}`: a hint that a decision may be there. It decides nothing and its body is not
 * believed: the worker reads the approval back. Every problem has the same answer, so that nothing can be learnt from it.
 */
export async function handleCallback(
  ports: CallbackPorts,
  request: HttpRequest,
): Promise<HttpResponse> {
  const { ledger, queue, clock, log, metrics } = ports;
  try {
    if (!(await isGenuine(ports, request))) {
      metrics.count("CallbackRefused");
      return problem("routeUnknown", "not found");
    }
    const tokenHash = sha256Hex(request.params["token"] ?? "");
    const proposalId = await ledger.link(`token/${tokenHash}`);
    if (proposalId === null) {
      metrics.count("CallbackRefused");
      return problem("routeUnknown", "not found");
    }
    const { status: claims, approvalId } = parseCallback(request.body);
    // One name per submission: a storm of repeated callbacks is one hint. A no is never overwritten by what comes after it.
    const isNo = claims === "REJECTED";
    const hint = {
      id: `callback/${tokenHash.slice(0, 16)}${isNo ? "/rejected" : ""}`,
      kind: "decision" as const,
      atMs: clock.now(),
      data: {
        tokenHash,
        ...(claims === null ? {} : { status: claims }),
        ...(approvalId === null ? {} : { approvalId }),
      },
    };
    await ledger.hint(proposalId, hint);
    metrics.count("CallbackAccepted");
    log.info("callback accepted", { proposalId, claims });
    try {
      await queue.send([{ kind: "proposal", id: proposalId }]);
    } catch (error) {
      // The approval is polled as well.
      log.warn("queue not reached, left to the sweep", { proposalId, problem: String(error) });
    }
    return json(200, { received: true });
  } catch (error) {
    log.error("callback not stored", { problem: String(error) });
    return problem("unavailable", "try again");
  }
}

/** A wrong signature is refused; a missing one is not, since the token is unguessable and nothing is believed anyway. */
async function isGenuine(ports: CallbackPorts, request: HttpRequest): Promise<boolean> {
  if (
    request.body.byteLength > MAX_BODY_BYTES ||
    !/^[\w-]{20,128}$/.test(request.params["token"] ?? "")
  ) {
    return false;
  }
  const signature = request.headers["x-cheqpoint-signature"];
  const isSigned = (secrets: readonly string[]) =>
    secrets.length === 0 ||
    signature === undefined ||
    secrets.some((secret) => verifyCheqpointSignature(request.body, signature, secret));
  return (
    isSigned(await ports.secrets.callbackSecrets()) ||
    // The secret may have been renewed a moment ago.
    isSigned(await ports.secrets.callbackSecrets(true))
  );
}
