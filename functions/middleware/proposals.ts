import { canonicalJson, sha256 } from "../gate/text/canonical.ts";
import { checkParameters, findRunbook } from "../gate/gating/index.ts";
import {
  json,
  problem,
  refusal,
  type HttpRequest,
  type HttpResponse,
  type Problem,
} from "../http.ts";
import { gateIncidentLink } from "../gate/proposal/incidents.ts";
import { hiddenProblem } from "../gate/text/printable.ts";
import { newProposal } from "../gate/proposal/intake.ts";
import { incidentProblem, unlistedText, wouldHaveOf } from "../gate/proposal/listing.ts";
import type { CreateResult, Idempotency } from "../gate/ports/index.ts";
import type { Parameters, Proposal, ProposalRequest } from "../gate/proposal/proposal.ts";
import { joinedText, proposalView, type ProposalView } from "../gate/telling/view.ts";
import type { Caller } from "./auth.ts";
import type { MiddlewarePorts } from "./ports.ts";
import { waitFor } from "./waits.ts";
import { traceRefusal } from "./refused.ts";
import {
  parseApiBody,
  parseOrchestrationBody,
  typedParameters,
  type ParsedRequest,
} from "./proposalBody.ts";

const MAX_BODY_BYTES = 64 * 1024;
/** API Gateway gives up after 30 s. */
const MAX_WAIT_SECONDS = 25;
const MAX_KEY_LENGTH = 255;
const MAX_ID_LENGTH = 255;

/** `POST /proposals`: malformed input is refused with a reason and never stored; that it was refused is told. */
export async function receiveProposal(
  ports: MiddlewarePorts,
  request: HttpRequest,
  caller: Caller,
): Promise<HttpResponse> {
  const answer = await receive(ports, request, caller);
  // What is too much has a metric of its own, and what is only tried out is lost to nobody.
  const isRefused = answer.status >= 400 && answer.status < 500 && answer.status !== 429;
  if (isRefused && dryRunOf(request) !== true) {
    await traceRefusal(ports, caller, answer);
  }
  return answer;
}

async function receive(
  ports: MiddlewarePorts,
  request: HttpRequest,
  caller: Caller,
): Promise<HttpResponse> {
  const sinceMs = ports.clock.now();
  if (request.body.byteLength > MAX_BODY_BYTES) {
    return problem("bodyTooLarge", `the body must not be larger than ${MAX_BODY_BYTES} bytes`);
  }
  const braked = await tooMany(ports, caller.name, sinceMs);
  if (braked !== null) {
    return braked;
  }
  const waitMs = waitOf(request);
  if (waitMs === null) {
    return waitProblem(request);
  }
  const isDryRun = dryRunOf(request);
  if (isDryRun === null) {
    return problem(
      "queryInvalid",
      `\`dryRun\` must be "true" or "false", got "${request.query["dryRun"]}"`,
      { field: "dryRun" },
    );
  }
  const idempotencyKey = request.headers["idempotency-key"]?.trim() ?? "";
  if (idempotencyKey.length > MAX_KEY_LENGTH) {
    return problem(
      "headerInvalid",
      `\`Idempotency-Key\` must not be longer than ${MAX_KEY_LENGTH} characters, got ${idempotencyKey.length}`,
      { field: "Idempotency-Key" },
    );
  }
  const hidden = hiddenProblem(idempotencyKey);
  if (hidden !== null) {
    return problem("headerInvalid", `\`Idempotency-Key\` ${hidden}`, {
      field: "Idempotency-Key",
    });
  }
  const { body } = request;
  const parsed = caller.channel === "api" ? parseApiBody(body) : parseOrchestrationBody(body);
  if (!parsed.ok) {
    return refusal(parsed.problems);
  }
  if (isDryRun) {
    return tryOut(ports, parsed, caller);
  }
  const idempotency =
    idempotencyKey === ""
      ? undefined
      : { scope: caller.name, key: idempotencyKey, requestHash: requestHash(parsed) };
  // Before the gating is asked: what it says now must not hide a proposal from whoever made it and lost the answer.
  const recalled = idempotency === undefined ? null : await ports.ledger.recall(idempotency);
  const result = recalled ?? (await propose(ports, parsed, caller, idempotency));
  if ("status" in result) {
    return result;
  }
  if (!result.created && result.joined === "conflict") {
    return problem(
      "idempotencyConflict",
      `\`Idempotency-Key\` was used for another request, which made ${result.proposal.id}`,
      { field: "Idempotency-Key" },
    );
  }
  await announce(ports, result, caller);
  const waited = await waitFor(ports, result.proposal, waitMs, sinceMs);
  const view = viewFor(caller, waited.now);
  const headers = { ...waited.headers, location: `/proposals/${waited.now.id}` };
  return result.created
    ? json(202, view, headers)
    : json(200, { ...view, joined: result.joined, message: joinedText(result.joined) }, headers);
}

