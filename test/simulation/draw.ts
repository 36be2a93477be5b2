import { actsOf } from "./acts.ts";
import { Chance } from "./engine/chance.ts";
import { REMOTE_FAULTS, STORE_FAULTS } from "./engine/faults.ts";
import type { Plan } from "./plan.ts";
import type { SimGating, SimRule } from "./world/gatings.ts";

/** The history of a seed. */
export function planOf(seed: number, ledger: Plan["ledger"] = "sqlite"): Plan {
  const chance = new Chance(seed);
  const machines = chance.between("machines", 1, 3);
  const gatings = { PSVC001: gatingOf(chance, "PSVC001"), PSVC002: gatingOf(chance, "PSVC002") };
  return {
    seed,
    ledger,
    skewsMs: Array.from({ length: machines }, (_, i) =>
      chance.pick(`skew ${i}`, [0, 0, 0, -900, 700, 1_900, -1_500]),
    ),
    sweepEveryMs: chance.pick("sweep", [5_000, 5_000, 10_000, 20_000, 60_000]),
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
  if (!chance.happens("outage", 0.12)) {
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

function gatingOf(chance: Chance, service: string): SimGating {
  const at = (what: string) => `${service} ${what}`;
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
