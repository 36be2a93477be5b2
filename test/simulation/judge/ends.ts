import type { Proposal } from "../../../functions/gate/proposal/proposal.ts";
import { SECRETS } from "../world/gate.ts";
import { HARMLESS } from "../acts.ts";
import { runsOf, seconds, type Evidence, type Violation } from "./evidence.ts";

/** Every proposal ends, as one run or one manual task; and what the ledger tells of it is true. */
export async function judgeEnds(evidence: Evidence): Promise<Violation[]> {
  const found: Violation[] = [];
  for (const id of evidence.created.keys()) {
    const proposal = (await evidence.ledger.get(id))?.proposal;
    if (proposal === undefined) {
      found.push({ rule: "6 kept", text: `${id} was accepted and is gone` });
      continue;
    }
    found.push(...judgeEnd(evidence, proposal));
  }
  for (const { status, id, act } of evidence.everybody.proposed) {
    if (status === 202 && (id === null || !evidence.created.has(id))) {
      found.push({
        rule: "6 kept",
        text: `${act.id} was answered 202 with ${id}, which nobody knows`,
      });
    }
  }
  for (const refused of evidence.outbox.refused) {
    found.push({
      rule: "6 signed event",
      text: `a correctly signed event was refused: ${refused}`,
    });
  }
  for (const request of evidence.unknown) {
    found.push({ rule: "0 stand-in", text: `the stand-in for PagerDuty does not know ${request}` });
  }
  for (const id of new Set(evidence.circles)) {
    found.push({ rule: "5 circle", text: `a visit of ${id} went in a circle` });
  }
  return found;
}

function* judgeEnd(evidence: Evidence, proposal: Proposal): Generator<Violation> {
  const { id, outcome, closedAtMs, execution } = proposal;
  if (outcome === null || closedAtMs === null) {
    yield {
      rule: "5 ends",
      text: `${id} has not ended ${seconds(evidence, evidence.endMs)} after the start`,
    };
    return;
  }
  const runs = runsOf(evidence, id);
  const tasks = tasksOf(evidence, id);
  const isShared = isForNobody(evidence, proposal);
  const isWithdrawn = outcome.reason === "withdrawn";
  const owed = outcome.kind === "executed" || isShared || isWithdrawn ? 0 : 1;
  if (tasks.length !== owed) {
    yield {
      rule: "5 one task",
      text: `${id} ended ${outcome.kind} (${outcome.reason}) with ${tasks.length} manual tasks of its own: ${tasks.join(", ")}`,
    };
  }
  if (isShared) {
    yield* judgeShared(evidence, proposal, outcome.reason);
  }
  if (outcome.kind === "executed") {
    const [run] = runs;
    if (run === undefined) {
      yield {
        rule: "11 whose run",
        text: `${id} is called executed (${execution?.invocationId ?? "no run named"}) and its own request never did anything`,
      };
    } else if (
      execution?.invocationId !== null &&
      execution?.invocationId !== undefined &&
      execution.invocationId !== run.id
    ) {
      yield {
        rule: "11 whose run",
        text: `${id} is called executed by ${execution.invocationId}; its own run is ${run.id}`,
      };
    } else if (run.state === "error") {
      yield {
        rule: "11 account",
        text: `${id} is called executed, and ${run.id} ended in ${run.state}`,
      };
    }
  }
  if (outcome.kind === "suppressed" && runs.length > 0) {
    yield {
      rule: "11 account",
      text: `${id} is called suppressed (${outcome.reason}) and ran: ${runs.map(({ id: run }) => run).join(", ")}`,
    };
  }
  if (outcome.kind === "failed" && runs.some(({ state }) => state === "completed")) {
    yield {
      rule: "11 account",
      text: `${id} is called failed (${outcome.reason}) and ran to its end`,
    };
  }
}

/** Ends that nobody can act on; unless somebody was asked, who hears of it in any case. */
const FOR_NOBODY: readonly string[] = [
  "deniedByPolicy",
  "unknownRunbook",
  "invalidParameters",
  "serviceMismatch",
  "incidentNotFound",
  "incidentResolved",
  "gateIncident",
  "openProposalsLimit",
  "executionsLimit",
  "sameAsOpen",
  "sameAsRejected",
];

function isForNobody({ cheqpoint }: Evidence, { id, outcome, approval }: Proposal): boolean {
  const wasAsked = approval !== null || cheqpoint.asked.some(({ item }) => item === id);
  return outcome?.kind === "suppressed" && FOR_NOBODY.includes(outcome.reason) && !wasAsked;
}

