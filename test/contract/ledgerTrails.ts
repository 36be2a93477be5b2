import assert from "node:assert/strict";
import { GENESIS, verifyChain } from "../../functions/gate/proposal/audit.ts";
import type { Subject } from "./ledgerSubject.ts";
import { START_MS, newAlarm } from "./proposals.ts";

export function trailContract(subject: Subject): void {
  const told = async (name: string) => {
    const found = await subject.ledger.trail(name);
    if (found === null) {
      return null;
    }
    assert.deepEqual(verifyChain(name, found.events, found.trail.head), []);
    return found.events.map(({ type, atMs, data }) => ({ type, atMs, data }));
  };

  describe("the trail", () => {
    it("of something to which nothing happened is none", async () => {
      assert.equal(await subject.ledger.trail("kill-switch"), null);
      assert.deepEqual(await subject.ledger.trails(null), { trails: [], cursor: null });
    });

    it("of the kill switch tells every time that one was thrown, also at once", async () => {
      const state = { on: true, reason: "drill", by: "ana", atMs: START_MS };
      await subject.ledger.setKillSwitch(state);
      await subject.ledger.setKillSwitch({ ...state, service: "payments-db", runbook: "failover" });
      await subject.ledger.setKillSwitch({ ...state, on: false, reason: null, atMs: START_MS + 1 });
      const data = { service: null, runbook: null, reason: "drill", by: "ana" };
      const narrower = { ...data, service: "payments-db", runbook: "failover" };
      assert.deepEqual(await told("kill-switch"), [
        { type: "killSwitch.on", atMs: START_MS, data },
        { type: "killSwitch.on", atMs: START_MS, data: narrower },
        { type: "killSwitch.off", atMs: START_MS + 1, data: { ...data, reason: null } },
      ]);
      await Promise.all(
        Array.from({ length: 10 }, (_, i) =>
          subject.ledger.setKillSwitch({ ...state, service: `s${i}` }),
        ),
      );
      assert.equal((await told("kill-switch"))?.length, 13);
    });

    it("of a switch that is thrown again has both, while the switch stays on since the first, with both reasons", async () => {
      const { ledger } = subject;
      const scope = { service: "payments-db" };
      const first = { ...scope, on: true, reason: "drill", by: "ana", atMs: START_MS };
      assert.equal(await ledger.setKillSwitch(first), null);
      const again = { ...scope, on: true, reason: "and more", by: "jo", atMs: START_MS + 9 };
      assert.deepEqual(await ledger.setKillSwitch(again), first);
      const both = { ...first, reason: "drill; also: and more" };
      assert.deepEqual(await ledger.narrowerSwitches(), [both]);
      assert.deepEqual(
        (await told("kill-switch"))?.map(({ data }) => [data["by"], data["reason"]]),
        [
          ["ana", "drill"],
          ["jo", "and more"],
        ],
      );
      assert.deepEqual(await ledger.setKillSwitch({ ...again, on: false }), both);
      assert.equal(await ledger.setKillSwitch({ ...again, on: false }), null);
    });

    it("of an alarm tells that it was raised once and acknowledged once, by whom", async () => {
      const { ledger } = subject;
      const alarm = newAlarm("bypass/PX");
      await ledger.raise(alarm);
      await ledger.raise({ ...alarm, text: "again" });
      const first = { by: "ana", note: "it was a drill", atMs: START_MS + 5 };
      const acknowledged = { ...alarm, acknowledged: first };
      assert.deepEqual(await ledger.acknowledge("bypass/PX", first), acknowledged);
      const second = { by: "ben", note: null, atMs: START_MS + 9 };
      assert.deepEqual(await ledger.acknowledge("bypass/PX", second), acknowledged);
      assert.deepEqual(await ledger.alarms(10), [acknowledged]);
      const { kind, text, proposalId, incidentId } = alarm;
      assert.deepEqual(await told("alarm/bypass/PX"), [
        { type: "alarm.raised", atMs: alarm.atMs, data: { kind, text, proposalId, incidentId } },
        {
          type: "alarm.acknowledged",
          atMs: START_MS + 5,
          data: { by: "ana", note: "it was a drill" },
        },
      ]);
      assert.equal(await ledger.raise(alarm), false);
      assert.equal(await ledger.acknowledge("nobody", first), null);
      assert.equal(await ledger.trail("alarm/nobody"), null);
    });

    it("is acknowledged by exactly one of ten at once", async () => {
      await subject.ledger.raise(newAlarm("a"));
      await Promise.all(
        Array.from({ length: 10 }, (_, i) =>
          subject.ledger.acknowledge("a", { by: `n${i}`, note: null, atMs: START_MS }),
        ),
      );
      assert.equal((await told("alarm/a"))?.length, 2);
    });

    it("grows only from how it was seen", async () => {
      const { ledger } = subject;
      const to = { subject: "gating/payments-db", state: "sha256:1" };
      const facts = [{ type: "gating.inForce", data: { hash: "sha256:1" } }];
      const results = await Promise.all(
        Array.from({ length: 10 }, () => ledger.chronicle(null, to, facts, START_MS)),
      );
      assert.equal(results.filter((isDone) => isDone).length, 1);
      const found = await ledger.trail(to.subject);
      assert.equal(found?.trail.state, "sha256:1");
      assert.equal(found.trail.head.seq, 1);
      assert.equal(found.events[0]?.prevHash, GENESIS);
      const next = { ...to, state: null };
      assert.equal(await ledger.chronicle(found.trail, next, facts, START_MS), true);
      assert.equal(await ledger.chronicle(found.trail, next, facts, START_MS), false);
      assert.equal(await ledger.chronicle(null, next, facts, START_MS), false);
      assert.equal((await told(to.subject))?.length, 2);
      assert.equal((await ledger.trail(to.subject))?.trail.state, null);
    });

    it("is listed with all others, in pages", async () => {
      const { ledger } = subject;
      const names = Array.from({ length: 205 }, (_, i) => `gating/s#${i}`);
      const facts = [{ type: "gating.inForce", data: {} }];
      for (const name of names) {
        await ledger.chronicle(null, { subject: name, state: "h" }, facts, START_MS);
      }
      const first = await ledger.trails(null);
      assert.ok(first.cursor !== null);
      const second = await ledger.trails(first.cursor);
      assert.equal(second.cursor, null);
      const listed = [...first.trails, ...second.trails];
      assert.deepEqual(listed.map((one) => one.subject).sort(), names.sort());
      const found = await ledger.trail("gating/s#7");
      assert.deepEqual(
        listed.find((one) => one.subject === "gating/s#7"),
        found?.trail,
      );
    });
  });
}
