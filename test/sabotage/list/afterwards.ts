import { sabotagesOf } from "../sabotage.ts";
import {
  ANSWERS,
  ASKED,
  BYPASS,
  CLAIMS,
  COLLECTED,
  COLLECTING,
  CONFIRM,
  DECISIONS,
  DIGEST,
  DUTIES,
  EFFECT_RESULTS,
  EQUAL,
  EXECUTIONS,
  FIELDS,
  GUARDS,
  NOES,
  OUTAGE,
  OWN_RUNS,
  READ_BACK,
  SENT,
  SETTLE,
  TRACKED,
  TWO_WORKERS,
  WITHDRAWN,
} from "./tests.ts";

/** From the claim of an execution to the end of its proposal. */
export const AFTERWARDS = [
  ...sabotagesOf(
    "functions/gate/lifecycle/settle.ts",
    [SETTLE, TRACKED, GUARDS, ANSWERS, OWN_RUNS, EXECUTIONS],
    [
      [
        "a claim counts as cut off while it is sent",
        "if (nowMs < leaseEndMs) {",
        "if (false) {",
        { tests: [TRACKED, TWO_WORKERS] },
      ],
      [
        "of a run that may be another's it is said that it is ours",
        'if (fitting.some(({ fit }) => fit === "perhaps")) {',
        "if (false) {",
      ],
      ["one of several runs is taken", "if (fitting.length > 1) {", "if (false) {"],
      [
        "a run that is another proposal's is taken",
        'return linkedTo === proposalId ? "own" : "other";',
        'return "own";',
      ],
      ["whose run it is known to be does not count", "if (linkedTo !== null) {", "if (false) {"],
      ["somebody else's run is taken", "if (byGate === false) {", "if (false) {"],
      [
        "a run that was reported before the claim is taken",
        "if (firstSeenAtMs !== null && firstSeenAtMs < execution.claimedAtMs) {",
        "if (false) {",
      ],
      [
        "a run that was reported in the moment of the claim is not taken",
        "if (firstSeenAtMs !== null && firstSeenAtMs < execution.claimedAtMs) {",
        "if (firstSeenAtMs !== null && firstSeenAtMs <= execution.claimedAtMs) {",
      ],
      [
        "a run whose time is not told is taken",
        'if (createdAtMs === null) {\n    return "perhaps";',
        'if (createdAtMs === null) {\n    return byGate === true ? "own" : "perhaps";',
      ],
      [
        "a run of a clock that is a little behind is not taken",
        "createdAtMs < execution.claimedAtMs - SKEW_MS ||",
        "createdAtMs < execution.claimedAtMs ||",
      ],
      [
        "a run that began long before the claim is taken",
        "createdAtMs < execution.claimedAtMs - SKEW_MS ||",
        "",
      ],
      [
        "a run that began long after the lease is taken",
        "|| createdAtMs > sentUntilMs + SKEW_MS) {",
        ") {",
      ],
      [
        "a run that began in the lease is not taken",
        "createdAtMs > sentUntilMs + SKEW_MS) {",
        "createdAtMs > execution.claimedAtMs + SKEW_MS) {",
      ],
      [
        "a run of which nobody tells who began it is taken",
        'return byGate === true ? "own" : "perhaps";',
        'return "own";',
      ],
      [
        "a workflow that somebody else began is taken",
        "if (started.data.byGate !== true) {",
        "if (false) {",
      ],
      [
        "two executions take one run",
        "take: `invocation/${invocationId}`,",
        "links: [`invocation/${invocationId}`],",
      ],
      [
        "it is uncertain before PagerDuty could list it",
        "if (known.nowMs >= untilMs) {",
        "if (true) {",
      ],
      [
        "it waits for ever for a PagerDuty that cannot be read",
        "if (known.nowMs >= execution.claimedAtMs + UNREADABLE_MS) {",
        "if (false) {",
      ],
      [
        "an incident that is assigned as decided counts as changed by the gate",
        "  return isShown\n    ? uncertain(",
        '  return isShown\n    ? adopt(proposal, known, execution, null, "completed") : false\n    ? uncertain(',
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/gate/lifecycle/track.ts",
    [TRACKED, GUARDS, EXECUTIONS, FIELDS],
    [
      ["an aborted run is followed for a day", '    case "aborted":\n', ""],
      ["a run that failed counts as executed", 'kind: "failed",', 'kind: "executed",'],
      [
        "a run that no runner starts is followed for a day",
        "if (NOT_STARTED.includes(state) && nowMs - acceptedAtMs >= STARTS_WITHIN_MS) {",
        "if (false) {",
      ],
      [
        "a run that goes on counts as never started",
        "if (NOT_STARTED.includes(state) && nowMs - acceptedAtMs >= STARTS_WITHIN_MS) {",
        "if (nowMs - acceptedAtMs >= STARTS_WITHIN_MS) {",
      ],
      [
        "a run without an end is followed for ever",
        "if (nowMs - acceptedAtMs >= ENDS_WITHIN_MS) {\n    return noResult(proposal, known, `Its",
        "if (false) {\n    return noResult(proposal, known, `Its",
      ],
      [
        "a workflow that began counts as ended",
        '(hint) => hint.kind === "workflow" && hint.data.state === "completed",',
        '(hint) => hint.kind === "workflow",',
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/gate/lifecycle/results.ts",
    [EFFECT_RESULTS, GUARDS, ANSWERS, TWO_WORKERS, NOES],
    [
      [
        "how Cheqpoint received a request is forgotten",
        '{ state: "submitted", approvalId, reviewUrl, receipt: status },',
        '{ state: "submitted", approvalId, reviewUrl },',
      ],
      [
        "an unclear submission counts as refused",
        '{ state: error.nothingDone ? "refused" : "unclear", problem: error.message },',
        '{ state: "refused", problem: error.message },',
      ],
      [
        "a lost answer takes back what a callback told",
        "if (attempt.approvalId !== null) {",
        "if (false) {",
      ],
      [
        "an answer to an earlier claim counts for a later one",
        "const isOurs = execution !== null && execution.claimedAtMs === claimedAtMs;",
        "const isOurs = execution !== null;",
      ],
      ["an answer changes a proposal that has ended", "    proposal.outcome === null &&\n", ""],
      [
        "a late answer takes back what is known of the run",
        '(execution.state === "claimed" || execution.state === "uncertain");',
        "true;",
      ],
      [
        "a second run is linked as if it were the first",
        "(execution?.invocationId ?? invocationId) !== invocationId",
        "false",
      ],
      [
        "an execution whose answer is unclear is sent again",
        "if (!error.nothingDone) {",
        "if (false) {",
      ],
      [
        "an execution that PagerDuty refused for good is tried for ever",
        "if (error.retryable) {",
        "if (true) {",
      ],
      [
        "an earlier try's answer counts for a later one",
        'const isOwn = duty.state === "claimed" && duty.claimedAtMs === effect.claimedAtMs;',
        'const isOwn = duty.state === "claimed";',
      ],
      [
        "a late failure takes back what is settled",
        'const isOwn = duty.state === "claimed" && duty.claimedAtMs === effect.claimedAtMs;',
        "const isOwn = duty.claimedAtMs === effect.claimedAtMs;",
      ],
      [
        "what was made by an earlier try is not recorded",
        'if (!isOwn && (!isMade || duty.state === "done")) {',
        "if (!isOwn) {",
      ],
      [
        "a closed proposal is due again after a late answer",
        'proposal.closedAtMs === null || name === "noteLate"\n',
        "true\n",
      ],
      [
        "whom the gate acts as is not learnt",
        "...(agentId === null ? [] : [OWN_AGENT, ownAgent(agentId)]),",
        "",
        { tests: [EFFECT_RESULTS, OWN_RUNS] },
      ],
      [
        "the run's report is not known as its own",
        "...(invocationId === null ? [] : [`invocation/${invocationId}`]),",
        "",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/gate/lifecycle/late.ts",
    [TRACKED, READ_BACK, GUARDS, NOES, FIELDS, DECISIONS],
    [
      [
        "the end of another run gives this one's fields back",
        "(own === null || own === data.invocationId) &&",
        "",
      ],
      [
        "a run that goes on gives its fields back",
        '["completed", "error", "aborted"].includes(data.state ?? "")',
        "true",
      ],
      [
        "a no is not heard beside a request that cannot be read",
        "if (problem !== null && noAmong(answers) === null) {",
        "if (problem !== null) {",
      ],
      [
        "a late no does not stand against who asks for the same",
        "no === undefined ? null : decidedNo(no),",
        "null,",
      ],
      [
        "a late yes stands like a no",
        'const no = late.find(({ outcome, by }) => outcome === "rejected" && by === "human");',
        'const no = late.find(({ by }) => by === "human");',
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/gate/lifecycle/common.ts",
    [READ_BACK, TRACKED, ASKED, GUARDS, NOES, EQUAL, BYPASS, OUTAGE, CLAIMS, DECISIONS],
    [
      [
        "a human's no is not kept",
        "const said = more.laterNo ?? decidedNo(decision);",
        "const said = more.laterNo ?? null;",
      ],
      [
        "a no that comes after a yes is not kept",
        "const said = more.laterNo ?? decidedNo(decision);",
        "const said = decidedNo(decision);",
        { tests: [CONFIRM, NOES] },
      ],
      ["a no is not part of the write that ends", "...(no === null ? {} : { no }),", ""],
      [
        "places are not given back at the end",
        "...(places.length === 0 ? {} : { giveBack: places }),",
        "",
      ],
      [
        "fields are not given back at the end",
        "...(letGo.length === 0 ? {} : { letGo }),",
        "",
        { tests: [GUARDS, FIELDS] },
      ],
      [
        "the greatest time seen goes back with the clock",
        "seenAtMs: Math.max(proposal.seenAtMs ?? nowMs, nowMs),",
        "seenAtMs: nowMs,",
      ],
      ["an uncertain end raises no alarm", 'if (outcome.kind === "uncertain") {', "if (false) {"],
      ["after a human's no the same is asked at once", "  if (isRefused) {\n", "  if (false) {\n"],
      [
        "what nobody decided about cools down",
        "if (coolDownMs === 0 || (outcome !== null && VOIDED.includes(outcome.reason))) {",
        "if (coolDownMs === 0) {",
      ],
      [
        "a denial answers although the gating was mended",
        "...(gatingHash === undefined ? {} : { gatingHash }),",
        "",
      ],
      [
        "equal events run a thing again and again",
        'return source.kind === "event"\n',
        "return false\n",
      ],
      [
        "another system may have the gate wait for a week",
        "const leastMs = Math.min(MAX_BACKOFF_MS, askedMs ?? 0);",
        "const leastMs = askedMs ?? 0;",
        { tests: [GUARDS, EFFECT_RESULTS, OUTAGE] },
      ],
      [
        "what may be answered yet is never read again",
        "return closedAtMs === null || isAnswered || !isOpen ? null : closedAtMs + LATE_READ_AFTER_MS;",
        "return null;",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/gate/lifecycle/duties.ts",
    [EFFECT_RESULTS, GUARDS, DUTIES, EXECUTIONS, TWO_WORKERS],
    [
      ["what is done is done again", "if (isSettled(before)) {", "if (false) {"],
      [
        "a try counts as cut off while it is under way",
        "? before.claimedAtMs + known.settings.leaseMs",
        "? 0",
      ],
      ["nobody looks whether an earlier try left something", "if (mark === null) {", "if (true) {"],
      ["what an earlier try left is made again", "if (found.value !== null) {", "if (false) {"],
      [
        "a manual task is given up like a note",
        "    MAY_BE_GIVEN_UP.includes(name) && (duty.tries",
        "    (duty.tries",
      ],
      [
        "an unclear try at a task's place counts as refused",
        "(isRefused && !(unclear && isBoundToService(proposal, name)) ? 1 : 0),",
        "(isRefused ? 1 : 0),",
      ],
      [
        "nobody hears that no task can be made",
        'if (name === "manualTask" && isLate) {',
        "if (false) {",
      ],
      [
        "nobody hears that nobody can be paged",
        'if (name === "escalation" && (isLate || isPlaceRefused(duty))) {',
        "if (false) {",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/gate/lifecycle/finish.ts",
    [ASKED, GUARDS, EXECUTIONS, DUTIES, COLLECTING],
    [
      [
        "a run that failed leaves no manual task",
        'if (outcome.kind === "executed" || handover?.kind === "note") {',
        'if (outcome.kind === "executed" || outcome.kind === "failed" || handover?.kind === "note") {',
      ],
      [
        "an uncertain run leaves no manual task",
        'if (outcome.kind === "executed" || handover?.kind === "note") {',
        'if (outcome.kind === "executed" || outcome.kind === "uncertain" || handover?.kind === "note") {',
      ],
      [
        "a page whose answer was lost stays open",
        'const isUnclear = escalation.unclear || escalation.state === "claimed";',
        "const isUnclear = false;",
      ],
      [
        "a loop's notes leave no room for what people write",
        "const options = { ...step.options, reserve: [place] };",
        "const options = { ...step.options };",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/gate/lifecycle/handover.ts",
    [GUARDS, COLLECTING, DUTIES],
    [
      ["who was asked about it has no task of its own", "approval !== null ||", ""],
      ["what can be acted on is collected", "|| !COLLECTED.includes(outcome.reason)", ""],
    ],
  ),
  ...sabotagesOf(
    "functions/gate/lifecycle/collect.ts",
    [COLLECTED, GUARDS, COLLECTING],
    [
      [
        "a task that was read is counted on",
        'const isOpen = known.task.value !== null && known.task.value.status !== "resolved";',
        "const isOpen = known.task.value !== null;",
      ],
      [
        "a task under way is made twice",
        'if (duty?.state === "claimed" && known.nowMs < leaseEndMs) {',
        "if (false) {",
        { tests: [COLLECTED, GUARDS, COLLECTING, TWO_WORKERS] },
      ],
      [
        "an old task's count takes a new one's place",
        "if (before !== null && before.generation > generation) {",
        "if (false) {",
      ],
      [
        "two proposals count as one",
        "collect: { key, before, next: { ...before, count: number } },",
        "",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/gate/lifecycle/withdrawal.ts",
    [TRACKED, WITHDRAWN],
    [
      ["what is claimed is taken back", "if (!isWithdrawable(proposal)) {", "if (false) {"],
      [
        "what was sent counts as not sent",
        'outcome === null && (execution === null || execution.state === "notSent")',
        "outcome === null",
      ],
      ["what has ended ends once more", "return outcome === null && (", "return ("],
    ],
  ),
  ...sabotagesOf(
    "functions/gate/proposal/digest.ts",
    [DIGEST],
    [
      [
        "the digest leaves out what it is done with",
        "return sha256(canonicalJson({ action, target, parameters, incidentId, serviceId }));",
        "return sha256(canonicalJson({ action, parameters, incidentId, serviceId }));",
      ],
      [
        "the digest leaves out the parameters",
        "return sha256(canonicalJson({ action, target, parameters, incidentId, serviceId }));",
        "return sha256(canonicalJson({ action, target, incidentId, serviceId }));",
      ],
      [
        "the digest leaves out the incident",
        "return sha256(canonicalJson({ action, target, parameters, incidentId, serviceId }));",
        "return sha256(canonicalJson({ action, target, parameters, serviceId }));",
      ],
      [
        "proposals with other parameters are equal",
        "return sha256(canonicalJson({ service, runbook, incident, parameters }));",
        "return sha256(canonicalJson({ service, runbook, incident }));",
      ],
      [
        "proposals for other incidents are equal",
        "return sha256(canonicalJson({ service, runbook, incident, parameters }));",
        "return sha256(canonicalJson({ service, runbook, parameters }));",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/gate/proposal/sent.ts",
    [SENT, GUARDS, NOES],
    [
      [
        "a no to one value is a no to every one",
        "sha256(canonicalJson({ target: runbook.target, fields }))",
        "sha256(canonicalJson({ target: runbook.target }))",
      ],
      [
        "a no to one target is a no to every one",
        "sha256(canonicalJson({ target: runbook.target, fields }))",
        "sha256(canonicalJson({ fields }))",
      ],
      [
        "a no on one incident is a no on every one",
        "return `${incidentId} ${sha256(",
        "return `${sha256(",
      ],
      [
        "a no is passed by another value of what is never sent",
        "if (field !== null) {\n      fields[field] = value;",
        "if (true) {\n      fields[field ?? name] = value;",
      ],
    ],
  ),
];
