import { offsets, type Gating } from "../../functions/gate/gating/index.ts";
import { Column } from "./columns.ts";
import type { HistoryItem, Recorded } from "./history.ts";
import { hitsOf, type LimitHits } from "./limits.ts";
import { Reactions, type Reaction } from "./reactions.ts";
import { Side, differsIn, type SideAnswer } from "./side.ts";

const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;
/** Somebody is woken. */
const NIGHT = { from: 22, to: 7 };

/** Proposals of one service that one rule answered, and another answers now. */
export interface ChangedGroup {
  service: string;
  before: { rule: string | null; decision: string };
  after: { rule: string | null; decision: string };
  differs: string[];
  proposals: number;
}

/** What one of the gatings would have meant. */
export interface Costs {
  /** Approvals asked for. */
  asked: number;
  askedPerWeek: number;
  /** Between 22:00 and 07:00. */
  askedAtNight: number;
  /** null: no reaction is known. */
  expired: {
    /** By the reactions of that hour of the day. */
    expected: number;
    /** Where the rule waits for less than half of the reviewers take, or nine of ten. */
    waitsLessThanMedian: number;
    waitsLessThanP90: number;
  } | null;
  /** For one proposal alone: a no, no answer, and a denial that pages. */
  manualTasks: number;
  /** Denials and what cannot be carried out, of which one task counts several. */
  collected: number;
  limits: LimitHits[];
}

/** What a change of gating would have meant for what was really proposed. */
export interface Bill {
  replayed: number;
  notReplayed: { withoutFacts: number; notWeighed: number; older: number };
  from: string | null;
  to: string | null;
  weeks: number;
  timeZone: string;
  /** Proposals that the gating before answers otherwise than was recorded: another was in force. */
  otherwiseRecorded: number;
  changed: number;
  groups: ChangedGroup[];
  before: Costs;
  after: Costs;
  reactions: Reaction & { unanswered: number; byHour: (Reaction & { hour: number })[] };
}

/** Every proposal as numbers, so that a million of them fit. */
interface Columns {
  atMs: Column;
  /** How long it ran after the decision. */
  ranMs: Column;
  /** When a person said yes, or no; NaN: nobody did. */
  yesMs: Column;
  noMs: Column;
  before: SideAnswer[];
  after: SideAnswer[];
}

