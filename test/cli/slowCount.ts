import { readFileSync } from "node:fs";
import { z } from "zod";
import { evaluate, type Gating, type Subject } from "../../functions/gate/gating/index.ts";

/*
 * The bill of a replay counted again, slowly and by another hand: every line is parsed, every proposal weighed by the plain
 * `evaluate`, every list searched from its beginning. Shares nothing with `cli/gatingReplay`.
 */

const line = z.object({
  kind: z.string(),
  proposalId: z.string().optional(),
  atMs: z.number().optional(),
  type: z.string().optional(),
  data: z.looseObject({}).optional(),
});

const weighing = z.object({
  service: z.string(),
  facts: z.custom<Subject>(),
  rule: z.string().nullable(),
  decision: z.string(),
});

interface Proposal {
  service: string;
  facts: Subject;
  rule: string;
  decision: string;
  human: { at: number; yes: boolean } | null;
  expired: boolean;
  end: number | null;
}

function proposalsIn(file: string): Proposal[] {
  const trails = new Map<string, z.infer<typeof line>[]>();
  for (const text of readFileSync(file, "utf8").split("\n").filter(Boolean)) {
    const one = line.parse(JSON.parse(text));
    if (one.kind !== "event" || one.proposalId === undefined) continue;
    trails.set(one.proposalId, [...(trails.get(one.proposalId) ?? []), one]);
  }
  return [...trails.values()].flatMap((events) => {
    const weighed = events.find(({ type }) => type === "proposal.weighed")?.data;
    if (weighed === undefined) return [];
    const { service, facts, rule, decision } = weighing.parse(weighed);
    const decided = events.filter(({ type }) => type?.startsWith("decision.") === true);
    const byHuman = decided.find(({ data }) => data?.["by"] === "human");
    return [
      {
        service,
        facts,
        rule: rule ?? "otherwise",
        decision,
        human:
          byHuman === undefined
            ? null
            : { at: byHuman.atMs ?? 0, yes: byHuman.type === "decision.approved" },
        expired: decided.some(
          ({ type, data }) => type === "decision.expired" || data?.["by"] === "onExpiry",
        ),
        end: events.findLast(({ type }) => type?.startsWith("outcome.") === true)?.atMs ?? null,
      },
    ];
  });
}

function hourIn(timeZone: string, at: number): number {
  const format = new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", hourCycle: "h23" });
  return Number(format.format(at));
}

function answersOf(gating: Gating, proposals: readonly Proposal[]) {
  return proposals.map(({ service, facts }) => {
    const own = gating.services[service];
    if (own === undefined) throw new Error(`no gating of ${service}`);
    const { rule, decision, terms } = evaluate(own, facts);
    return { rule: rule ?? "otherwise", decision, terms, whole: own.limits };
  });
}

