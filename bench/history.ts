import { closeSync, openSync, writeSync } from "node:fs";
import {
  evaluate,
  parseGating,
  type Gating,
  type ServiceGating,
  type Subject,
} from "../functions/gate/gating/index.ts";

/*
 * An export of the audit trail as it would be after many proposals: who proposed what, what the gating said, how long people
 * took. The chains of hashes are left out, which nothing here looks at.
 */

const RUNBOOKS = ["failover", "restart", "drain", "diagnose"] as const;
const DAY_MS = 86_400_000;
const END_MS = Date.UTC(2026, 10, 23);

/** Services with rules of every kind. `isChanged`: after a pull request. */
export function historyGating(services: number, isChanged: boolean): Gating {
  return parseGating({
    services: Object.fromEntries(
      Array.from({ length: services }, (_, index) => [`service-${index}`, written(isChanged)]),
    ),
  });
}

function written(isChanged: boolean): object {
  return {
    runbooks: {
      failover: { automationAction: "01FAILOVER" },
      restart: { automationAction: "01RESTART", action: "restart_service" },
      drain: { automationAction: "01DRAIN", action: "drain_region" },
      diagnose: { automationAction: "01DIAGNOSE", action: "collect_diagnostics" },
    },
    rules: [
      {
        name: "freeze",
        match: {
          runbook: ["failover", "drain"],
          during: [
            { days: isChanged ? ["fri", "sat", "sun"] : ["sat", "sun"], timeZone: "Europe/Berlin" },
          ],
        },
        decision: "deny",
        onDeny: "page",
      },
      {
        name: "replicas",
        match: { titlePattern: "(?i)replica(s)? (lag|broken)", runbook: "failover" },
        decision: "requireApproval",
        sla: "30m",
      },
      {
        name: "p1",
        match: { priority: "P1", runbook: ["failover", "restart"] },
        decision: "requireApproval",
        sla: isChanged ? "2m" : "5m",
        limits: { openProposals: 3, executionsPerHour: 2 },
      },
      {
        name: "eu-critical",
        match: { severity: "critical", region: ["eu-west-1", "eu-central-1"] },
        decision: "requireApproval",
        onExpiry: "approve",
        acknowledgeRisk: true,
        sla: "10m",
      },
      {
        name: "by-night",
        match: { during: { from: "22:00", to: "06:00", timeZone: "UTC" } },
        decision: "requireApproval",
      },
      {
        name: "diagnose",
        match: { runbook: "diagnose" },
        decision: "allow",
        limits: { executionsPerHour: 5 },
      },
      {
        name: "low",
        match: { urgency: "low", proposer: ["ai-agent", "ci"] },
        decision: isChanged ? "requireApproval" : "allow",
        sla: "1h",
      },
    ],
    otherwise: "deny",
    limits: { executionsPerHour: 8 },
  };
}

export interface HistoryOptions {
  proposals: number;
  services: number;
  days: number;
  seed: number;
}

/** Writes the export; newest first, as the gate does. */
export function writeHistory(path: string, options: HistoryOptions): void {
  const file = openSync(path, "w", 0o600);
  let waiting: string[] = [];
  const put = (line: object): void => {
    waiting.push(`${JSON.stringify(line)}\n`);
    if (waiting.length < 4_000) return;
    writeSync(file, waiting.join(""));
    waiting = [];
  };
  try {
    history(options, put);
    writeSync(file, waiting.join(""));
  } finally {
    closeSync(file);
  }
}

function history(
  { proposals, services, days, seed }: HistoryOptions,
  put: (line: object) => void,
): void {
  const random = randomOf(seed);
  const { services: own } = historyGating(1, false);
  const gating = own["service-0"];
  if (gating === undefined) throw new Error("there is no gating");
  const at = new Date(END_MS).toISOString();
  put({ kind: "export", format: 1, gate: "http://127.0.0.1:8787", at });
  let events = 0;
  const event = (proposalId: string, seq: number, atMs: number, type: string, data: object) => {
    events += 1;
    const hash = `sha256:${"0".repeat(64)}`;
    put({ kind: "event", proposalId, seq, atMs, type, data, prevHash: hash, hash });
  };
  for (let index = 0; index < proposals; index += 1) {
    const id = `prop_${String(proposals - index).padStart(16, "0")}`;
    const service = `service-${Math.floor(random() * services)}`;
    const atMs = END_MS - Math.floor((days * DAY_MS * (index + random())) / proposals);
    const facts = subjectOf(random, gating, atMs);
    const { rule, decision, terms, trace } = evaluate(gating, facts);
    const request = {
      runbook: facts.runbook,
      service,
      parameters: {},
      justification: "It would help.",
      evidence: [],
    };
    event(id, 1, atMs - 5, "proposal.received", {
      source: { kind: "api" },
      proposer: facts.proposer,
      request,
    });
    event(id, 2, atMs, "proposal.weighed", {
      gatingHash: `sha256:${"1".repeat(64)}`,
      service,
      serviceName: service,
      facts,
      rule,
      decision,
      trace,
      incidentId: "Q1A2B3C4D5E6F7",
      serviceId: `P${service}`,
      target: { kind: "automationAction", actionId: "01FAILOVER" },
      parameters: {},
      digest: `sha256:${"2".repeat(64)}`,
    });
    const took = Math.floor(
      -Math.log(1 - random()) * (facts.atMs % DAY_MS < DAY_MS / 3 ? 600_000 : 120_000),
    );
    if (decision === "requireApproval") {
      const inTime = took < terms.slaMs;
      const end = atMs + Math.min(took, terms.slaMs);
      const isYes = random() < 0.8;
      const outcome = inTime ? (isYes ? "approved" : "rejected") : "expired";
      event(
        id,
        3,
        end,
        `decision.${inTime || terms.onExpiry === "reject" ? outcome : "approved"}`,
        {
          by: inTime ? "human" : terms.onExpiry === "approve" ? "onExpiry" : "gate",
          rule: null,
          note: null,
        },
      );
      const runs = inTime ? isYes : terms.onExpiry === "approve";
      event(id, 4, end + (runs ? 30_000 : 0), runs ? "outcome.executed" : "outcome.suppressed", {
        reason: "r",
        text: "t",
      });
    } else {
      event(id, 3, atMs, decision === "allow" ? "outcome.executed" : "outcome.suppressed", {
        reason: "r",
        text: "t",
      });
    }
    put({ kind: "head", proposalId: id, seq: 4, head: `sha256:${"0".repeat(64)}` });
  }
  put({ kind: "end", proposals, others: 0, events });
}

function subjectOf(random: () => number, gating: ServiceGating, atMs: number): Subject {
  const one = <Value>(values: readonly Value[]): Value => {
    const value = values[Math.floor(random() * values.length)];
    if (value === undefined) throw new RangeError("there is no value");
    return value;
  };
  const runbook = one(RUNBOOKS);
  return {
    event: null,
    action: gating.runbooks[runbook]?.action ?? "",
    runbook,
    proposer: one(["ai-agent", "ci", "on-call-bot"]),
    priority: one(["P1", "P2", "p3", null]),
    severity: one(["critical", "warning", null]),
    urgency: one(["high", "low"]),
    regions: one([["eu-west-1"], ["us-east-1"], []]),
    title: `${one(["Replica lag", "CPU at 98 %", "Requests time out"])} on node ${Math.floor(random() * 5_000)}`,
    atMs,
  };
}

/** mulberry32: the same numbers from the same seed. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