/** One of low urgency for all of one service, proposer and reason, and no page. */
function* judgeShared(
  { pagerDuty }: Evidence,
  { id, proposer }: Proposal,
  reason: string,
): Generator<Violation> {
  const shared = [...pagerDuty.incidents.values()].filter(
    ({ title }) => title.startsWith(`[Counted] ${proposer} on `) && title.endsWith(`: ${reason}`),
  );
  const titles = new Set(shared.map(({ title }) => title));
  if (shared.length === 0 || titles.size < shared.length) {
    yield {
      rule: "5 shared task",
      text: `${id} ended for nobody to act on (${reason}), and ${shared.length} tasks count such: ${shared.map((one) => one.id).join(", ")}`,
    };
  }
  for (const one of shared.filter(({ urgency }) => urgency !== "low")) {
    yield { rule: "13 pages", text: `${one.id} pages for ${id}, which ended as ${reason}` };
  }
}

function tasksOf({ pagerDuty }: Evidence, id: string): string[] {
  return [...pagerDuty.incidents.values()].flatMap((one) =>
    one.incidentKey?.includes("/task/") === true && one.incidentKey.endsWith(`/${id}`)
      ? [one.id]
      : [],
  );
}

/** Alarms are raised for what went past the gate, and for nothing that was the gate's own. */
export async function judgeAlarms(evidence: Evidence): Promise<Violation[]> {
  const found: Violation[] = [];
  const alarms = await evidence.ledger.alarms(1_000);
  for (const run of evidence.everybody.handRuns) {
    const isTold = alarms.some(
      ({ kind, text }) => (kind === "bypass" || kind === "ranTwice") && text.includes(run.runId),
    );
    const isGated = evidence.gatings.has(run.serviceId);
    if (isGated && !isTold && run.target.startsWith("action:")) {
      found.push({
        rule: "3 bypass",
        text: `${run.runId} (${run.target}) was run by hand on ${run.incidentId} at ${seconds(evidence, run.atMs)}, and nobody was told`,
      });
    }
  }
  const isFarAway = evidence.plan.acts.some(
    ({ deed }) => deed.kind === "jump" && Math.abs(deed.ms) >= 60_000,
  );
  for (const run of evidence.pagerDuty.runs) {
    const { item } = run;
    const alarm = alarms.find(({ kind, text }) => kind === "bypass" && text.includes(run.id));
    // Where the gate's clock was far away it cannot find its own run by the time, and has said that it does not know.
    const isUnknown =
      isFarAway &&
      item !== null &&
      (await evidence.ledger.get(item))?.proposal.outcome?.kind === "uncertain";
    if (item !== null && alarm !== undefined && !isUnknown) {
      found.push({
        rule: "13 false alarm",
        text: `${item}'s own run ${run.id} raised: ${alarm.text}`,
      });
    }
    const twice = alarms.find(({ kind, text }) => kind === "ranTwice" && text.includes(run.id));
    // Starts of a workflow name nobody: one by hand cannot be told from a second one of the gate's.
    const isByHand = evidence.everybody.handRuns.some(
      ({ incidentId, target }) => incidentId === run.incidentId && target === run.target,
    );
    if (item !== null && twice !== undefined && !isByHand && runsOf(evidence, item).length < 2) {
      found.push({
        rule: "13 false alarm",
        text: `${item} ran once as ${run.id}, and it was told: ${twice.text}`,
      });
    }
  }
  return found;
}

/** What people read holds no secret, and no line of a proposer's that looks like the gate's own. */
export function* judgeTexts({ pagerDuty, cheqpoint }: Evidence): Generator<Violation> {
  const secrets = [
    ...Object.values(SECRETS),
    "signing-secret-",
    "agent-token-",
    "looper-token-",
    "trusted-token-",
    "operator-token-",
  ];
  const texts = [
    ...[...pagerDuty.incidents.values()].flatMap(({ title, details, notes }) => [
      title,
      details,
      ...notes.map(({ content }) => content),
    ]),
    ...cheqpoint.asked.flatMap(({ summary, justification, details }) => [
      summary,
      justification,
      JSON.stringify(details),
    ]),
  ];
  if (texts.some((text) => secrets.some((secret) => text.includes(secret)))) {
    yield { rule: "9 secrets", text: "a secret stands in a note, a task or a card" };
  }
  const forged = texts.find((text) => /^(Decision|To do|Review): ?FORGED/m.test(text));
  if (
    forged !== undefined &&
    !cheqpoint.asked.some(({ justification }) => justification === forged)
  ) {
    yield {
      rule: "12 forged line",
      text: `a proposer's line stands like the gate's own: ${JSON.stringify(forged.slice(0, 200))}`,
    };
  }
  const headline = cheqpoint.asked.find(({ summary }) => summary.startsWith(HARMLESS));
  if (headline !== undefined) {
    yield {
      rule: "12 headline",
      text: `the proposer wrote the card's headline: ${headline.summary}`,
    };
  }
}
