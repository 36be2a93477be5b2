import { sabotagesOf } from "../sabotage.ts";
import {
  BRAKES,
  CLAIMS,
  CONFIRM,
  DECISIONS,
  EXECUTIONS,
  FIELDS,
  GUARDS,
  HOLDING,
  LAST_LOOK,
  MERGED,
  NOES,
  OWN_RUNS,
  STANDING_NO,
  TRACKED,
} from "./tests.ts";

/** What is looked at between a decision and the claim of its execution. */
export const BEFORE_CLAIM = [
  ...sabotagesOf(
    "functions/gate/lifecycle/run.ts",
    [GUARDS, CLAIMS, DECISIONS, HOLDING, NOES, BRAKES, EXECUTIONS],
    [
      [
        "an incident that ends while the kill switch holds is not heard of",
        "const told = incidentChange(proposal, known);",
        "const told = null;",
      ],
      [
        "a callback that tells of a no is not looked at while it waits",
        "const overruled = overruledMeanwhile(proposal, known, decision);",
        "const overruled = null;",
      ],
      [
        "a clock that went back lengthens an approval",
        "const back = clockWentBack(proposal, known);",
        "const back = null;",
      ],
      [
        "an approval is good for a minute longer",
        "if (nowMs > decision.validUntilMs) {",
        "if (nowMs > decision.validUntilMs + 60_000) {",
      ],
      [
        "an approval is not good in its last millisecond",
        "if (nowMs > decision.validUntilMs) {",
        "if (nowMs >= decision.validUntilMs) {",
      ],
      [
        "what was not sent is sent again without a pause",
        "if (execution !== null && execution.nextReadAtMs !== null && nowMs < execution.nextReadAtMs) {",
        "if (false) {",
      ],
      [
        "the kill switch is not looked at before the claim",
        'if (known.killSwitch.on || known.refused === "killSwitch") {',
        'if (known.refused === "killSwitch") {',
      ],
      [
        "nobody waits for another run's fields",
        "const waits = waitForShared(proposal, known, decision.validUntilMs);",
        "const waits = null;",
        { tests: [GUARDS, FIELDS] },
      ],
      [
        "the incident is not looked at again",
        "const voided = voidedBy(proposal, known, []);",
        "const voided = null;",
      ],
      [
        "the approval is not read once more",
        "const unconfirmed = confirm(proposal, known, decision, decision.validUntilMs);",
        "const unconfirmed = null;",
      ],
      [
        "a human's no to the same thing is not heard",
        "const refused = standingNo(proposal, known, weighing, decision);",
        "const refused = null;",
      ],
      [
        "it is claimed on a look of any age",
        "if (!known.gating.ok || isOld(known)) {",
        "if (!known.gating.ok) {",
      ],
      [
        "the gating is not looked at again",
        "const changed = gatingChange(proposal, known, weighing, decision, incident);",
        "const changed = null;",
      ],
      [
        "a runbook may be changed after it was approved",
        "if (runbook === null || canonicalJson(runbook) !== canonicalJson(weighing.runbook)) {",
        "if (runbook === null) {",
      ],
      [
        "parameters that no longer fit run",
        "if (!checkParameters(runbook, decision.parameters).ok) {",
        "if (false) {",
      ],
      [
        "what would run need not be what was approved",
        "if (digest !== decision.digest) {",
        "if (false) {",
      ],
      ["a rule that denies by now is ignored", 'if (now.decision === "deny") {', "if (false) {"],
      [
        "a change counts that the rule no longer lets anybody make",
        "const locked = decision.changed.filter((name) => !now.terms.editable.includes(name));",
        "const locked = [];",
      ],
      [
        "what a rule allowed runs although an approval is required by now",
        'if (now.decision === "requireApproval" && decision.by === "policy") {',
        "if (false) {",
      ],
      [
        "silence approves although the rule no longer says so",
        'now.terms.onExpiry !== "approve"',
        "false",
      ],
      [
        "a Cheqpoint rule approves although that is no longer accepted",
        "!now.terms.acceptRuleApprovals",
        "false",
      ],
      [
        "a freeze that began after the weighing is not seen",
        "const now = evaluate(stored.gating, subjectOf(proposal, incident, runbook, known.nowMs));",
        "const now = evaluate(stored.gating, subjectOf(proposal, incident, runbook, weighing.atMs));",
      ],
      [
        "a reviewer's change is dropped from what is sent",
        "customFields: fieldValues(weighing.runbook, decision.parameters),",
        "customFields: fieldValues(weighing.runbook, weighing.parameters),",
      ],
      [
        "nobody looks again at a claim that was cut off",
        "dueAtMs: nowMs + settings.leaseMs,",
        "dueAtMs: null,",
      ],
      [
        "the kill switch is no condition of the claim",
        "requireKillSwitchOff: true,",
        "requireKillSwitchOff: false,",
      ],
      [
        "a run's fields and start are not its own",
        "...holdAll(proposal, nowMs),",
        "",
        { tests: [GUARDS, FIELDS, OWN_RUNS] },
      ],
      [
        "the gating is no condition of the claim",
        "...(known.gating?.ok === true ? known.gating.value.seen : []),",
        "",
      ],
      [
        "noes are no condition of the claim",
        "...(known.lastNo === undefined ? [] : [known.lastNo.seen]),",
        "",
      ],
      [
        "an execution takes no place at its brakes",
        "reserve: brakes.map((brake) => placeForAnHour(brake, nowMs)),",
        "reserve: [],",
        { tests: [GUARDS, BRAKES] },
      ],
      [
        "a run that is reported at once is not known to be claimed",
        "...(started === null ? {} : { links: [runLink(incident.id, started)] }),",
        "",
        { tests: [GUARDS, OWN_RUNS] },
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/gate/lifecycle/beforeClaim.ts",
    [GUARDS, STANDING_NO, NOES, CLAIMS, DECISIONS, LAST_LOOK],
    [
      [
        "a look of a clock that went back counts as new",
        "Math.abs(nowMs - atMs) > LOOK_GOOD_FOR_MS",
        "nowMs - atMs > LOOK_GOOD_FOR_MS",
      ],
      [
        "a look is good for ten times as long",
        "Math.abs(nowMs - atMs) > LOOK_GOOD_FOR_MS",
        "Math.abs(nowMs - atMs) > 10 * LOOK_GOOD_FOR_MS",
      ],
      [
        "a no stands only for as long as its own rule said",
        "const untilMs = Math.max(no.untilMs, no.atMs + weighing.evaluation.terms.coolDownMs);",
        "const untilMs = no.untilMs;",
      ],
      [
        "a no stands only for as long as this rule says",
        "const untilMs = Math.max(no.untilMs, no.atMs + weighing.evaluation.terms.coolDownMs);",
        "const untilMs = no.atMs + weighing.evaluation.terms.coolDownMs;",
      ],
      [
        "any later yes outweighs a human's no",
        "if (saidAtMs > no.atMs && (!stands || (isYes && !isUntold))) {",
        "if (saidAtMs > no.atMs) {",
      ],
      [
        "a yes of the same moment outweighs a no",
        "if (saidAtMs > no.atMs && (!stands || (isYes && !isUntold))) {",
        'if (saidAtMs >= no.atMs && (!stands || decision.by === "human")) {',
      ],
      [
        "a change to what was said no to counts as a yes to it",
        "const isUntold = isYes && decision.changed.length > 0 && !isTold(proposal, known, decision, no);",
        "const isUntold = false;",
      ],
      [
        "a reviewer who was told of an earlier no counts as told of a later one",
        "told.name === name && told.atMs >= no.atMs",
        "told.name === name",
      ],
      [
        "a reviewer who was told of a no to something else counts as told",
        "told.name === name && told.atMs >= no.atMs",
        "told.atMs >= no.atMs",
      ],
      [
        "a yes counts from when it was heard",
        "const saidAtMs = decision.saidAtMs ?? decision.atMs;",
        "const saidAtMs = decision.atMs;",
      ],
      [
        "a clock may go back by an hour",
        "known.nowMs >= seenAtMs - CLOCKS_DIFFER_MS",
        "known.nowMs >= seenAtMs - 3_600_000",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/gate/lifecycle/confirm.ts",
    [CONFIRM, CLAIMS, DECISIONS, NOES],
    [
      [
        "silence is not looked at again at the claim",
        'if (decision.by === "policy") {',
        'if (decision.by === "policy" || decision.by === "onExpiry") {',
      ],
      [
        "a rule's approval is not looked at again at the claim",
        'if (decision.by === "policy") {',
        'if (decision.by === "policy" || decision.by === "autoRule") {',
      ],
      [
        "a no that is found at the claim counts as unconfirmed only",
        "const answers = answersTo(proposal, asked(proposal), known) ?? [];\n  const no = noAmong(answers);",
        "const answers = answersTo(proposal, asked(proposal), known) ?? [];\n  const no = null;",
      ],
      ["one request that cannot be read is left out", "unreadIn(answers) ??", ""],
      [
        "another proposal's approval confirms this one",
        'details["proposal_id"] === proposal.id &&',
        "",
      ],
      [
        "another request's approval confirms this one",
        'details["attempt_id"] === attempt.attemptId &&',
        "",
      ],
      ["an approval of something else confirms this", 'details["action_digest"] === digest &&', ""],
      ["a record whose digest is another's is confirmed", "proposal.digest === digest\n", "true\n"],
      ["who decided may have been changed in the ledger", "one.by === decision.by &&", ""],
      [
        "the digest of the decision may have been changed in the ledger",
        "one.digest === decision.digest &&",
        "",
      ],
      [
        "the parameters may have been changed in the ledger",
        "canonicalJson(one.parameters) === canonicalJson(decision.parameters) &&",
        "",
      ],
      [
        "what the reviewer changed may have been changed in the ledger",
        "canonicalJson(one.changed) === canonicalJson(decision.changed);",
        "true;",
      ],
      [
        "an approval of another request counts",
        "const own = answers.filter(isAsked);",
        "const own = answers;",
      ],
      [
        "no approval at all confirms one",
        "if (found.length > 0 && found.every(isSame)) {",
        "if (found.every(isSame)) {",
      ],
      [
        "a yes is good for as long as the ledger says, whatever its rule does",
        "validUntilMs === null || known.nowMs <= validUntilMs)",
        "validUntilMs === null || known.nowMs >= 0)",
      ],
      [
        "a yes after the deadline is confirmed where the record has one",
        "if (!own.some((one) => isInTime(one, known))) {",
        "if (own.length === 0) {",
      ],
      [
        "a yes is good for a millisecond less at the claim",
        "validUntilMs === null || known.nowMs <= validUntilMs)",
        "validUntilMs === null || known.nowMs < validUntilMs)",
      ],
      [
        "silence is good for as long as the ledger says, whatever its rule does",
        "deadlines.every((atMs) => nowMs > atMs + goodForMs)",
        "deadlines.every(() => false)",
      ],
      [
        "one of two approvals that differ is enough",
        "if (found.length > 0 && found.every(isSame)) {",
        "if (found.some(isSame)) {",
      ],
      [
        "silence to a request that cannot be read counts",
        "if (proposal.approval?.attempts.every(isReadable) !== true) {",
        "if (false) {",
      ],
      [
        "silence approves something else than what was asked",
        "if (decision.digest !== proposal.digest) {",
        "if (false) {",
      ],
      [
        "what may have been a rule's no counts as silence",
        'verdict.kind === "pending" || (verdict.kind === "unattended" && verdict.isSure),',
        'verdict.kind === "pending" || verdict.kind === "unattended",',
      ],
      [
        "a request that Cheqpoint does not know counts as silence",
        'verdict.kind === "pending" || (verdict.kind === "unattended" && verdict.isSure),',
        'verdict.kind !== "decided",',
      ],
      [
        "silence to what was never asked counts",
        "return isQuiet && wasAsked ? null",
        "return isQuiet ? null",
      ],
      [
        "silence before the reviewer's deadline counts",
        "deadlines.some((atMs) => nowMs >= atMs)",
        "deadlines.some(() => true)",
      ],
      [
        "a no that came before the claim counts from when it was heard",
        "...(later === null ? {} : { laterNo: later }),",
        "...(later === null ? {} : { laterNo: { note, atMs } }),",
      ],
      [
        "a no that came before the claim is not kept",
        "...(later === null ? {} : { laterNo: later }),",
        "",
      ],
      [
        "a rule's no is kept like a human's",
        "...(later === null ? {} : { laterNo: later }),",
        "laterNo: { note, atMs },",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/gate/lifecycle/voided.ts",
    [GUARDS, DECISIONS, EXECUTIONS, MERGED],
    [
      ["a resolved incident voids nothing", 'if (now.status === "resolved") {', "if (false) {"],
      [
        "an incident of another service voids nothing",
        "if (now.serviceId !== before.serviceId) {",
        "if (false) {",
      ],
      [
        "what is told of an incident is not looked at",
        "if (hints.length === 0 || proposal.incident === null) {",
        "if (true) {",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/gate/lifecycle/waiting.ts",
    [GUARDS, FIELDS, OWN_RUNS],
    [
      [
        "who has a key is not looked at before the claim",
        "const [first] = holders;",
        "const first = undefined;",
      ],
      [
        "it waits for another run beyond its approval",
        "const againAtMs = Math.min(nowMs + WAIT_POLL_MS, untilMs ?? Infinity, validUntilMs + 1);",
        "const againAtMs = nowMs + 3_600_000;",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/gate/lifecycle/place.ts",
    [GUARDS, BRAKES],
    [
      [
        "it waits for a place that comes too late",
        "if (freeAtMs > validUntilMs) {",
        "if (false) {",
      ],
      [
        "a place of the approval's last millisecond is not waited for",
        "if (freeAtMs > validUntilMs) {",
        "if (freeAtMs >= validUntilMs) {",
      ],
      [
        "people are asked for what no place can come for",
        "return full === null || full.freeAtMs <= untilMs",
        "return true",
      ],
    ],
  ),
  ...sabotagesOf(
    "functions/gate/lifecycle/shared.ts",
    [TRACKED, GUARDS, FIELDS, OWN_RUNS, EXECUTIONS],
    [
      [
        "an uncertain run gives its fields back at once",
        'const isOver = outcome.kind !== "uncertain" && outcome.reason !== "accepted";',
        'const isOver = outcome.reason !== "accepted";',
      ],
      [
        "a workflow whose end nobody told of gives its fields back at once",
        'const isOver = outcome.kind !== "uncertain" && outcome.reason !== "accepted";',
        'const isOver = outcome.kind !== "uncertain";',
      ],
      [
        "two requests for one start may be under way",
        "        ...sharedStart(incident.id, weighing.runbook),\n        ...sharedFields(incident.id, weighing.runbook),\n      ];",
        "        ...sharedFields(incident.id, weighing.runbook),\n      ];",
      ],
      [
        "two runs may have one field",
        "        ...sharedFields(incident.id, weighing.runbook),\n      ];",
        "      ];",
      ],
      [
        "a start is kept although its run is known",
        'weighing?.runbook.target.kind !== "automationAction"',
        "true",
      ],
    ],
  ),
];
