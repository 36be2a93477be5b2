import type { Run } from "../world/pagerduty.ts";
import { GATE_USER } from "../world/pagerduty.ts";
import {
  msOf,
  ruleFor,
  targetOf,
  usesField,
  type SimGating,
  type SimRule,
} from "../world/gatings.ts";
import {
  FRESH_MS,
  SKEW_MS,
  gatingsOf,
  human,
  keyOfCard,
  proposedValue,
  rulesOf,
  runsOf,
  seconds,
  text,
  valuesBetween,
  wishOf,
  type Evidence,
  type Violation,
  type Wish,
} from "./evidence.ts";

/** A process that stands still with a request in its hands sends it no later: what cannot be looked at again has its bound. */
const UNDER_WAY_MS = 10_000;

/** What is asked of every run that the gate started. */
export function* judgeRuns(evidence: Evidence): Generator<Violation> {
  const items = new Set(evidence.pagerDuty.runs.flatMap(({ item }) => item ?? []));
  for (const item of items) {
    const runs = runsOf(evidence, item);
    if (runs.length > 1) {
      yield {
        rule: "2 once",
        text: `${item} ran ${runs.length} times: ${runs.map(({ id, sentAtMs }) => `${id} sent at ${seconds(evidence, sentAtMs)}`).join(", ")}`,
      };
    }
    const wish = wishOf(evidence, item);
    if (wish === null) {
      yield { rule: "1 permitted", text: `${item} ran and nobody proposed it` };
      continue;
    }
    for (const run of runs) {
      yield* judgeRun(evidence, run, wish);
    }
  }
}

function* judgeRun(evidence: Evidence, run: Run, wish: Wish): Generator<Violation> {
  const { sentAtMs: sent } = run;
  const what = `${wish.id} (${wish.runbook} on ${wish.incident?.id ?? "?"}) was sent at ${seconds(evidence, sent)}`;
  const claimed = run.claimedAtMs ?? sent;
  const permitting = (inForce: readonly SimGating[]): SimRule[] =>
    inForce
      .filter((gating) => targetOf(gating, wish.runbook) === run.target)
      .map((gating) => ruleFor(gating, wish))
      .filter(({ decision }) => decision !== "deny");
  // What held when it was written down that it runs, and not long before it was sent.
  const rules = permitting(gatingsOf(evidence, wish, claimed, claimed));
  if (
    rules.length === 0 ||
    permitting(gatingsOf(evidence, wish, sent - FRESH_MS, sent)).length === 0
  ) {
    yield {
      rule: "11 gating",
      text: `${what}, claimed at ${seconds(evidence, claimed)}, under a gating that does not permit it`,
    };
  } else if (!rules.some((rule) => isPermitted(evidence, run, wish, rule))) {
    yield {
      rule: "1 permitted",
      text: `${what} without a permission in force: rule ${rules.map(({ name, decision }) => `${name} ${decision}`).join(", ")}, ${cardsText(evidence, wish)}`,
    };
  }
  if (run.leftAtMs > sent + UNDER_WAY_MS) {
    yield {
      rule: "11 under way",
      text: `${what} and left only at ${seconds(evidence, run.leftAtMs)}`,
    };
  }
  yield* judgeSwitch(evidence, run, wish, what);
  yield* judgeWorld(evidence, run, wish, what);
  yield* judgeNoes(evidence, run, wish, what);
  if (!rules.some(({ decision }) => decision === "allow")) {
    yield* judgeReading(evidence, run, wish, what);
  }
  yield* judgeValue(evidence, run, wish, what);
}

/** A jump that is longer by far than a minute after a pause between two looks is noticed, and silence waits for longer. */
const NOTICED_MS = 90_000;

/**
 * What clocks that were set may make of a deadline, as the operator's manual states it: silence comes early by no more
 * than what is not noticed, and a yes is in time, and good, for longer by as much as they were set.
 */
function setClocks(
  { plan, startMs }: Evidence,
  { sentAtMs }: Run,
): Record<"early" | "late", number> {
  const jumps = plan.acts.flatMap(({ when, deed }) =>
    deed.kind === "jump" && (!("afterMs" in when) || startMs + when.afterMs <= sentAtMs)
      ? [Math.abs(deed.ms)]
      : [],
  );
  const sum = (all: number[]): number => all.reduce((total, ms) => total + ms, 0);
  return { early: sum(jumps.map((ms) => Math.min(ms, NOTICED_MS))), late: sum(jumps) };
}

