import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Subject } from "./ledgerSubject.ts";
import { START_MS, newAlarm, newDelivery, newInvocation } from "./proposals.ts";

export function deliveryContract(subject: Subject): void {
  describe("accept", () => {
    it("keeps a delivery as it came", async () => {
      const delivery = newDelivery("d1");
      assert.equal(await subject.ledger.accept(delivery), "new");
      assert.deepEqual(await subject.ledger.getDelivery("d1"), delivery);
      assert.equal(await subject.ledger.getDelivery("d2"), null);
    });

    it("calls a delivery id or an event id that it saw before a duplicate, and keeps the first", async () => {
      const delivery = newDelivery("d1", { eventId: "e1" });
      await subject.ledger.accept(delivery);
      const sameDelivery = newDelivery("d1", { eventId: "e2", body: "{}" });
      const sameEvent = newDelivery("d2", { eventId: "e1", body: "{}" });
      assert.equal(await subject.ledger.accept(sameDelivery), "duplicate");
      assert.equal(await subject.ledger.accept(sameEvent), "duplicate");
      assert.deepEqual(await subject.ledger.getDelivery("d1"), delivery);
      assert.equal(await subject.ledger.getDelivery("d2"), null);
      assert.equal(await subject.ledger.accept(newDelivery("d3", { eventId: "e2" })), "new");
    });

    it("takes deliveries without an event id one by one", async () => {
      assert.equal(await subject.ledger.accept(newDelivery("d1", { eventId: null })), "new");
      assert.equal(await subject.ledger.accept(newDelivery("d2", { eventId: null })), "new");
      assert.equal(await subject.ledger.accept(newDelivery("d2", { eventId: null })), "duplicate");
    });

    it("takes exactly one of 50 parallel attempts of one event", async () => {
      const results = await Promise.all(
        Array.from({ length: 50 }, (_, i) =>
          subject.ledger.accept(newDelivery(`d${i % 10}`, { eventId: "e1" })),
        ),
      );
      assert.equal(results.filter((result) => result === "new").length, 1);
    });

    it("keeps a body of 256 KB that does not compress", async () => {
      const body = randomBytes(192 * 1024).toString("base64");
      const delivery = newDelivery("d1", { body });
      assert.equal(await subject.ledger.accept(delivery), "new");
      assert.equal((await subject.ledger.getDelivery("d1"))?.body, body);
    });
  });

  describe("saveDelivery", () => {
    it("writes what came of a delivery, which is then no longer due", async () => {
      const delivery = newDelivery("d1");
      await subject.ledger.accept(delivery);
      const again = { ...delivery, tries: 1, dueAtMs: START_MS + 60_000 };
      await subject.ledger.saveDelivery(again);
      assert.deepEqual(await subject.ledger.getDelivery("d1"), again);
      assert.equal(await subject.ledger.nextDueAtMs(), START_MS + 60_000);
      const result = "proposed p1";
      const done = { ...again, state: "done", result, dueAtMs: null, tries: 2 } as const;
      await subject.ledger.saveDelivery(done);
      assert.deepEqual(await subject.ledger.getDelivery("d1"), done);
      assert.equal(await subject.ledger.nextDueAtMs(), null);
      assert.equal(await subject.ledger.accept(delivery), "duplicate");
    });
  });
}

export function reportContract(subject: Subject): void {
  describe("alarms", () => {
    it("are raised once a key, and the first one stays", async () => {
      const first = newAlarm("bypass PX");
      assert.equal(await subject.ledger.raise(first), true);
      const again = newAlarm("bypass PX", { atMs: START_MS + 9, text: "again" });
      assert.equal(await subject.ledger.raise(again), false);
      assert.deepEqual(await subject.ledger.alarms(10), [first]);
    });

    it("are raised by exactly one of 50 at once", async () => {
      const results = await Promise.all(
        Array.from({ length: 50 }, () => subject.ledger.raise(newAlarm("bypass PX"))),
      );
      assert.equal(results.filter((isNew) => isNew).length, 1);
    });

    it("are listed newest first", async () => {
      const old = newAlarm("old", { atMs: START_MS - 1, kind: "neverRan", proposalId: "p1" });
      const young = newAlarm("young", { atMs: START_MS + 1 });
      const middle = newAlarm("middle", { incidentId: null });
      for (const alarm of [middle, young, old]) {
        await subject.ledger.raise(alarm);
      }
      assert.deepEqual(await subject.ledger.alarms(10), [young, middle, old]);
      assert.deepEqual(await subject.ledger.alarms(2), [young, middle]);
    });
  });

  describe("reported invocations", () => {
    it("are as they were put last", async () => {
      const pending = newInvocation("PX1");
      assert.equal(await subject.ledger.getInvocation("PX1"), null);
      await subject.ledger.putInvocation(pending);
      assert.deepEqual(await subject.ledger.getInvocation("PX1"), pending);
      const executed = { ...pending, verdict: "executed", proposalId: "p1" } as const;
      await subject.ledger.putInvocation(executed);
      assert.deepEqual(await subject.ledger.getInvocation("PX1"), executed);
      assert.deepEqual(await subject.ledger.invocations("PINC1", "PACT1"), [executed]);
    });

    it("are listed for one target on one incident, oldest first", async () => {
      const late = newInvocation("PX1", { firstSeenAtMs: START_MS + 2 });
      const early = newInvocation("PX2", { firstSeenAtMs: START_MS + 1, agentId: null });
      for (const invocation of [
        late,
        early,
        newInvocation("PX3", { incidentId: "PINC2" }),
        newInvocation("PX4", { targetId: "PACT2", kind: "incidentWorkflow" }),
      ]) {
        await subject.ledger.putInvocation(invocation);
      }
      assert.deepEqual(await subject.ledger.invocations("PINC1", "PACT1"), [early, late]);
      assert.deepEqual(await subject.ledger.invocations("PINC2", "PACT2"), []);
    });
  });
}