/** The same figures as the bill, for gatings that list every service and have every runbook. */
export function slowCount(before: Gating, after: Gating, file: string, timeZone: string) {
  const proposals = proposalsIn(file);
  const [was, is] = [answersOf(before, proposals), answersOf(after, proposals)];
  const hours = proposals.map(({ facts }) => hourIn(timeZone, facts.atMs));
  const reactions = proposals.flatMap(({ human, facts }, i) =>
    human === null ? [] : [{ hour: hours[i], ms: human.at - facts.atMs }],
  );
  const silences = proposals.flatMap(({ human, expired, end, facts }, i) =>
    human === null && expired && end !== null ? [{ hour: hours[i], ms: end - facts.atMs }] : [],
  );
  const silence = (hour: number, ms: number): number => {
    const share = (of: (one: { hour: number | undefined }) => boolean, least: number) => {
      const answered = reactions.filter(of);
      const unanswered = silences.filter((one) => of(one) && one.ms >= ms);
      const known = answered.length + unanswered.length;
      return known < least
        ? null
        : (answered.filter((one) => one.ms > ms).length + unanswered.length) / known;
    };
    return share((one) => one.hour === hour, 5) ?? share(() => true, 1) ?? 0;
  };
  const percentile = (hour: number | null, part: number): number | null => {
    const own = reactions.filter((one) => hour === null || one.hour === hour).map(({ ms }) => ms);
    if (hour !== null && own.length < 5) return percentile(null, part);
    return own.sort((a, b) => a - b)[Math.max(0, Math.ceil(own.length * part) - 1)] ?? null;
  };
  const costs = (answers: typeof was) => {
    const asked = answers.flatMap((answer, i) =>
      answer.decision === "requireApproval" ? [{ ...answer, i, hour: hours[i] ?? 0 }] : [],
    );
    const silent = asked.map(({ hour, terms }) => silence(hour, terms.slaMs));
    const denied = answers.filter(({ decision }) => decision === "deny");
    return {
      asked: asked.length,
      askedAtNight: asked.filter(({ hour }) => hour >= 22 || hour < 7).length,
      expected: sum(silent),
      median: asked.filter(({ hour, terms }) => terms.slaMs < (percentile(hour, 0.5) ?? 0)).length,
      p90: asked.filter(({ hour, terms }) => terms.slaMs < (percentile(hour, 0.9) ?? 0)).length,
      manualTasks:
        denied.filter(({ terms }) => terms.onDeny === "page").length +
        asked.filter(({ i }) => proposals[i]?.human?.yes === false).length +
        sum(asked.map(({ terms }, k) => (terms.onExpiry === "reject" ? (silent[k] ?? 0) : 0))),
      collected: denied.filter(({ terms }) => (terms.onDeny ?? "task") === "task").length,
      limits: limits(answers),
    };
  };
  const limits = (answers: typeof was) => {
    const open: [number, number, string[], number[]][] = [];
    const runs: [number, number, string[], number[]][] = [];
    answers.forEach(({ decision, rule, terms, whole }, i) => {
      const { facts, service, human, end } = proposals[i] ?? fail();
      const at = facts.atMs;
      if (decision === "deny") return;
      let [decided, yes, lane] = [at, true, "automatic"];
      if (decision === "requireApproval") {
        const first = was[i]?.decision === "requireApproval";
        const usual = at + (percentile(hours[i] ?? 0, 0.5) ?? 0);
        decided = human?.at ?? (first ? Infinity : usual);
        [yes, lane] = [human?.yes ?? true, "approved"];
        if (decided > at + terms.slaMs) {
          [decided, yes, lane] = [at + terms.slaMs, terms.onExpiry === "approve", "automatic"];
        }
      }
      const ran = yes ? (end ?? at) - (human?.at ?? end ?? at) : 0;
      const openLane = decision === "allow" ? "automatic" : "approved";
      const keys = (one: string) => [
        `${service}/${rule}/${one}`,
        ...(whole === undefined ? [] : [`${service}//${one}`]),
      ];
      open.push([
        at,
        decided + Math.max(0, ran),
        keys(openLane),
        [terms.limits.openProposals, whole?.openProposals ?? Infinity],
      ]);
      if (yes) {
        runs.push([
          decided,
          decided + 3_600_000,
          keys(lane),
          [terms.limits.executionsPerHour, whole?.executionsPerHour ?? Infinity],
        ]);
      }
    });
    return { open: hits(open), runs: hits(runs) };
  };
  return {
    proposals: proposals.length,
    otherwise: proposals.filter(
      ({ rule, decision }, i) => was[i]?.rule !== rule || was[i].decision !== decision,
    ).length,
    changed: was.filter(
      (one, i) =>
        JSON.stringify([one.rule, one.decision, told(one)]) !==
        JSON.stringify([is[i]?.rule, is[i]?.decision, told(is[i] ?? fail())]),
    ).length,
    answered: reactions.length,
    silences: silences.length,
    medianMs: percentile(null, 0.5),
    p90Ms: percentile(null, 0.9),
    before: costs(was),
    after: costs(is),
  };
}

/** What of the terms means something with the decision. */
function told({ decision, terms }: ReturnType<typeof answersOf>[number]): unknown {
  if (decision === "requireApproval") return terms;
  return decision === "deny" ? [terms.onDeny ?? "task", terms.coolDownMs] : terms.limits;
}

function hits(wishes: [number, number, string[], number[]][]): number {
  const taken: [string, number][] = [];
  let count = 0;
  const inOrder = wishes.map((wish, i) => ({ wish, i }));
  inOrder.sort((a, b) => a.wish[0] - b.wish[0] || a.i - b.i);
  for (const { wish } of inOrder) {
    const [at, until, keys, most] = wish;
    const isFull = keys.some(
      (key, k) =>
        taken.filter(([other, end]) => other === key && end > at).length >= (most[k] ?? Infinity),
    );
    if (isFull) count += 1;
    else for (const key of keys) taken.push([key, until]);
  }
  return count;
}

function sum(values: readonly number[]): number {
  return values.reduce((all, one) => all + one, 0);
}

function fail(): never {
  throw new Error("there is no such proposal");
}
