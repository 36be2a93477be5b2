import assert from "node:assert/strict";
import type { ServiceGating } from "../../functions/gate/gating/index.ts";
import { manualTaskKey, gateIncidentLink } from "../../functions/gate/proposal/incidents.ts";
import { knownEventTypes } from "../../functions/pagerduty/event.ts";
import { newProposal, nextVersion } from "../contract/proposals.ts";
import { problemsOf, unchecked, withRules } from "../gate/gating/check/problemsOf.ts";
import { EventBench, INCIDENT, NOW, proposingFor, type Told } from "./eventBench.ts";

const HOUR_MS = 3_600_000;
const TRIGGERED = "incident.triggered";

describe("an event", () => {
  let bench: EventBench;
  beforeEach(() => {
    bench = new EventBench(proposingFor(TRIGGERED));
  });
  afterEach(() => bench.ledger.close());

  /** What comes of an event for which that gating is in force. */
  const resultOf = async (told: Told = {}, gating?: ServiceGating): Promise<string | null> => {
    bench.gating = gating ?? bench.gating;
    const { state, result } = await bench.tell(told);
    assert.equal(state, "done");
    return result;
  };

  for (const type of knownEventTypes) {
    const rule = { name: "r", decision: "deny", match: { event: type }, propose: "failover" };
    const mayMatch = problemsOf(withRules(rule)).length === 0;
    it(`of type ${type} proposes ${mayMatch ? "what a rule says" : "nothing, and no rule may name it"}`, async () => {
      await resultOf({ type }, proposingFor(type));
      const { proposals } = await bench.ledger.list({});
      assert.equal(proposals.length > 0, mayMatch);
      for (const { proposer, request } of proposals) {
        // What the checks of `match` take for granted.
        assert.deepEqual([proposer, request.severity, request.regions], ["pagerduty", null, []]);
      }
    });
  }

  it("keeps in the ledger which rule proposed, and why those before it did not", async () => {
    const event = { event: TRIGGERED };
    const gating = unchecked(
      { name: "deny", match: event, decision: "deny" },
      { name: "low", match: { ...event, priority: "P3" }, propose: "page", decision: "allow" },
      { name: "any", match: event, propose: "failover", decision: "requireApproval" },
    );
    assert.equal(await resultOf({}, gating), "proposal prop_1");
    const { proposal } = (await bench.ledger.get("prop_1")) ?? assert.fail();
    assert.equal(proposal.request.runbook, "failover");
    const [received] = await bench.ledger.events("prop_1");
    assert.equal(received?.type, "proposal.received");
    assert.deepEqual(received.data["trace"], [
      { rule: "low", matched: false, because: '`priority` is "P1", not "P3"' },
      { rule: "any", matched: true, because: "`event` holds" },
    ]);
  });

  it("is acted on for 72 hours, for longer than PagerDuty repeats it, and only kept after that", async () => {
    const old = "older than 72 hours: kept, not acted on";
    assert.equal(await resultOf({ occurredAtMs: NOW - 72 * HOUR_MS - 1 }), old);
    assert.equal(await resultOf({ occurredAtMs: NOW - 1000 * HOUR_MS }), old);
    assert.deepEqual(await bench.proposals(), []);
    assert.deepEqual(bench.sent, []);
    assert.equal(await resultOf({ occurredAtMs: NOW - 72 * HOUR_MS }), "proposal prop_1");
  });

  it("that is done is not taken again", async () => {
    const done = await bench.tell();
    bench.sent = [];
    assert.deepEqual(await bench.handle(done.id), done);
    assert.deepEqual(bench.sent, []);
  });

  it("proposes once, however often it comes, also after its proposal has ended", async () => {
    await resultOf({ id: "e1" });
    const { proposal } = (await bench.ledger.get("prop_1")) ?? assert.fail();
    const ended = nextVersion(proposal, { closedAtMs: NOW, dueAtMs: null });
    await bench.ledger.save(ended.proposal, ended.events, { dedupe: { kind: "release" } });
    assert.equal(await resultOf({ id: "e1" }), "joined proposal prop_1 (idempotencyKey)");
    assert.equal(await resultOf({ id: "e2" }), "proposal prop_3");
  });

  it("is answered by an earlier denial only under the gating that denied it", async () => {
    await resultOf();
    const { proposal } = (await bench.ledger.get("prop_1")) ?? assert.fail();
    const ended = nextVersion(proposal, { closedAtMs: NOW, dueAtMs: null });
    const dedupe = {
      kind: "coolDown",
      untilMs: NOW + HOUR_MS,
      scope: "all",
      gatingHash: "h",
    } as const;
    await bench.ledger.save(ended.proposal, ended.events, { dedupe });
    assert.equal(await resultOf(), "joined proposal prop_1 (coolDown)");
    bench.gatingHash = "mended";
    assert.equal(await resultOf(), "proposal prop_3");
  });

  const own: Record<string, (at: EventBench) => Promise<void> | void> = {
    "a task of the gate's": (at) => {
      at.incident = { ...INCIDENT, incidentKey: manualTaskKey("prop_9") };
    },
    "a page for an alarm of the gate's": (at) => {
      at.incident = { ...INCIDENT, title: "Approval gate: BypassDetected" };
    },
    "a task of the gate's of which only the ledger tells": async ({ ledger }) => {
      const { proposal, events } = newProposal("prop_9", { incidentId: "PINC9" });
      await ledger.create(proposal, events);
      const made = nextVersion(proposal);
      const links = [gateIncidentLink(INCIDENT.id)];
      assert.equal(await ledger.save(made.proposal, made.events, { links }), "saved");
    },
  };
  for (const [what, happens] of Object.entries(own)) {
    it(`of ${what} proposes nothing`, async () => {
      await happens(bench);
      assert.equal(await resultOf(), "an incident of the gate's own");
    });
  }

  it("of a service that is not gated proposes nothing", async () => {
    bench.listed = false;
    assert.equal(await resultOf(), "the service is not gated");
    assert.deepEqual(await bench.proposals(), []);
  });

  it("of an incident that is gone proposes nothing", async () => {
    bench.incident = null;
    assert.equal(await resultOf(), "the incident is gone");
  });

  it("of a note proposes nothing where the gate wrote it", async () => {
    const type = "incident.annotated";
    const noted = (content: string): Told => ({
      type,
      data: { type: "incident_note", id: "N1", content, incident: { id: INCIDENT.id } },
    });
    const gating = proposingFor(type);
    assert.equal(
      await resultOf(noted("[gate prop_1 proposed] failover"), gating),
      "a note of the gate's own",
    );
    assert.equal(
      await resultOf(noted("see [gate prop_1 proposed] above"), gating),
      "proposal prop_1",
    );
  });

  for (const [type, looks] of [
    ["incident.resolved", true],
    ["incident.service_updated", true],
    ["incident.reopened", true],
    ["incident.priority_updated", false],
  ] as const) {
    it(`of type ${type} has open proposals of its incident ${looks ? "" : "not "}looked at again`, async () => {
      for (const [id, incidentId] of [
        ["prop_7", INCIDENT.id],
        ["prop_8", "PINC8"],
      ] as const) {
        const { proposal, events } = newProposal(id, { incidentId });
        await bench.ledger.create(proposal, events);
      }
      const told = await resultOf({ type });
      assert.equal(
        told,
        `no rule proposes anything${looks ? "; 1 open proposals look again" : ""}`,
      );
      const { hints } = (await bench.ledger.get("prop_7")) ?? assert.fail();
      assert.deepEqual(
        hints.map(({ kind }) => kind),
        looks ? ["incident"] : [],
      );
      assert.deepEqual(bench.sent, looks ? [{ kind: "proposal", id: "prop_7" }] : []);
      assert.deepEqual((await bench.ledger.get("prop_8"))?.hints, []);
    });
  }

  it("that cannot be handled is tried on, and people hear of it after eight tries", async () => {
    bench.problem = new Error("PagerDuty is away");
    let delivery = await bench.tell();
    for (let tries = 1; tries < 8; tries += 1) {
      assert.deepEqual([delivery.state, delivery.tries], ["new", tries]);
      assert.ok((delivery.dueAtMs ?? 0) > bench.nowMs);
      assert.deepEqual(await bench.ledger.alarms(5), []);
      bench.nowMs = delivery.dueAtMs ?? 0;
      delivery = await bench.handle(delivery.id);
    }
    const [alarm] = await bench.ledger.alarms(5);
    assert.equal(alarm?.kind, "eventNotHandled");
    assert.equal(
      alarm.text,
      "A PagerDuty event (incident.triggered, delivery d1), and perhaps others, could not be handled in 8 tries: PagerDuty is away. Until it is, what it tells of is not acted on: a run past the gate, or an incident that has changed. It is tried on every five minutes.",
    );
    bench.problem = null;
    assert.equal((await bench.handle(delivery.id)).result, "proposal prop_1");
  });
});
