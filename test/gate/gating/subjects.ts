import fc from "fast-check";
import type { Subject } from "../../../functions/gate/gating/index.ts";

/** Tuesday, 24 November 2026, 10:00 UTC. */
export const tuesday = Date.parse("2026-11-24T10:00:00Z");

/** A proposal of the failover on a P1, unless said otherwise. */
export function subject(fields: Partial<Subject> = {}): Subject {
  return {
    event: null,
    action: "run_auto_remediation_runbook",
    runbook: "failover",
    proposer: "healer",
    priority: "P1",
    severity: "critical",
    urgency: "high",
    regions: ["us-east-1"],
    title: "payments-db CPU at 98%",
    atMs: tuesday,
    ...fields,
  };
}

const actions = {
  failover: "run_auto_remediation_runbook",
  restart: "restart_service",
  page: "escalate_incident",
} as const;

/** Few values for each field, so that rules and proposals often meet. */
export const values = {
  event: ["incident.triggered", "incident.annotated"],
  priority: ["P1", "P2"],
  severity: ["critical", "warning"],
  urgency: ["high", "low"],
  region: ["us-east-1", "eu-west-1", "ap-south-1"],
  proposer: ["healer", "bot"],
  runbook: ["failover", "restart", "page"],
  action: Object.values(actions),
  titlePattern: ["^payments", "CPU"],
} as const;

/** Windows that hold now and then. */
const windows = [
  { days: ["sat", "sun"], timeZone: "Europe/Berlin" },
  { from: "22:00", to: "06:00", timeZone: "UTC" },
] as const;

function some<Value>(from: readonly Value[]): fc.Arbitrary<Value[]> {
  return fc.subarray([...from], { minLength: 1 });
}

const read = {
  action: some(values.action),
  priority: some(values.priority),
  urgency: some(values.urgency),
  runbook: some(values.runbook),
  titlePattern: some(values.titlePattern),
  during: some(windows),
};
const claimed = {
  severity: some(values.severity),
  region: some(values.region),
  proposer: some(values.proposer),
};

/** What may stand in `match`: an event has none of what a proposer claims. */
export const anyMatch = fc.oneof(
  { arbitrary: fc.record({ ...claimed, ...read }, { requiredKeys: [] }), weight: 3 },
  {
    arbitrary: fc.record({ event: some(values.event), ...read }, { requiredKeys: ["event"] }),
    weight: 1,
  },
);

function orOther(from: readonly string[]): fc.Arbitrary<string | null> {
  return fc.constantFrom(...from, ...from.map((value) => value.toLowerCase()), "other", null);
}

/** A proposal of one of the runbooks. */
export const anySubject: fc.Arbitrary<Subject> = fc
  .record({
    event: fc.constantFrom(...values.event, "incident.resolved", null),
    runbook: fc.constantFrom("failover", "restart", "page"),
    proposer: fc.constantFrom(...values.proposer, "other"),
    priority: orOther(values.priority),
    severity: orOther(values.severity),
    urgency: fc.constantFrom("high", "low", null),
    regions: fc.subarray([...values.region, "other"]),
    title: fc.constantFrom("payments-db CPU at 98%", "payments-db down", "CPU", ""),
    atMs: fc.integer({ min: 0, max: 335 }).map((half) => tuesday + half * 1_800_000),
  })
  .map((fields) => ({ ...fields, action: actions[fields.runbook] }));