/** The brake on a loop: whatever is sent counts, and what is too much leaves nothing behind. Null: it is not. */
async function tooMany(
  { ledger, limitsOf, log, metrics }: MiddlewarePorts,
  proposer: string,
  nowMs: number,
): Promise<HttpResponse | null> {
  const { perMinute, perHour } = limitsOf(proposer);
  const waitMs = await ledger.admit(proposer, { perMinute, perHour }, nowMs);
  if (waitMs === null) {
    return null;
  }
  const seconds = Math.ceil(waitMs / 1_000);
  metrics.count("ProposalBraked");
  log.warn("proposal.braked", { proposer, retryAfterSeconds: seconds });
  return problem(
    "proposedTooOften",
    `${proposer} may propose ${perMinute} times in a minute and ${perHour} times in an hour; try again in ${seconds} s`,
    { headers: { "retry-after": String(seconds) } },
  );
}

/** Of what was sent, not of what the gating makes of it: a retry is the same request under every gating. */
function requestHash({ request, loose }: ParsedRequest): string {
  // As texts: what no type has been checked for may be a number that canonical JSON refuses.
  const texts = Object.fromEntries(
    Object.entries(loose).map(([name, value]) => [name, String(value)]),
  );
  return sha256(canonicalJson({ ...request, parameters: { ...request.parameters, ...texts } }));
}

/** What the gating lets be proposed at all, or the answer that says why it is not. */
async function proposable(
  ports: MiddlewarePorts,
  request: ProposalRequest,
  loose: ParsedRequest["loose"],
): Promise<Permitted | HttpResponse> {
  const asked = await permitted(ports, request, loose);
  if (!asked.ok) {
    return refusal(asked.problems);
  }
  const { incidentId } = asked.request;
  const madeFor =
    incidentId === null ? null : await ports.ledger.link(gateIncidentLink(incidentId));
  if (madeFor !== null) {
    // An agent that proposes for every new incident would otherwise be answered with one more manual task each time.
    return problem(
      "gateIncident",
      `\`incident_id\`: ${incidentId} was made by the gate itself, for ${madeFor}; nothing is proposed for it`,
      { field: "incident_id" },
    );
  }
  return asked;
}

/** `POST /proposals?dryRun=true`: what would become of it. Nothing is written but the count of the brake, and nobody is asked. */
async function tryOut(
  ports: MiddlewarePorts,
  { request, loose }: ParsedRequest,
  caller: Caller,
): Promise<HttpResponse> {
  const asked = await proposable(ports, request, loose);
  if ("status" in asked) {
    return asked;
  }
  if (ports.dryRun === undefined) {
    return problem("unavailable", "this gate cannot look at PagerDuty for a dry run");
  }
  const told = await ports.dryRun({
    proposer: caller.name,
    source: caller.channel === "api" ? { kind: "api" } : { kind: "orchestration" },
    request: asked.request,
    filled: asked.filled,
  });
  return json(200, told);
}

/** An answer instead of a result: nothing was proposed. */
async function propose(
  ports: MiddlewarePorts,
  { request, loose }: ParsedRequest,
  caller: Caller,
  idempotency: Idempotency | undefined,
): Promise<CreateResult | HttpResponse> {
  const asked = await proposable(ports, request, loose);
  if ("status" in asked) {
    return asked;
  }
  const { ledger, clock, ids } = ports;
  const { proposal, events } = newProposal({
    id: ids.proposalId(),
    source: caller.channel === "api" ? { kind: "api" } : { kind: "orchestration" },
    proposer: caller.name,
    request: asked.request,
    filled: asked.filled,
    nowMs: clock.now(),
  });
  return ledger.create(proposal, events, {
    gatingHash: asked.gatingHash,
    ...(idempotency === undefined ? {} : { idempotency }),
  });
}

