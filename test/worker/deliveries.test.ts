import assert from "node:assert/strict";
import type { ServiceGating } from "../../functions/gate/gating/index.ts";
import type { Incident } from "../../functions/gate/proposal/proposal.ts";
import { knownEventTypes } from "../../functions/pagerduty/event.ts";
import { deliver } from "../../functions/worker/deliveries.ts";
import type { WorkerPorts } from "../../functions/worker/ports.ts";
import { openSqliteLedger } from "../../local/ledger/ledger.ts";
import { problemsOf, unchecked, withRules } from "../gate/gating/check/problemsOf.ts";

const NOW = Date.parse("2026-11-23T10:00:00Z");

const incident: Incident = {
  id: "QINCIDENT",
  number: 4421,
  title: "db unreachable",
  status: "triggered",
  url: null,
  priority: "P1",
  urgency: "high",
  serviceId: "PSVC001",
  serviceName: "db",
  escalationPolicyId: null,
  assigneeIds: [],
  incidentKey: null,
  createdAtMs: NOW - 60_000,
};

/** A rule that proposes for an event type, whether or not the checks let it be written. */
function proposingFor(type: string): ServiceGating {
  const rule = { name: "r", decision: "deny", match: { event: "incident.triggered" } };
  const [first] = unchecked({ ...rule, propose: "failover" }).rules;
  assert(first !== undefined);
  return { ...unchecked(), rules: [{ ...first, match: { ...first.match, event: [type] } }] };
}

/** The event's data as PagerDuty sends it, as far as the gate looks into it. */
function dataOf(type: string): object {
  const reference = { id: incident.id };
  if (type.startsWith("incident.action_invocation.")) {
    const data = { id: "INV1", state: "running", action: { id: "01A" }, incident: reference };
    return { type: "incident_action_invocation", ...data };
  }
  if (type.startsWith("incident.workflow.")) {
    const data = { id: "WF1", incident_workflow: { id: "PWF0001" }, incident: reference };
    return { type: "incident_workflow_instance", ...data };
  }
  if (type === "incident.annotated") {
    return { type: "incident_note", id: "N1", content: "looking", incident: reference };
  }
  return { type: "something", id: "X1", incident: reference };
}

/** What a rule proposes for one event of that type. */
async function proposedFor(type: string, gating: ServiceGating) {
  const clock = { now: () => NOW };
  const ledger = openSqliteLedger(":memory:", clock);
  const silent = () => undefined;
  const ports = {
    clock,
    ledger,
    ids: { proposalId: () => "prop_1" },
    queue: { send: () => Promise.resolve() },
    gating: {
      find: () => Promise.resolve({ key: "db", listed: true, hash: "h", gating }),
      inForce: () => Promise.resolve({ services: [] }),
    },
    pagerDuty: { incident: () => Promise.resolve(incident) },
    log: { debug: silent, info: silent, warn: silent, error: silent },
    metrics: { count: silent },
  } as unknown as WorkerPorts;
  try {
    await ledger.accept({
      id: "d1",
      eventId: "e1",
      subscriptionId: null,
      receivedAtMs: NOW,
      eventType: type,
      body: JSON.stringify({ event: { id: "e1", event_type: type, data: dataOf(type) } }),
      state: "new",
      tries: 0,
      dueAtMs: NOW,
      result: null,
    });
    await deliver(ports, "d1");
    const { tries, state } = (await ledger.getDelivery("d1")) ?? assert.fail();
    assert.deepEqual([tries, state], [1, "done"]);
    const { proposals } = await ledger.list({});
    return { proposal: proposals[0] ?? null, events: await ledger.events("prop_1") };
  } finally {
    ledger.close();
  }
}

describe("an event", () => {
  for (const type of knownEventTypes) {
    const rule = { name: "r", decision: "deny", match: { event: type }, propose: "failover" };
    const mayMatch = problemsOf(withRules(rule)).length === 0;
    it(`of type ${type} proposes ${mayMatch ? "what a rule says" : "nothing, and no rule may name it"}`, async () => {
      const { proposal } = await proposedFor(type, proposingFor(type));
      assert.equal(proposal !== null, mayMatch);
      if (proposal !== null) {
        const { proposer, request } = proposal;
        // What the checks of `match` take for granted.
        assert.deepEqual([proposer, request.severity, request.regions], ["pagerduty", null, []]);
      }
    });
  }

  it("keeps in the ledger which rule proposed, and why those before it did not", async () => {
    const event = { event: "incident.triggered" };
    const gating = unchecked(
      { name: "deny", match: event, decision: "deny" },
      { name: "low", match: { ...event, priority: "P3" }, propose: "page", decision: "allow" },
      { name: "any", match: event, propose: "failover", decision: "requireApproval" },
    );
    const { proposal, events } = await proposedFor("incident.triggered", gating);
    assert.equal(proposal?.request.runbook, "failover");
    assert.equal(events[0]?.type, "proposal.received");
    assert.deepEqual(events[0].data["trace"], [
      { rule: "low", matched: false, because: '`priority` is "P1", not "P3"' },
      { rule: "any", matched: true, because: "`event` holds" },
    ]);
  });
});