function cardsText({ cheqpoint }: Evidence, wish: Wish): string {
  const cards = cheqpoint.asked.filter(({ item }) => item === wish.id);
  return cards.length === 0
    ? "nobody was asked"
    : cards
        .map(
          ({ id, answered }) =>
            `${id} ${answered === null ? "unanswered" : `${answered.status} by ${answered.by}`}`,
        )
        .join(", ");
}

/** An allow, a yes in time that is still good, or a silence that the rule takes for one. */
function isPermitted(evidence: Evidence, run: Run, wish: Wish, rule: SimRule): boolean {
  if (rule.decision === "allow") {
    return true;
  }
  const { sentAtMs: sent } = run;
  const rules = [rule, ...rulesOf(evidence, wish, sent)];
  const longest = (what: "sla" | "validFor"): number =>
    Math.max(...rules.map((one) => msOf(one[what] ?? "15m")));
  const { early, late } = setClocks(evidence, run);
  const deadlineMs = wish.waitsSinceMs + longest("sla") + SKEW_MS;
  const goodMs = longest("validFor") + FRESH_MS + SKEW_MS + late;
  const cards = evidence.cheqpoint.asked.filter(({ item }) => item === wish.id);
  const isYes = cards.some(({ answered }) => {
    const isBy =
      answered?.by === "human" || (answered?.by === "rule" && rule.acceptRuleApprovals === true);
    return (
      answered?.status === "APPROVED" &&
      isBy &&
      answered.atMs <= Math.min(sent, deadlineMs + late) &&
      sent <= answered.atMs + goodMs
    );
  });
  const shortest = Math.min(...rules.map((one) => msOf(one.sla ?? "15m")));
  const isSilence =
    rule.onExpiry === "approve" &&
    sent >= wish.arrivedAtMs + shortest - SKEW_MS - early &&
    sent <= deadlineMs + goodMs &&
    !cards.some(
      ({ answered }) =>
        answered !== null &&
        answered.by !== "system" &&
        answered.atMs < Math.min(deadlineMs - 2 * SKEW_MS, sent - FRESH_MS) &&
        answered.status === "REJECTED",
    );
  return isYes || isSilence;
}

function* judgeSwitch(
  evidence: Evidence,
  { sentAtMs }: Run,
  wish: Wish,
  what: string,
): Generator<Violation> {
  const holding = evidence.everybody.killSwitch.filter(
    ({ over }) =>
      (over.service === undefined || over.service === wish.serviceId) &&
      (over.runbook === undefined || over.runbook === wish.runbook),
  );
  // Each scope is a switch of its own.
  const scopes = new Set(holding.map(({ over }) => JSON.stringify(over)));
  for (const scope of scopes) {
    const history = holding.filter(({ over }) => JSON.stringify(over) === scope);
    const before = history.findLast(({ atMs }) => atMs <= sentAtMs - FRESH_MS);
    const since = history.filter(({ atMs }) => atMs > sentAtMs - FRESH_MS && atMs <= sentAtMs);
    // Whoever asks for both at once does not know which was last.
    const isTakenBack = history.some(
      ({ on, atMs }) => !on && atMs >= (before?.askedAtMs ?? Infinity) && atMs <= sentAtMs,
    );
    if (before?.on === true && since.every(({ on }) => on) && !isTakenBack) {
      yield {
        rule: "11 kill switch",
        text: `${what}, and the kill switch over ${scope} was confirmed as on at ${seconds(evidence, before.atMs)}`,
      };
    }
  }
}

function* judgeWorld(
  { pagerDuty, ...evidence }: Evidence,
  run: Run,
  wish: Wish,
  what: string,
): Generator<Violation> {
  const history = pagerDuty.history.get(run.incidentId) ?? [];
  const states = valuesBetween(history, run.sentAtMs - FRESH_MS, run.sentAtMs);
  if (states.every(({ status }) => status === "resolved")) {
    yield { rule: "8 incident", text: `${what}, when ${run.incidentId} was resolved` };
  } else if (states.every(({ serviceId }) => serviceId !== wish.serviceId)) {
    yield {
      rule: "8 incident",
      text: `${what}, when ${run.incidentId} had moved to ${states.at(-1)?.serviceId}`,
    };
  }
  void evidence;
}

/** Whoever can write the ledger cannot approve: the yes is read from Cheqpoint shortly before it is acted on. */
function* judgeReading(
  { cheqpoint }: Evidence,
  run: Run,
  wish: Wish,
  what: string,
): Generator<Violation> {
  const wasAsked = cheqpoint.asked.some(({ item }) => item === wish.id);
  const isRead = cheqpoint.readings.some(
    ({ asked, atMs }) =>
      asked.item === wish.id && atMs <= run.sentAtMs && atMs >= run.sentAtMs - FRESH_MS,
  );
  if (wasAsked && !isRead) {
    yield {
      rule: "11 read again",
      text: `${what} and no answer of the reviewer had been read within 5 s`,
    };
  }
}