export class Replay {
  readonly #before: Side;
  readonly #after: Side;
  readonly #checksParameters: boolean;
  readonly #timeZone: string;
  readonly #offset: (atMs: number) => number;
  readonly #sinceMs: number;
  readonly #reactions = new Reactions();
  readonly #groups = new Map<SideAnswer, Map<SideAnswer, ChangedGroup>>();
  readonly #columns: Columns = {
    atMs: new Column(),
    ranMs: new Column(),
    yesMs: new Column(),
    noMs: new Column(),
    before: [],
    after: [],
  };
  #withoutFacts = 0;
  #notWeighed = 0;
  #older = 0;
  #otherwise = 0;

  constructor(
    before: Gating,
    after: Gating,
    by: { timeZone: string; sinceMs: number; checksParameters: boolean },
  ) {
    this.#before = new Side(before);
    this.#after = new Side(after);
    this.#checksParameters = by.checksParameters;
    this.#timeZone = by.timeZone;
    this.#offset = offsets(by.timeZone);
    this.#sinceMs = by.sinceMs;
  }

  add(item: HistoryItem): void {
    if (item === "withoutFacts") this.#withoutFacts += 1;
    else if (item === "notWeighed") this.#notWeighed += 1;
    else if (item.facts.atMs < this.#sinceMs) this.#older += 1;
    else this.#weigh(item);
  }

  #weigh(item: Recorded): void {
    const { atMs } = item.facts;
    const before = this.#before.answer(item, this.#checksParameters);
    const after = this.#after.answer(item, this.#checksParameters);
    if (before.decision !== item.decision || before.rule !== (item.rule ?? "otherwise")) {
      this.#otherwise += 1;
    }
    this.#group(before, after);
    const { human, endedAtMs } = item;
    const hour = this.#hour(atMs);
    if (human !== null) this.#reactions.answered(hour, human.atMs - atMs);
    else if (item.isExpired && endedAtMs !== null) {
      this.#reactions.unanswered(hour, endedAtMs - atMs);
    }
    const { atMs: times, ranMs, yesMs, noMs, before: was, after: is } = this.#columns;
    times.push(atMs);
    ranMs.push(Math.max(0, (endedAtMs ?? atMs) - (human?.atMs ?? endedAtMs ?? atMs)));
    yesMs.push(human?.isYes === true ? human.atMs : NaN);
    noMs.push(human?.isYes === false ? human.atMs : NaN);
    was.push(before);
    is.push(after);
  }

  #group(before: SideAnswer, after: SideAnswer): void {
    const ofBefore = this.#groups.get(before) ?? new Map<SideAnswer, ChangedGroup>();
    this.#groups.set(before, ofBefore);
    const known = ofBefore.get(after);
    if (known !== undefined) {
      known.proposals += 1;
      return;
    }
    ofBefore.set(after, {
      service: after.service,
      before: { rule: before.rule, decision: before.decision },
      after: { rule: after.rule, decision: after.decision },
      differs: differsIn(before, after),
      proposals: 1,
    });
  }

  bill(): Bill {
    const { atMs } = this.#columns;
    const from = atMs.all().reduce((least, one) => Math.min(least, one), Infinity);
    const to = atMs.all().reduce((most, one) => Math.max(most, one), -Infinity);
    // Less than a week is told as it was: nothing is known of the rest.
    const weeks = atMs.length === 0 ? 1 : Math.max(1, (to - from) / WEEK_MS);
    const groups = merged([...this.#groups.values()].flatMap((own) => [...own.values()]));
    return {
      replayed: atMs.length,
      notReplayed: {
        withoutFacts: this.#withoutFacts,
        notWeighed: this.#notWeighed,
        older: this.#older,
      },
      from: atMs.length === 0 ? null : new Date(from).toISOString(),
      to: atMs.length === 0 ? null : new Date(to).toISOString(),
      weeks: Math.round(weeks * 10) / 10,
      timeZone: this.#timeZone,
      otherwiseRecorded: this.#otherwise,
      changed: groups.reduce((sum, { proposals }) => sum + proposals, 0),
      groups,
      before: this.#costs(this.#columns.before, weeks),
      after: this.#costs(this.#columns.after, weeks),
      reactions: {
        ...this.#reactions.of(null),
        unanswered: this.#reactions.unansweredCount,
        byHour: [...Array(24).keys()]
          .map((hour) => ({ hour, ...this.#reactions.of(hour) }))
          .filter(({ answered }) => answered > 0),
      },
    };
  }

  #costs(answers: readonly SideAnswer[], weeks: number): Costs {
    const { atMs, noMs } = this.#columns;
    const isKnown = this.#reactions.noAnswerWithin(0, 0) !== null;
    const expired = { expected: 0, waitsLessThanMedian: 0, waitsLessThanP90: 0 };
    let [asked, askedAtNight, manualTasks, collected] = [0, 0, 0, 0];
    answers.forEach((answer, index) => {
      const { decision, terms } = answer;
      if (decision !== "requireApproval" || terms === null) {
        if (decision === "deny" && terms?.onDeny === "page") manualTasks += 1;
        else if (isCollected(answer)) collected += 1;
        return;
      }
      asked += 1;
      const hour = this.#hour(atMs.at(index));
      if (hour >= NIGHT.from || hour < NIGHT.to) askedAtNight += 1;
      if (!Number.isNaN(noMs.at(index))) manualTasks += 1;
      const silence = this.#reactions.noAnswerWithin(hour, terms.slaMs) ?? 0;
      const { medianMs, p90Ms } = this.#reactions.typical(hour);
      expired.expected += silence;
      if (medianMs !== null && terms.slaMs < medianMs) expired.waitsLessThanMedian += 1;
      if (p90Ms !== null && terms.slaMs < p90Ms) expired.waitsLessThanP90 += 1;
      if (terms.onExpiry === "reject") manualTasks += silence;
    });
    return {
      asked,
      askedPerWeek: tenths(asked / weeks),
      askedAtNight,
      expired: isKnown ? { ...expired, expected: tenths(expired.expected) } : null,
      manualTasks: tenths(manualTasks),
      collected,
      limits: this.#limits(answers),
    };
  }

  /** As if every limit alone stood in the way: what has no place takes none. */
  #limits(answers: readonly SideAnswer[]): LimitHits[] {
    const { atMs } = this.#columns;
    const length = answers.length;
    const [open, closed] = [new Float64Array(length), new Float64Array(length)];
    const [run, over] = [new Float64Array(length).fill(NaN), new Float64Array(length)];
    const isAutomatic = new Uint8Array(length);
    answers.forEach((answer, index) => {
      const at = atMs.at(index);
      const end = this.#endOf(answer, index);
      open[index] = answer.decision === "allow" || answer.decision === "requireApproval" ? at : NaN;
      closed[index] = end.atMs + (end.runs ? this.#columns.ranMs.at(index) : 0);
      if (!end.runs) return;
      run[index] = end.atMs;
      over[index] = end.atMs + HOUR_MS;
      isAutomatic[index] = end.isAutomatic ? 1 : 0;
    });
    const of = (index: number, isRun: boolean) => {
      const answer = answers[index];
      if (answer === undefined) throw new RangeError(`there is no proposal ${index}`);
      const { service, rule } = answer;
      const brakes = !isRun
        ? answer.openBrakes
        : isAutomatic[index] === 1
          ? answer.automaticBrakes
          : answer.approvedBrakes;
      return { service, rule, brakes };
    };
    return [
      ...hitsOf({ at: open, until: closed, of: (index) => of(index, false) }, "openProposals"),
      ...hitsOf({ at: run, until: over, of: (index) => of(index, true) }, "executionsPerHour"),
    ];
  }

  /** When it is decided and whether it runs then. Whoever was not asked then says yes after the usual time. */
  #endOf(
    { decision, terms }: SideAnswer,
    index: number,
  ): { atMs: number; runs: boolean; isAutomatic: boolean } {
    const at = this.#columns.atMs.at(index);
    if (decision === "allow") return { atMs: at, runs: true, isAutomatic: true };
    if (decision !== "requireApproval" || terms === null) {
      return { atMs: at, runs: false, isAutomatic: false };
    }
    const [yes, no] = [this.#columns.yesMs.at(index), this.#columns.noMs.at(index)];
    const isUnanswered = Number.isNaN(yes) && Number.isNaN(no);
    const wasAsked = this.#columns.before[index]?.decision === "requireApproval";
    const usual = this.#reactions.typical(this.#hour(at)).medianMs ?? 0;
    const silent = wasAsked ? Infinity : at + usual;
    const decidedAt = isUnanswered ? silent : Number.isNaN(no) ? yes : no;
    if (decidedAt <= at + terms.slaMs) {
      return { atMs: decidedAt, runs: Number.isNaN(no), isAutomatic: false };
    }
    return { atMs: at + terms.slaMs, runs: terms.onExpiry === "approve", isAutomatic: true };
  }

  #hour(atMs: number): number {
    return Math.floor((((atMs + this.#offset(atMs)) / HOUR_MS) % 24) + 24) % 24;
  }
}

function isCollected({ decision, terms }: SideAnswer): boolean {
  return decision === "deny"
    ? terms?.onDeny !== "note"
    : decision === "unknownRunbook" || decision === "invalidParameters";
}

/** The same row once, however many answers led to it; the largest first. */
function merged(all: readonly ChangedGroup[]): ChangedGroup[] {
  const rows = new Map<string, ChangedGroup>();
  for (const group of all) {
    if (group.differs.length === 0) continue;
    const { service, before, after, differs, proposals } = group;
    const key = JSON.stringify([service, before, after, differs]);
    rows.set(key, { ...group, proposals: proposals + (rows.get(key)?.proposals ?? 0) });
  }
  return [...rows.entries()]
    .sort(([a, one], [b, other]) => other.proposals - one.proposals || (a < b ? -1 : 1))
    .map(([, group]) => group);
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}