/** Sends a new proposal to the worker, and tells an earlier one who else proposed the same. */
async function announce(
  ports: MiddlewarePorts,
  result: CreateResult,
  caller: Caller,
): Promise<void> {
  const { queue, log, metrics } = ports;
  const { proposal } = result;
  if (result.created) {
    metrics.count("ProposalCreated");
    log.info("proposal.received", {
      proposalId: proposal.id,
      proposer: caller.name,
      source: proposal.source,
    });
    try {
      await queue.send([{ kind: "proposal", id: proposal.id }]);
    } catch (error) {
      log.warn("queue not reached, left to the sweep", {
        proposalId: proposal.id,
        problem: String(error),
      });
    }
  } else {
    metrics.count("ProposalJoined");
    const isRetry = result.joined === "idempotencyKey" && proposal.proposer === caller.name;
    if (!isRetry && !proposal.joinedBy.includes(caller.name)) {
      await noteJoined(ports, proposal.id, caller.name);
    }
  }
}

/** Keeps who else proposed the same, before it is answered: who is not known may not follow it. */
async function noteJoined(ports: MiddlewarePorts, id: string, proposer: string): Promise<void> {
  const { ledger, queue, clock, log } = ports;
  const hint = { id: `joined/${proposer}`, kind: "joined" as const, atMs: clock.now() };
  await ledger.hint(id, { ...hint, data: { proposer } });
  try {
    await queue.send([{ kind: "proposal", id }]);
  } catch (error) {
    log.warn("queue not reached, left to the sweep", { proposalId: id, problem: String(error) });
  }
}

interface Permitted {
  ok: true;
  request: ProposalRequest;
  filled: Parameters;
  gatingHash: string;
}

/** Only what the gating lists can be proposed; the service is written as the gating writes it. */
async function permitted(
  ports: MiddlewarePorts,
  asked: ProposalRequest,
  loose: ParsedRequest["loose"],
): Promise<Permitted | { ok: false; problems: readonly Problem[] }> {
  const stored = await ports.gating.find({ id: asked.service, name: asked.service });
  const runbook = findRunbook(stored.gating, asked.runbook);
  if (runbook === null) {
    const names = Object.keys(stored.gating.runbooks).sort();
    const allowed = names.length === 0 ? "none" : names.join(", ");
    return {
      ok: false,
      problems: [
        {
          code: "runbookUnknown",
          field: "runbook",
          text: stored.listed
            ? `\`runbook\`: ${stored.key} has no runbook "${asked.runbook}"; allowed: ${allowed}`
            : `\`runbook\`: service "${asked.service}" is not listed in the gating, and "${asked.runbook}" is not among the default runbooks; allowed: ${allowed}`,
        },
      ],
    };
  }
  const parameters = { ...asked.parameters, ...typedParameters(runbook, loose) };
  const checked = checkParameters(runbook, parameters);
  if (!checked.ok) {
    return { ok: false, problems: checked.problems.map(parameterProblem) };
  }
  return {
    ok: true,
    request: { ...asked, service: stored.key, parameters },
    filled: checked.value,
    gatingHash: stored.hash,
  };
}

