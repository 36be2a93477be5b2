import { isWithdrawable } from "../gate/lifecycle/withdrawal.ts";
import { phaseOf, type Proposal } from "../gate/proposal/proposal.ts";
import { hiddenProblem } from "../gate/text/printable.ts";
import { json, problem, type HttpRequest, type HttpResponse } from "../http.ts";
import type { Caller } from "./auth.ts";
import type { MiddlewarePorts } from "./ports.ts";
import { found, notFound, viewFor } from "./proposals.ts";

const MAX_REASON_LENGTH = 300;
/** As long as the worker needs unless something hangs. */
const WAIT_MS = 5_000;
const POLL_MS = 100;

/**
 * `DELETE /proposals/{id}`: its proposer, or an operator, takes back a proposal that has not been claimed. The receiver may
 * not write proposals: it leaves word, and waits for what the worker makes of it.
 */
export async function withdrawProposal(
  ports: MiddlewarePorts,
  request: HttpRequest,
  caller: Caller,
): Promise<HttpResponse> {
  const reason = request.query["reason"]?.trim() ?? "";
  if (reason.length > MAX_REASON_LENGTH) {
    return problem(
      "queryInvalid",
      `\`reason\` must have at most ${MAX_REASON_LENGTH} characters, got ${reason.length}`,
      { field: "reason" },
    );
  }
  const hidden = hiddenProblem(reason);
  if (hidden !== null) {
    return problem("queryInvalid", `\`reason\` ${hidden}`, { field: "reason" });
  }
  const proposal = await found(ports, request, caller);
  if (proposal === null) {
    return notFound(request);
  }
  if (!caller.isOperator && proposal.proposer !== caller.name) {
    return problem("tokenNotAllowed", "only who proposed it, or an operator, may withdraw it");
  }
  if (!isWithdrawable(proposal)) {
    return answer(caller, proposal);
  }
  const { ledger, queue, clock, log, sleep } = ports;
  await ledger.hint(proposal.id, {
    id: `withdrawal/${caller.name}`,
    kind: "withdrawal",
    atMs: clock.now(),
    data: { proposer: caller.name, ...(reason === "" ? {} : { reason }) },
  });
  log.info("proposal.withdrawal", { proposalId: proposal.id, by: caller.name });
  try {
    await queue.send([{ kind: "proposal", id: proposal.id }]);
  } catch (error) {
    log.warn("queue not reached, left to the sweep", {
      proposalId: proposal.id,
      problem: String(error),
    });
  }
  let now = proposal;
  for (let waited = 0; isWithdrawable(now) && waited < WAIT_MS; waited += POLL_MS) {
    await sleep(POLL_MS);
    now = (await ledger.get(proposal.id))?.proposal ?? now;
  }
  return answer(caller, now);
}

/** 202: nobody has taken it up yet; it will be withdrawn unless it is claimed first. */
function answer(caller: Caller, proposal: Proposal): HttpResponse {
  const state = phaseOf(proposal);
  if (proposal.outcome?.reason === "withdrawn") {
    return json(200, viewFor(caller, proposal));
  }
  if (isWithdrawable(proposal)) {
    return json(202, {
      ...viewFor(caller, proposal),
      message: "noted: it is withdrawn as soon as the gate looks at it, unless it is claimed first",
    });
  }
  return proposal.outcome === null
    ? problem(
        "proposalClaimed",
        `${proposal.id} cannot be withdrawn any more: it is ${state}, PagerDuty was asked to run it`,
        { body: { state } },
      )
    : problem(
        "proposalEnded",
        `${proposal.id} cannot be withdrawn any more: it has ended (${proposal.outcome.kind}: ${proposal.outcome.reason})`,
        { body: { state } },
      );
}
