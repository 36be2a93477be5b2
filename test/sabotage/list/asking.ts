import { sabotagesOf } from "../sabotage.ts";
import {
  ALERT_KEYS,
  ASKED,
  CONFIRM,
  BRAKES,
  CHANGE,
  DECISION,
  DECISIONS,
  DUTIES,
  EQUAL,
  HANGING,
  HOLDING,
  NOES,
  READ_BACK,
  RENAMED,
  WEIGH,
} from "./tests.ts";

/** From the receipt of a proposal to its decision. */
export const ASKING = [
  ...sabotagesOf(
    "functions/gate/lifecycle/weigh.ts",
    [ASKED, WEIGH, EQUAL, NOES, BRAKES, HOLDING, DECISIONS],
    [
      [
        "something is proposed for the gate's own incidents",
        "if (isGateIncident(incident)) {",
        "if (false) {",
      ],
      [
        "an incident of another service is taken",
        "isServiceOf(incident, proposal.request.service) ||",
        "true ||",
      ],
      [
        "a renamed service's proposals are refused",
        "(stored.listed && stored.key === proposal.request.service);",
        "false;",
        { tests: [ASKED, RENAMED] },
      ],
      ["a resolved incident is weighed", 'if (incident.status === "resolved") {', "if (false) {"],
      [
        "a severity that the proposer states outranks the incident's priority",
        "priority: incident.priority,",
        "priority: proposal.request.severity ?? incident.priority,",
      ],
      [
        "the time to decide begins when it is weighed",
        "(proposal.request.incidentId === null ? nowMs : proposal.receivedAtMs) + terms.slaMs;",
        "nowMs + terms.slaMs;",
      ],
      [
        "the time until an alert's incident is there is the reviewer's",
        "(proposal.request.incidentId === null ? nowMs : proposal.receivedAtMs) + terms.slaMs;",
        "proposal.receivedAtMs + terms.slaMs;",
        { tests: [ASKED, ALERT_KEYS] },
      ],
      ["what a rule denies is asked for", 'if (evaluation.decision === "deny") {', "if (false) {"],
      [
        "an equal proposal of another name is asked for twice",
        '...(moved === null ? {} : { dedupe: { kind: "move", to: moved } }),',
        "",
      ],
      [
        "a no that stands is not heard when it is weighed",
        "if (nowMs < untilMs) {",
        "if (false) {",
      ],
      [
        "a no stands only for as long as its own rule said",
        "const untilMs = Math.max(no.untilMs, atMs + terms.coolDownMs);",
        "const untilMs = no.untilMs;",
      ],
      [
        "a no stands only for as long as this rule says",
        "const untilMs = Math.max(no.untilMs, atMs + terms.coolDownMs);",
        "const untilMs = atMs + terms.coolDownMs;",
      ],
      ["people are asked for what no place can come for", "if (never !== null) {", "if (false) {"],
      [
        "an open proposal takes no place at its brakes",
        "reserve: open.map((brake) => placeWhileOpen(brake, nowMs)),",
        "reserve: [],",
      ],
      [
        "an open proposal's places are never given back",
        "places: open.map(({ key: brake }) => brake),",
        "places: [],",
      ],
      [
        "nobody watched before it was weighed, and silence counts all the same",
        'terms.onExpiry === "approve" && proposal.request.incidentId !== null',
        "false",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/gate/lifecycle/ask.ts",
    [ASKED, DECISIONS, NOES, HANGING],
    [
      [
        "a request counts as cut off while it is under way",
        '({ state, startedAtMs }) => state === "started" && nowMs >= startedAtMs + settings.leaseMs,',
        '({ state }) => state === "started",',
      ],
      [
        "a request that was cut off counts as over",
        'attempts: replaceAttempt(approval.attempts, { ...started, state: "unclear" }),',
        'attempts: replaceAttempt(approval.attempts, { ...started, state: "ended" }),',
      ],
      [
        "an unclear request is repeated at once, which Cheqpoint takes for a loop",
        "nextSubmitAtMs: nowMs + RESUBMIT_PAUSE_MS,",
        "nextSubmitAtMs: nowMs,",
      ],
      [
        "it ends while a request is under way",
        'if (approval.attempts.some(({ state }) => state === "started")) {',
        "if (false) {",
      ],
      ["it is asked after the deadline", "if (nowMs >= decideByMs) {", "if (false) {"],
      [
        "it is asked in the very moment of the deadline",
        "if (nowMs >= decideByMs) {",
        "if (nowMs > decideByMs) {",
      ],
      [
        "the pause between two requests is not kept",
        "if (approval.nextSubmitAtMs === null || nowMs < approval.nextSubmitAtMs) {",
        "if (approval.nextSubmitAtMs === null) {",
      ],
      [
        "a callback leads to no proposal",
        "options: { links: [`token/${fresh.tokenHash}`] },",
        "options: {},",
      ],
      [
        "requests that may be answered yet are forgotten",
        'return attempts.filter((one) => one.state !== "refused").slice(-MAX_KEPT_ATTEMPTS);',
        "return [];",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/gate/lifecycle/awaitDecision.ts",
    [ASKED, DECISIONS, HOLDING, HANGING, DUTIES],
    [
      [
        "what happens to the incident while a reviewer is asked is not heard",
        "const voided = incidentChange(proposal, known);",
        "const voided = null;",
      ],
      [
        "silence counts although nobody watched",
        "unwatchedTime(proposal, known) ?? cutOff(proposal, known, approval);",
        "cutOff(proposal, known, approval);",
      ],
      [
        "the deadline passes a moment later",
        "const isPast = known.nowMs >= decideByMs;",
        "const isPast = known.nowMs > decideByMs;",
      ],
      [
        "the pause after a failed reading is not kept at the deadline",
        "const isLastDue = isPast && approval.failures === 0 && (approval.unwatchedMs ?? 0) === 0;",
        "const isLastDue = isPast;",
      ],
      [
        "what was said to an older request is not heard",
        'return state === "submitted" || (state === "unclear" && receipt === undefined);',
        'return state === "submitted";',
      ],
      [
        "somebody is paged for an incident that is over",
        "const voided = voidedBy(proposal, known, []);",
        "const voided = null;",
      ],
      ["somebody is paged at once", "if (known.nowMs < escalateAtMs) {", "if (false) {"],
      [
        "somebody is paged before an alert's incident was there for long enough",
        "return (decideByMs === null ? receivedAtMs : decideByMs - slaMs) + escalateAfterMs;",
        "return receivedAtMs + escalateAfterMs;",
        { tests: [ASKED, ALERT_KEYS] },
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/gate/lifecycle/expire.ts",
    [ASKED, CONFIRM, DECISIONS, NOES],
    [
      [
        "silence approves by every rule",
        'if (terms?.onExpiry === "approve" && proposal.approval !== null && isAllRead && isQuiet) {',
        "if (terms !== undefined && proposal.approval !== null && isAllRead && isQuiet) {",
      ],
      [
        "silence to a request that cannot be read approves",
        'if (terms?.onExpiry === "approve" && proposal.approval !== null && isAllRead && isQuiet) {',
        'if (terms?.onExpiry === "approve" && proposal.approval !== null && isQuiet) {',
      ],
      [
        "an unknown or vanished request approves on expiry",
        'if (terms?.onExpiry === "approve" && proposal.approval !== null && isAllRead && isQuiet) {',
        'if (terms?.onExpiry === "approve" && proposal.approval !== null && isAllRead) {',
      ],
      [
        "silence approves without waiting for the time that nobody watched",
        "if (known.nowMs < silentAtMs) {",
        "if (false) {",
      ],
      [
        "silence approves however long nobody watched",
        "if (unwatchedMs > terms.validForMs) {",
        "if (false) {",
      ],
      [
        "silence is good for longer than the reviewer was told",
        "validUntilMs: decideByMs + terms.validForMs,",
        "validUntilMs: known.nowMs + terms.validForMs,",
      ],
      [
        "an unclear request counts as read",
        'return state !== "unclear" && state !== "started";',
        'return state !== "started";',
      ],
      [
        "a request that is under way counts as read",
        'return state !== "unclear" && state !== "started";',
        'return state !== "unclear";',
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/gate/lifecycle/unwatched.ts",
    [ASKED, CONFIRM, DECISIONS, NOES],
    [
      [
        "the gate is always taken for watching",
        "nowMs - Math.max(dueAtMs, seenAtMs ?? dueAtMs) <= WATCHED_WITHIN_MS;",
        "true;",
      ],
      [
        "a gate that looked in time, of which another clock has seen more, counts as away",
        "nowMs - Math.max(dueAtMs, seenAtMs ?? dueAtMs) <= WATCHED_WITHIN_MS;",
        "nowMs - dueAtMs <= WATCHED_WITHIN_MS;",
      ],
      [
        "a time that was seen counts as unwatched",
        "return isWatched ? 0 : nowMs - (seenAtMs ?? dueAtMs);",
        "return isWatched ? 0 : nowMs;",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/gate/lifecycle/readBack.ts",
    [READ_BACK, ASKED, DECISIONS, NOES],
    [
      [
        "a no beside a yes is ignored",
        "if (no !== null) {",
        "if (no !== null && decisionsIn(found).length === 1) {",
      ],
      ["one request that cannot be read is left out", "if (problem !== null) {", "if (false) {"],
      [
        "an approval that cannot be carried out is waited over",
        'if (verdict.kind === "refused") {',
        "if (false) {",
      ],
      ["two approvals of different things are one", "return yes.isClear", "return true"],
      [
        "the later of two approvals counts",
        ".sort((a, b) => a.atMs - b.atMs);",
        ".sort((a, b) => b.atMs - a.atMs);",
      ],
      [
        "it waits for ever for a Cheqpoint that cannot be read",
        "if (isPast && nowMs >= decideByMs + LAST_READ_WITHIN_MS) {",
        "if (false) {",
      ],
      [
        "it is asked anew beside a request that is open",
        "isLast && approval.attempts.length < MAX_ATTEMPTS && nowMs + WORTH_ASKING_MS < decideByMs;",
        "approval.attempts.length < MAX_ATTEMPTS && nowMs + WORTH_ASKING_MS < decideByMs;",
      ],
      [
        "it is asked anew without end",
        "isLast && approval.attempts.length < MAX_ATTEMPTS && nowMs + WORTH_ASKING_MS < decideByMs;",
        "isLast && nowMs + WORTH_ASKING_MS < decideByMs;",
      ],
      [
        "it is asked anew for a few seconds",
        "isLast && approval.attempts.length < MAX_ATTEMPTS && nowMs + WORTH_ASKING_MS < decideByMs;",
        "isLast && approval.attempts.length < MAX_ATTEMPTS && nowMs < decideByMs;",
      ],
      [
        "what may have been a rule's no counts as over",
        'state: verdict.isSure ? "ended" : "unclear",',
        'state: "ended",',
      ],
      [
        "silence approves a moment late only",
        "if (nowMs >= decideByMs) {",
        "if (nowMs > decideByMs) {",
      ],
      [
        "a request of unknown status counts as silence",
        'answers.every(({ verdict }) => verdict.kind === "pending"),',
        "true,",
      ],
      ["a yes after the deadline counts", "if (decision.atMs > decideByMs) {", "if (false) {"],
      [
        "a yes of the last millisecond does not count",
        "if (decision.atMs > decideByMs) {",
        "if (decision.atMs >= decideByMs) {",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/gate/lifecycle/answers.ts",
    [READ_BACK, ASKED, NOES, DECISIONS],
    [
      [
        "a no of which only a callback told is not heard",
        '({ approvalId, toldNoAtMs }) => approvalId !== null || typeof toldNoAtMs === "number",',
        "({ approvalId }) => approvalId !== null,",
      ],
      [
        "a request that vanished counts as silence",
        '{ kind: "unknown", text: `Cheqpoint has no request ${approvalId}.` }',
        '{ kind: "pending" }',
      ],
      [
        "a request that could not be read counts as silence",
        'return { kind: "unread", problem: read.problem };',
        'return { kind: "pending" };',
      ],
      [
        "no answer is a no",
        'const noes = decisionsIn(answers).filter(({ outcome }) => outcome === "rejected");',
        "const noes = [];",
      ],
      [
        "a rule's no hides a human's",
        'return noes.find(({ by }) => by === "human") ?? noes[0] ?? null;',
        "return noes[0] ?? null;",
      ],
      [
        "a rule's no is none",
        'return noes.find(({ by }) => by === "human") ?? noes[0] ?? null;',
        'return noes.find(({ by }) => by === "human") ?? null;',
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/gate/lifecycle/evidence.ts",
    [READ_BACK, ASKED, NOES, DECISIONS],
    [
      [
        "a callback changes the id that Cheqpoint answered",
        "tokenHash === data.tokenHash && approvalId === null,",
        "tokenHash === data.tokenHash,",
      ],
      [
        "another request's callback counts for this one",
        "tokenHash === data.tokenHash && approvalId === null,",
        "approvalId === null,",
      ],
      [
        "two requests may have one id",
        "if (approvalId !== undefined && attempts.every((one) => one.approvalId !== approvalId)) {",
        "if (approvalId !== undefined) {",
      ],
      [
        "every callback without an id is a no",
        'return status === "REJECTED" && attempt.toldNoAtMs === undefined',
        "return attempt.toldNoAtMs === undefined",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/gate/review/decision.ts",
    [DECISION, CHANGE, DECISIONS, NOES],
    [
      [
        "an unknown status counts as undecided",
        'if (reading.status === "PENDING") {',
        'if (reading.status === "PENDING" || reading.status === "UNKNOWN") {',
      ],
      [
        "a decision may be dated in the future or before it was asked",
        "const atMs = Math.max(attempt.startedAtMs, Math.min(nowMs, reading.decidedAtMs ?? nowMs));",
        "const atMs = reading.decidedAtMs ?? nowMs;",
      ],
      [
        "a decision may be dated before it was asked",
        "const atMs = Math.max(attempt.startedAtMs, Math.min(nowMs, reading.decidedAtMs ?? nowMs));",
        "const atMs = Math.min(nowMs, reading.decidedAtMs ?? nowMs);",
      ],
      [
        "a decision may be dated in the future",
        "const atMs = Math.max(attempt.startedAtMs, Math.min(nowMs, reading.decidedAtMs ?? nowMs));",
        "const atMs = Math.max(attempt.startedAtMs, reading.decidedAtMs ?? nowMs);",
      ],
      [
        "a yes from the future counts as said then",
        "const isTold = decidedAtMs !== null && decidedAtMs <= nowMs;",
        "const isTold = decidedAtMs !== null;",
      ],
      [
        "a no may be dated years ahead",
        "const latestMs = Math.min(decidedAtMs ?? nowMs, nowMs + CLOCKS_DIFFER_MS);",
        "const latestMs = decidedAtMs ?? nowMs;",
      ],
      [
        "a yes without a time outweighs an earlier no",
        'reading.status === "REJECTED" ? latestMs : attempt.startedAtMs;',
        'reading.status === "REJECTED" ? latestMs : nowMs;',
      ],
      [
        "a no without a time is outweighed by a later yes",
        'reading.status === "REJECTED" ? latestMs : attempt.startedAtMs;',
        "attempt.startedAtMs;",
      ],
      [
        "an approval that names a rule counts as a human's",
        "const isByRule = reading.autoDecided || (!isNo && reading.autoDecisionRuleName !== null);",
        "const isByRule = reading.autoDecided;",
      ],
      [
        "a human's no beside a rule's name counts as the rule's",
        "const isByRule = reading.autoDecided || (!isNo && reading.autoDecisionRuleName !== null);",
        "const isByRule = reading.autoDecided || reading.autoDecisionRuleName !== null;",
      ],
      ["what nobody looked at counts as a no", "if (reading.retryable) {", "if (false) {"],
      ["what nobody looked at can never be silence", "isSure: true,", "isSure: false,"],
      [
        "a human's no to a first request counts as loop protection",
        "if (isRepeat && isAtOnce && note === null) {",
        "if (isAtOnce && note === null) {",
      ],
      [
        "a human's no to a repeated request counts as loop protection",
        "if (isRepeat && isAtOnce && note === null) {",
        "if (isRepeat && note === null) {",
      ],
      [
        "a no with a note counts as loop protection",
        "if (isRepeat && isAtOnce && note === null) {",
        "if (isRepeat && isAtOnce) {",
      ],
      [
        "a no to what was pending first counts as loop protection",
        'attempt.receipt === "decided" && atMs - attempt.startedAtMs <= LOOP_PROTECTION_MS;',
        "atMs - attempt.startedAtMs <= LOOP_PROTECTION_MS;",
      ],
      [
        "a late no to a repeated request counts as loop protection",
        'attempt.receipt === "decided" && atMs - attempt.startedAtMs <= LOOP_PROTECTION_MS;',
        'attempt.receipt === "decided";',
      ],
      ["what may be a rule's no counts as silence for certain", "isSure: false,", "isSure: true,"],
      [
        "an approval of another id counts",
        "if (reading.id !== attempt.approvalId || !sameJson(reading.details, attempt.details)) {",
        "if (!sameJson(reading.details, attempt.details)) {",
      ],
      [
        "an approval of altered details counts",
        "if (reading.id !== attempt.approvalId || !sameJson(reading.details, attempt.details)) {",
        "if (reading.id !== attempt.approvalId) {",
      ],
      [
        "a Cheqpoint rule may approve anything",
        'if (by === "autoRule" && !terms.acceptRuleApprovals) {',
        "if (false) {",
      ],
      ["a change that is sent nowhere counts", "if (stuck.length > 0) {", "if (false) {"],
      [
        "a changed value has the digest of the one that was asked for",
        "changed.length === 0\n          ? digest\n",
        "true\n          ? digest\n",
      ],
      ["details that remove everything count", "if (entries.length === 0) {", "if (false) {"],
      [
        "a reviewer may change every parameter",
        "const allowed = editable.filter((name) => Object.hasOwn(parameters, name));",
        "const allowed = Object.keys(parameters);",
      ],
      [
        "a reviewer may add a parameter",
        "const allowed = editable.filter((name) => Object.hasOwn(parameters, name));",
        "const allowed = editable;",
      ],
      ["a reviewer may change the service", "!allowed.includes(key) ||", ""],
      [
        "a parameter that was taken away runs all the same",
        "const mayReplace = changed.length < entries.length;",
        "const mayReplace = false;",
      ],
      [
        "a list counts as changed details",
        'if (typeof modified !== "object" || Array.isArray(modified)) {',
        'if (typeof modified !== "object") {',
      ],
      [
        "what cannot be compared counts as the same",
        "} catch {\n    return false;",
        "} catch {\n    return true;",
      ],
      [
        "an approval is good from when it was read",
        "validUntilMs: atMs + terms.validForMs,",
        "validUntilMs: nowMs + terms.validForMs,",
      ],
      [
        "a no of which only a callback told is a rule's",
        '    by: "human",\n    rule: null,',
        '    by: "autoRule",\n    rule: null,',
      ],
    ],
  ),
];