/** The gating's own text begins with the parameter that is to blame. */
function parameterProblem(text: string): Problem {
  return { code: "parameterInvalid", field: /^`([^`]+)`/.exec(text)?.[1] ?? "parameters", text };
}

/** `GET /proposals/{id}`, for agents and workflow loops. */
export async function showProposal(
  ports: MiddlewarePorts,
  request: HttpRequest,
  caller: Caller,
): Promise<HttpResponse> {
  const waitMs = waitOf(request);
  if (waitMs === null) {
    return waitProblem(request);
  }
  const sinceMs = ports.clock.now();
  const proposal = await found(ports, request, caller);
  if (proposal === null) {
    return notFound(request);
  }
  const { now, headers } = await waitFor(ports, proposal, waitMs, sinceMs);
  return json(200, viewFor(caller, now), headers);
}

/** Whoever has the link to a review may be able to answer it: a proposer does not get it. */
export function viewFor({ isOperator }: Caller, proposal: Proposal): ProposalView {
  const view = proposalView(proposal);
  return isOperator ? view : { ...view, review_url: null };
}

/** `GET /proposals/{id}/events`: the audit trail. */
export async function showEvents(
  ports: MiddlewarePorts,
  request: HttpRequest,
  caller: Caller,
): Promise<HttpResponse> {
  const proposal = await found(ports, request, caller);
  if (proposal === null) {
    return notFound(request);
  }
  const events = await ports.ledger.events(proposal.id);
  return json(200, { proposal: proposal.id, head: proposal.audit, events });
}

/** `GET /proposals`, for operators. */
export async function listProposals(
  ports: MiddlewarePorts,
  request: HttpRequest,
  caller: Caller,
): Promise<HttpResponse> {
  if (!caller.isOperator) {
    return problem("tokenNotAllowed", "only an operator's token may list proposals");
  }
  const { open, incident_id: incidentId, service, limit, cursor } = request.query;
  const { would_have: word } = request.query;
  const count = limit === undefined ? 50 : Number(limit);
  if (!Number.isInteger(count) || count < 1 || count > 200) {
    return problem(
      "queryInvalid",
      `\`limit\` must be a whole number from 1 to 200, got "${limit}"`,
      { field: "limit" },
    );
  }
  if (open !== undefined && open !== "true" && open !== "false") {
    return problem("queryInvalid", `\`open\` must be "true" or "false", got "${open}"`, {
      field: "open",
    });
  }
  const wrong = incidentProblem(incidentId);
  if (wrong !== null) {
    return problem("queryInvalid", `\`incident_id\` ${wrong}`, { field: "incident_id" });
  }
  const wouldHave = word === undefined ? undefined : wouldHaveOf(word);
  if (wouldHave === null) {
    return problem(
      "queryInvalid",
      `\`would_have\` must be denied, asked or allowed, got "${word}"`,
      { field: "would_have" },
    );
  }
  // Proposals are kept under the gating's own key of their service; people use its name as well.
  const stored =
    service === undefined ? null : await ports.gating.find({ id: service, name: service });
  const page = await ports.ledger.list({
    limit: count,
    ...(open === undefined ? {} : { open: open === "true" }),
    ...(incidentId === undefined ? {} : { incidentId }),
    ...(stored === null ? {} : { service: stored.key }),
    ...(wouldHave === undefined ? {} : { wouldHave }),
    ...(cursor === undefined ? {} : { cursor }),
  });
  const proposals = page.proposals.map(proposalView);
  return json(200, {
    proposals,
    cursor: page.cursor,
    ...(stored?.listed === false && proposals.length === 0
      ? { message: unlistedText(stored.key) }
      : {}),
  });
}

/**
 * A proposal that is none of the caller's looks like none. It is a proposer's if it made it, or its own joined it: then it
 * has to follow that one.
 */
export async function found(
  { ledger }: MiddlewarePorts,
  request: HttpRequest,
  { name, isOperator }: Caller,
): Promise<Proposal | null> {
  const id = request.params["id"] ?? "";
  // No store could look for a key that long, and none of the gate's own ids is.
  const loaded = id.length > MAX_ID_LENGTH ? null : await ledger.get(id);
  if (loaded === null) {
    return null;
  }
  const { proposal, hints } = loaded;
  const isOwn =
    isOperator ||
    proposal.proposer === name ||
    proposal.joinedBy.includes(name) ||
    hints.some(({ kind, data }) => kind === "joined" && data.proposer === name);
  return isOwn ? proposal : null;
}

export function notFound(request: HttpRequest): HttpResponse {
  return problem(
    "proposalUnknown",
    `no proposal "${(request.params["id"] ?? "").slice(0, MAX_ID_LENGTH)}"`,
  );
}

/** Null: neither yes nor no. */
function dryRunOf({ query }: HttpRequest): boolean | null {
  const asked = query["dryRun"] ?? "false";
  return asked === "true" ? true : asked === "false" ? false : null;
}

function waitProblem(request: HttpRequest): HttpResponse {
  return problem(
    "queryInvalid",
    `\`wait\` must be a number of seconds from 0 to ${MAX_WAIT_SECONDS}, got "${request.query["wait"]}"`,
    { field: "wait" },
  );
}

/** Null: not a number of seconds that is allowed. */
function waitOf(request: HttpRequest): number | null {
  const seconds = Number(request.query["wait"] ?? 0);
  return seconds >= 0 && seconds <= MAX_WAIT_SECONDS ? seconds * 1000 : null;
}
