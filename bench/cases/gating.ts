import { evaluate, parseGating } from "../../functions/gate/gating/index.ts";
import type { Subject } from "../../functions/gate/gating/index.ts";
import type { BenchCase } from "./benchCase.ts";

const RULES = 20;

/** Finding a service among 1,000 and trying its 20 rules, of which only the last one matches. */
export const gating: BenchCase = (scale) => {
  const count = scale === "full" ? 1_000 : 10;
  const { services } = parseGating(
    Object.freeze({
      services: Object.fromEntries(
        Array.from({ length: count }, (_, index) => [`service-${index}`, serviceGating()]),
      ),
    }),
  );
  const byName = new Map(Object.entries(services));
  const names = [...byName.keys()];
  const operations = scale === "full" ? 5_000 : 50;
  const subject: Subject = {
    event: null,
    action: "restart",
    runbook: "restart",
    proposer: "ai-agent",
    priority: "P1",
    severity: null,
    urgency: "high",
    regions: ["eu-central-1"],
    title: "Requests time out",
    atMs: Date.UTC(2026, 10, 23, 10),
  };
  // What is looked up must be used, or the compiler leaves it out.
  let used = 0;
  const time = (operation: (name: string) => number): Promise<number> => {
    const began = performance.now();
    for (let index = 0; index < operations; index += 1) {
      used += operation(names[(index * 7919) % count] ?? "");
    }
    return Promise.resolve(((performance.now() - began) / operations) * 1_000);
  };
  const find = (name: string) => {
    const found = byName.get(name);
    if (found === undefined) {
      throw new Error(`no gating of ${name}`);
    }
    return found;
  };
  return Promise.resolve({
    rounds: scale === "full" ? 30 : 2,
    pair: {
      name: `gating of ${count} services with ${RULES} rules, the last one matching`,
      baseline: "looking the service up in a Map",
      unit: "µs" as const,
      operations,
      runSubject: () => time((name) => evaluate(find(name), subject).trace.length),
      runBaseline: () => time((name) => find(name).rules.length),
    },
    stop: () => {
      if (used === 0) {
        throw new Error("nothing was measured");
      }
      return Promise.resolve();
    },
  });
};

function serviceGating() {
  const rules = Array.from({ length: RULES - 1 }, (_, index) => ({
    name: `rule-${index}`,
    match: MATCHES[index % MATCHES.length]?.(index),
    decision: "requireApproval" as const,
    risk: 0.5,
    sla: "10m",
  }));
  return {
    runbooks: { restart: { automationAction: "01RESTART" } },
    rules: [
      ...rules,
      { name: "last", match: { priority: "P1" }, decision: "requireApproval" as const, sla: "5m" },
    ],
  };
}

/** None of them holds for the subject, each for another reason and only at its last field. */
const MATCHES = [
  (index: number) => ({ runbook: "restart", priority: "P1", region: `us-east-${index}` }),
  (index: number) => ({ runbook: "restart", proposer: `agent-${index}` }),
  (index: number) => ({ priority: ["P1", "P2"], titlePattern: `(?i)disk ${index} is full` }),
  (index: number) => ({
    urgency: "high" as const,
    during: {
      days: ["sat" as const, "sun" as const],
      from: `0${index % 10}:00`,
      to: `0${index % 10}:30`,
      timeZone: "Europe/Berlin",
    },
  }),
];
