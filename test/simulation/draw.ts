import { actsOf } from "./acts.ts";
import { Chance } from "./engine/chance.ts";
import { REMOTE_FAULTS, STORE_FAULTS } from "./engine/faults.ts";
import type { Plan } from "./plan.ts";
import type { SimGating, SimRule } from "./world/gatings.ts";

const START_MS = Date.UTC(2026, 10, 23, 10, 0, 0);
/** Sweeps look at services and subscriptions in each fifth minute: few histories begin in one. Another meets midnight. */
const STARTS_MS = [
  60_000,
  60_000,
  90_000,
  150_000,
  240_000,
  0,
  13 * 3_600_000 + 57 * 60_000,
] as const;

/** So many different ones are drawn: reading a gating takes longer than much of a history, and what was read is kept. */
const GATINGS = 1_000;

/** The history of a seed. */
export function planOf(seed: number, ledger: Plan["ledger"] = "sqlite"): Plan {
  const chance = new Chance(seed);
  const machines = chance.between("machines", 1, 3);
  const gatings = {
    PSVC001: gatingOf(chance.between("gating 1", 1, GATINGS)),
    PSVC002: gatingOf(chance.between("gating 2", 1, GATINGS)),
  };
  return {
    seed,
    ledger,
    startMs: START_MS + chance.pick("start", STARTS_MS),
    skewsMs: Array.from({ length: machines }, (_, i) =>
      chance.pick(`skew ${i}`, [0, 0, 0, -900, 700, 1_900, -1_500]),
    ),
    sweepEveryMs: chance.pick("sweep", [5_000, 10_000, 20_000, 60_000, 60_000]),
    gatings,
    acts: actsOf(chance, gatings),
    ...faultsOf(chance),
    outages: outagesOf(chance),
    leftOut: [],
  };
}

/** Few kinds of faults at a time, so that each kind meets histories that nothing else disturbs. */
function faultsOf(chance: Chance): Pick<Plan, "rates" | "mostFaults"> {
  const rates: Plan["rates"] = {};
  const level = chance.pick("level", [0, 0.004, 0.01, 0.02, 0.04]);
  for (const fault of new Set([...REMOTE_FAULTS, ...STORE_FAULTS])) {
    if (chance.happens(`fault ${fault}`, 0.3)) {
      rates[fault] = level;
    }
  }
  return { rates, mostFaults: chance.between("mostFaults", 1, 7) };
}

/** Now and then one of both is away for a while. */
function outagesOf(chance: Chance): NonNullable<Plan["outages"]> {
  if (!chance.happens("outage", 0.2)) {
    return [];
  }
  const fromMs = chance.between("outage from", 0, 150_000);
  return [
    {
      remote: chance.pick("outage of", ["pagerduty", "cheqpoint"]),
      fromMs,
      toMs: fromMs + chance.pick("outage for", [8_000, 40_000, 100_000, 200_000]),
      hangs: chance.happens("outage hangs", 0.5),
    },
  ];
}

/** Rules that would change everything if they were not only tried. */
function dryRules(chance: Chance): SimRule[] {
  const dry = { dryRun: true } as const;
  const [allows, freezes, asks]: [SimRule, SimRule, SimRule] = [
    { name: "dry-allow", match: {}, decision: "allow", validFor: "2m", ...dry },
    { name: "dry-freeze", match: {}, decision: "deny", ...dry },
    {
      name: "dry-event",
      match: { event: "incident.triggered" },
      propose: "drain",
      decision: "requireApproval",
      ...dry,
    },
  ];
  return chance.pick("dry which", [[allows], [freezes], [asks], [asks, allows]]);
}

function gatingOf(which: number): SimGating {
  const chance = new Chance(which);
  const at = (what: string) => `gating ${what}`;
  const rules: SimRule[] = [];
  const terms = {
    sla: chance.pick(at("sla"), ["1m", "2m", "3m"]),
    validFor: chance.pick(at("validFor"), ["1m", "2m", "5m"]),
    ...(chance.happens(at("coolDown"), 0.4)
      ? { coolDown: chance.pick(at("how long"), ["2m", "10m"]) }
      : {}),
    ...(chance.happens(at("rules may"), 0.3) ? { acceptRuleApprovals: true } : {}),
    ...(chance.happens(at("poll"), 0.2) ? { delivery: "poll" as const } : {}),
  };
  const silent = { onExpiry: "approve" as const, acknowledgeRisk: true };
  if (chance.happens(at("trusted"), 0.35)) {
    rules.push({
      name: "trusted",
      match: { proposer: "trusted" },
      decision: "allow",
      validFor: terms.validFor,
    });
  }
  if (chance.happens(at("quiet"), 0.5)) {
    rules.push(
      chance.happens(at("quiet allows"), 0.5)
        ? {
            name: "quiet",
            match: { runbook: "alias" },
            decision: "allow",
            validFor: terms.validFor,
          }
        : {
            name: "quiet",
            match: { runbook: "alias" },
            decision: "requireApproval",
            ...terms,
            ...silent,
          },
    );
  }
  if (chance.happens(at("event"), 0.2)) {
    const event = { match: { event: "incident.triggered" }, propose: "drain" } as const;
    rules.push(
      chance.happens(at("event allows"), 0.4)
        ? { name: "event", ...event, decision: "allow", validFor: terms.validFor }
        : { name: "event", ...event, decision: "requireApproval", ...terms },
    );
  }
  if (chance.happens(at("dry"), 0.2)) {
    rules.unshift(...dryRules(chance));
  }
  for (const runbook of ["failover", "drain"] as const) {
    rules.push({
      name: runbook,
      match: { runbook },
      decision: "requireApproval",
      ...terms,
      ...(chance.happens(at(`silent ${runbook}`), 0.2) ? silent : {}),
      editable: ["max_replicas"],
      ...(chance.happens(at("page"), 0.2)
        ? { escalateAfter: "30s", escalateTo: { escalationPolicy: "PEP0002" } }
        : {}),
    });
  }
  rules.push({ name: "others", match: {}, decision: "requireApproval", ...terms });
  return {
    rules,
    actionId: "01FAILOVER",
    defaultReplicas: chance.happens(at("default"), 0.3) ? 3 : null,
  };
}