/** A human's no, once the gate knew of it, is not followed by a run of the same. */
function* judgeNoes(evidence: Evidence, run: Run, wish: Wish, what: string): Generator<Violation> {
  const key = [
    run.target,
    run.incidentId,
    usesField(wish.runbook) ? text(valueOf(evidence, wish, run.sentAtMs)) : "",
  ].join(" ");
  for (const asked of evidence.cheqpoint.asked) {
    const noAtMs = human(asked, "REJECTED");
    if (noAtMs === null) {
      continue;
    }
    const isOwn = asked.item === wish.id;
    const knownMs =
      isOwn && asked.knownAtMs !== null
        ? Math.max(noAtMs, asked.knownAtMs)
        : (asked.toldAtMs ?? Infinity);
    const tooLateMs = isOwn ? run.sentAtMs - FRESH_MS : (run.claimedAtMs ?? run.sentAtMs);
    if (knownMs >= tooLateMs || (!isOwn && keyOfCard(evidence, asked) !== key)) {
      continue;
    }
    const from = wishOf(evidence, asked.item);
    const coolDownMs =
      from === null
        ? 0
        : Math.min(...rulesOf(evidence, from, noAtMs).map((rule) => msOf(rule.coolDown ?? "30m")));
    const isLaterYes = evidence.cheqpoint.asked.some((other) => {
      const yesAtMs = human(other, "APPROVED");
      return (
        yesAtMs !== null &&
        yesAtMs > noAtMs &&
        other.item === wish.id &&
        keyOfCard(evidence, other) === key
      );
    });
    if (isOwn || (run.sentAtMs < noAtMs + coolDownMs && !isLaterYes)) {
      yield {
        rule: !isOwn
          ? "10 no to the same"
          : asked.toldAtMs === null
            ? "10 own no, never read"
            : "10 own no",
        text: `${what}, after a reviewer's no at ${seconds(evidence, noAtMs)} to ${asked.id} of ${asked.item}, which the gate knew since ${seconds(evidence, knownMs)}`,
      };
    }
  }
}

/** What was to be sent, by what people approved. */
function valueOf(evidence: Evidence, wish: Wish, atMs: number): unknown {
  const yes = evidence.cheqpoint.asked.findLast(
    (asked) =>
      asked.item === wish.id &&
      asked.answered?.status === "APPROVED" &&
      asked.answered.atMs <= atMs,
  );
  const [gating] = gatingsOf(evidence, wish, wish.receivedAtMs, wish.receivedAtMs);
  return (
    yes?.answered?.modified?.["max_replicas"] ??
    (gating === undefined ? null : proposedValue(gating, wish))
  );
}

/** At each start the incident's field holds what was approved for that run. */
function* judgeValue(evidence: Evidence, run: Run, wish: Wish, what: string): Generator<Violation> {
  if (run.found === null || !usesField(wish.runbook)) {
    return;
  }
  const found = run.found["max_replicas"] ?? null;
  const meant = valueOf(evidence, wish, run.sentAtMs) ?? null;
  // Where silence had approved, an answer of the last seconds comes too late, whatever it says.
  const isBySilence = rulesOf(evidence, wish, run.sentAtMs).some(
    (rule) =>
      rule.onExpiry === "approve" &&
      run.sentAtMs >= wish.arrivedAtMs + msOf(rule.sla ?? "15m") - SKEW_MS,
  );
  const before = isBySilence ? (valueOf(evidence, wish, run.sentAtMs - FRESH_MS) ?? null) : meant;
  if (text(found) === text(meant) || text(found) === text(before)) {
    return;
  }
  const last = evidence.pagerDuty.fieldWrites.findLast(
    ({ incidentId, atMs }) => incidentId === run.incidentId && atMs <= run.atMs,
  );
  const changedLater = evidence.pagerDuty.fieldWrites.some(
    ({ incidentId, atMs, by }) =>
      incidentId === run.incidentId && by !== GATE_USER && atMs > run.sentAtMs - FRESH_MS,
  );
  if (changedLater) {
    // Somebody else's write while it ran: nobody can prevent it. That it is told is asked for elsewhere.
    return;
  }
  yield {
    rule: meant === null ? "11 left-out value" : "11 value",
    text: `${what} and found max_replicas ${text(found) || "nothing"}, approved was ${text(meant) || "nothing"} (last written by ${last?.by ?? "nobody"})`,
  };
}
