import { sabotagesOf } from "../sabotage.ts";
import {
  ALARMS,
  BYPASS,
  CLAIMS,
  COLLECTING,
  DECISIONS,
  DELIVERIES,
  DUTIES,
  EFFECTS,
  EXECUTIONS,
  FIELDS,
  FIELD_CHANGE,
  HANGING,
  LAST_LOOK,
  LOOK,
  NOES,
  NOTES,
  OWN_RUNS,
  REDRIVE,
  REPORTS,
  STEPS,
  TRIGGER,
  TWO_WORKERS,
  WATCH,
} from "./tests.ts";

/** What carries the steps out, and compares what ran with what was permitted. */
export const WORKER = [
  ...sabotagesOf(
    "functions/worker/visit.ts",
    [STEPS, LAST_LOOK, CLAIMS, TWO_WORKERS, DECISIONS, HANGING],
    [
      [
        "a callback does not have the approval read anew",
        '...(hints.some(({ kind }) => kind === "decision") ? {} : stillGood(read, ports.clock.now())),',
        "...stillGood(read, ports.clock.now()),",
      ],
      [
        "an approval that was read long ago counts as just read",
        "Math.abs(nowMs - atMs) <= LOOK_GOOD_FOR_MS ? read : {};",
        "true ? read : {};",
      ],
      [
        "what the store says has changed is not looked at anew",
        'if (result === "stale" || result === "changed") {',
        'if (result === "stale") {',
      ],
      [
        "what was undecided counts as read for the next step",
        "return saved.decision === null ? {} : readIn(known);",
        "return readIn(known);",
      ],
      [
        "nobody comes back for a page's time",
        "if (atMs === null || atMs - nowMs > NEXT_VISIT_WITHIN_MS) {",
        "if (true) {",
      ],
      ["alarms of a step are not raised", "await raiseAlarm(ports, alarm);", ""],
      [
        "when to look again is not written",
        "await settle(ports, proposal, step, known.nowMs);",
        "",
      ],
      [
        "an answer that meets another write is lost",
        "for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts++) {",
        "for (let conflicts = 0; conflicts < 1; conflicts++) {",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/worker/look.ts",
    [LOOK, LAST_LOOK, OWN_RUNS, NOES, FIELDS, DUTIES, EXECUTIONS],
    [
      [
        "a look counts from its answer",
        "const atMs = ports.clock.now();\n  const found = await answer(ports, proposal, question);",
        "const found = await answer(ports, proposal, question);\n  const atMs = ports.clock.now();",
        { tests: [LOOK, LAST_LOOK, CLAIMS] },
      ],
      [
        "a run that was reported long ago counts as new",
        "firstSeenAtMs: (await ledger.getInvocation(one.id))?.firstSeenAtMs ?? null,",
        "firstSeenAtMs: null,",
      ],
      [
        "whose run it is known to be is not looked at",
        "linkedTo: await ledger.link(`invocation/${one.id}`),",
        "linkedTo: null,",
      ],
      ["every run is the gate's", "byGate: await isByGate(ports, one.agentId),", "byGate: true,"],
      [
        "a no that an earlier release kept is not found",
        "if (incidentId !== null) {",
        "if (false) {",
      ],
      [
        "nobody finds a note that is there",
        "return notes.find((note) => note.content.startsWith(mark))?.id ?? null;",
        "return null;",
      ],
      [
        "the switch of a service or runbook is not looked at",
        "return { killSwitch: await ledger.killSwitch(proposal) };",
        "return { killSwitch: await ledger.killSwitch() };",
      ],
      [
        "a store that fails counts as an answer",
        "if (!(error instanceof RemoteError)) {\n      throw error;",
        "if (false) {\n      throw error;",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/worker/lastLook.ts",
    [LAST_LOOK, CLAIMS, FIELDS],
    [
      [
        "it is sent after its lease",
        "claimedAtMs + settings.leaseMs - 1,",
        "claimedAtMs + settings.leaseMs * 10,",
      ],
      [
        "it is sent in the moment in which its lease is over",
        "claimedAtMs + settings.leaseMs - 1,",
        "claimedAtMs + settings.leaseMs,",
      ],
      [
        "it is sent after its approval is over",
        "before.decision?.validUntilMs ?? claimedAtMs,",
        "Infinity,",
      ],
      ["it is sent whenever the process goes on", "if (nowMs > untilMs) {", "if (false) {"],
      [
        "it is sent on a look of any age",
        "if (Math.abs(nowMs - oldestMs) > LOOK_GOOD_FOR_MS) {",
        "if (false) {",
      ],
      [
        "it is sent by a clock that went back",
        "if (Math.abs(nowMs - oldestMs) > LOOK_GOOD_FOR_MS) {",
        "if (nowMs - oldestMs > LOOK_GOOD_FOR_MS) {",
      ],
      ["what the last look says is not heeded", "        break;\n", "        return;\n"],
      [
        "PagerDuty and Cheqpoint are never asked again",
        "atMs !== undefined && Math.abs(nowMs - atMs) <= ASKED_JUST_NOW_MS;",
        "atMs !== undefined;",
      ],
      [
        "the last look counts from its end",
        "oldestMs = oldestIn(now) ?? clock.now();",
        "oldestMs = clock.now();",
      ],
      ["the newest part of a look tells its age", "Math.min(...times)", "Math.max(...times)"],
    ],
  ),
  ...sabotagesOf(
    "functions/worker/effects.ts",
    [EFFECTS, LAST_LOOK, CLAIMS, TWO_WORKERS],
    [
      ["a permission is not asked before the request", "permission.stillFresh();", ""],
      [
        "a duty is done however long ago it was claimed",
        "assertFresh(ports, effect.claimedAtMs);",
        "",
      ],
      [
        "a duty is done after its lease",
        "if (lateMs >= settings.leaseMs / 2) {",
        "if (lateMs >= settings.leaseMs * 2) {",
      ],
      ["after a fault of our own it is sent again", "nothingDone: false,", "nothingDone: true,"],
    ],
  ),
  ...sabotagesOf(
    "functions/worker/deliveries.ts",
    [DELIVERIES, BYPASS, COLLECTING, NOTES, EXECUTIONS],
    [
      [
        "an event that is done is taken again",
        'if (delivery === null || delivery.state !== "new") {',
        "if (delivery === null) {",
      ],
      [
        "a replay after 72 hours is acted on",
        "receivedAtMs - event.occurredAtMs > MAX_EVENT_AGE_MS",
        "false",
      ],
      [
        "a replay after a week is acted on",
        "const MAX_EVENT_AGE_MS = 72 * 3_600_000;",
        "const MAX_EVENT_AGE_MS = 168 * 3_600_000;",
      ],
      [
        "an event that PagerDuty repeated for two days is dropped",
        "const MAX_EVENT_AGE_MS = 72 * 3_600_000;",
        "const MAX_EVENT_AGE_MS = 48 * 3_600_000;",
      ],
      ["something is proposed for a page of the gate's", "isGateIncident(incident) ||", ""],
      [
        "something is proposed for a renamed task of the gate's",
        "(await ports.ledger.link(gateIncidentLink(incident.id))) !== null",
        "false",
      ],
      [
        "something is proposed for a service that is not gated",
        "if (!stored.listed) {",
        "if (false) {",
      ],
      [
        "an event proposes twice",
        "idempotency: { scope: eventScope, key: event.id, requestHash: sha256(event.id) },",
        "",
      ],
      ["a denial answers although the gating was mended", "    gatingHash: stored.hash,\n", ""],
      [
        "nobody hears of an event that cannot be handled",
        "if (tries >= ALARM_TRIES) {",
        "if (false) {",
      ],
      [
        "nobody looks at a resolved incident's proposals",
        'const CHANGES = ["incident.resolved", "incident.service_updated", "incident.reopened"];',
        'const CHANGES = ["incident.service_updated", "incident.reopened"];',
      ],
      [
        "nobody looks at a moved incident's proposals",
        'const CHANGES = ["incident.resolved", "incident.service_updated", "incident.reopened"];',
        'const CHANGES = ["incident.resolved", "incident.reopened"];',
      ],
      [
        "something is proposed because the gate wrote a note",
        "return /^\\[gate prop_/.test(event.data.content)",
        "return false",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/worker/reconcile.ts",
    [REPORTS, BYPASS, OWN_RUNS, EXECUTIONS],
    [
      ["a run that is known is judged anew", 'if (seen.verdict !== "pending") {', "if (false) {"],
      [
        "a later report of a run is another run",
        '(seen.verdict === "executed" ? seen.proposalId : null);',
        "null;",
      ],
      [
        "a run that is reported before it is listed is a bypass",
        "if (isRun && delivery.tries === 0) {",
        "if (false) {",
      ],
      [
        "a run whose answer is awaited is a bypass",
        "if (!isWorkflow && matches.some(isUndecided)) {",
        "if (false) {",
      ],
      [
        "somebody else's run is taken for ours",
        "({ execution }) => byGate !== false && isInTime(event, execution),",
        "({ execution }) => isInTime(event, execution),",
      ],
      [
        "a run at any time is taken for ours",
        "({ execution }) => byGate !== false && isInTime(event, execution),",
        "() => byGate !== false,",
      ],
      [
        "a run of which nobody tells who began it settles an uncertain one",
        "byGate === true ? uncertain : undefined;",
        "uncertain;",
      ],
      [
        "two reports at once are both taken for ours",
        "if ((await unmatched(ports, reported, [match])).length === 1) {",
        "if (true) {",
      ],
      [
        "a second run is judged before the first is reported",
        "if (isOursUnreported && delivery.tries < MAX_UNDECIDED) {",
        "if (false) {",
      ],
      [
        "our own answer, recorded meanwhile, is a bypass",
        "if (linkedNow !== null) {",
        "if (false) {",
      ],
      ["what was not sent may have run", 'execution.state !== "notSent" && ', ""],
      ["a run of another target is taken for ours", " && targetId === reported.targetId", ""],
      ["who is reported first is not kept", "await ledger.putInvocation(seen);", ""],
      [
        "a report of a bypass takes an execution's place",
        'id !== reported.id && verdict === "executed" && proposalId === proposal.id,',
        "id !== reported.id && proposalId === proposal.id,",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/worker/foreign.ts",
    [REPORTS, BYPASS, OWN_RUNS, EXECUTIONS],
    [
      [
        "a run past the gate is none",
        "const isGated = twice !== null || (await isGatedTarget(ports, seen, incident));",
        "const isGated = twice !== null;",
      ],
      [
        "a run on an incident that cannot be read is not gated",
        "if (incident === null) {\n    return true;",
        "if (incident === null) {\n    return false;",
      ],
      ["on a gated service only known actions count", "    if (listed) {", "    if (false) {"],
      [
        "a gated action counts on its service alone",
        "return isGatedAnywhere(ports, seen.targetId);",
        "return false;",
      ],
      ["somebody else's run counts as ours run twice", "first.agentId === seen.agentId &&", ""],
      [
        "a run of tomorrow counts as ours run twice",
        "Math.abs(seen.firstSeenAtMs - execution.claimedAtMs) <= TWICE_WITHIN_MS",
        "true",
      ],
      [
        "an alarm waits for a PagerDuty that stays away",
        "if (mayPass && delivery.tries < MAX_UNREAD) {",
        "if (mayPass) {",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/worker/fieldChange.ts",
    [FIELD_CHANGE, FIELDS],
    [
      ["the gate's own writes raise an alarm", "if (byGate === true) {", "if (false) {"],
      ["a write of the very value raises an alarm", "isSameValue(value, wanted) ||\n", ""],
      ["a write long after the run raises an alarm", "!hadItThen(run, atMs) ||", ""],
      [
        "a write while nobody can tell whether the run is over raises none",
        "(isOver ? SKEW_MS : FIELDS_KEPT_MS)",
        "SKEW_MS",
      ],
      ["a write before anything was sent raises an alarm", 'execution.state === "notSent" || ', ""],
    ],
  ),
  ...sabotagesOf(
    "functions/worker/ownUser.ts",
    [REPORTS, LOOK, OWN_RUNS, BYPASS, FIELDS],
    [
      ["everybody is the gate", "return userId === agentId;", "return true;"],
      [
        "nobody can tell whether somebody else is the gate",
        "return (await ledger.link(OWN_AGENT)) === null ? null : false;",
        "return null;",
      ],
      [
        "who is not named is the gate",
        "if (agentId === null) {\n    return null;",
        "if (agentId === null) {\n    return true;",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/worker/unreadableRun.ts",
    [ALARMS, BYPASS],
    [
      [
        "a report that cannot be read of a gated action is no bypass",
        "if (targetId === null || !(await isGatedAnywhere(ports, targetId))) {",
        "if (true) {",
      ],
      ["what is known of a run does not fill its report", "if (known !== null) {", "if (false) {"],
    ],
  ),
  ...sabotagesOf(
    "functions/worker/trigger.ts",
    [TRIGGER],
    [
      [
        "a message that failed is done with",
        "parsed.Records.filter((_, i) => isDone[i] === false);",
        "parsed.Records.filter(() => false);",
      ],
      [
        "what is no work item is done with",
        'ports.log.error("message is no work item", { messageId });\n        return false;',
        'ports.log.error("message is no work item", { messageId });\n        return true;',
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/worker/sweep.ts",
    [TRIGGER, WATCH, ALARMS],
    [
      ["a sweep that failed counts as completed", "  if (isDone) {\n", "  if (true) {\n"],
      [
        "what keeps failing starves the rest",
        "const from = (turn * limit) % items.length;",
        "const from = 0;",
      ],
      ["a narrower switch that is on is not told", "if (on || narrower.length > 0) {", "if (on) {"],
    ],
  ),
  ...sabotagesOf(
    "functions/worker/watch.ts",
    [WATCH],
    [
      ["nobody hears that no subscription is there", "if (found.length === 0) {", "if (false) {"],
      ["what PagerDuty switched off stays off", "await pagerDuty.enableSubscription(id);", ""],
      [
        "what cannot be read is not past its time",
        "} catch {\n    return true;",
        "} catch {\n    return false;",
      ],
      [
        "a service that took another's place passes for it",
        "if (found !== null && (serviceId === null || found.id === serviceId)) {",
        "if (found !== null) {",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/worker/redrive.ts",
    [REDRIVE],
    [
      ["a dry run takes letters up", 'if (!dryRun && fate !== "left") {', 'if (fate !== "left") {'],
      [
        "what the ledger does not know is thrown away",
        'if (!dryRun && fate !== "left") {',
        "if (!dryRun) {",
      ],
      [
        "what still has hints counts as at rest",
        "proposal.closedAtMs !== null && proposal.dueAtMs === null && hints.length === 0;",
        "proposal.closedAtMs !== null && proposal.dueAtMs === null;",
      ],
    ],
  ),
];
