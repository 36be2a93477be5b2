import assert from "node:assert/strict";
import { verifyChain } from "../../functions/gate/proposal/audit.ts";
import type { Hint } from "../../functions/gate/ports/index.ts";
import type { Proposal } from "../../functions/gate/proposal/proposal.ts";
import type { Subject } from "./ledgerSubject.ts";
import { START_MS, anIncident, newProposal, nextVersion } from "./proposals.ts";
import type { Written } from "./proposals.ts";

const HOUR_MS = 3_600_000;

export async function createNew(subject: Subject, written: Written): Promise<Proposal> {
  const result = await subject.ledger.create(written.proposal, written.events);
  assert.deepEqual(result, { created: true, proposal: written.proposal });
  return written.proposal;
}

export function proposalContract(subject: Subject): void {
  describe("get and events", () => {
    it("gives a proposal back as it was created, with its event", async () => {
      const { proposal, events } = newProposal("p1", {
        incident: anIncident,
        source: { kind: "orchestration" },
        duties: {
          manualTask: {
            state: "waiting",
            tries: 1,
            refusals: 1,
            unclear: false,
            claimedAtMs: START_MS,
            nextAtMs: START_MS + 5,
            ref: null,
            problem: "refused: “no such user” 🚫",
          },
        },
      });
      await createNew(subject, { proposal, events });
      assert.deepEqual(await subject.ledger.get("p1"), { proposal, hints: [] });
      assert.deepEqual(await subject.ledger.events("p1"), events);
    });

    it("knows nothing of a proposal that was never created", async () => {
      assert.equal(await subject.ledger.get("nobody"), null);
      assert.deepEqual(await subject.ledger.events("nobody"), []);
    });

    it("keeps a large proposal whole", async () => {
      const justification = Array.from({ length: 20_000 }, (_, i) => `réason ${i}`).join(" ");
      const { proposal, events } = newProposal("p1");
      const large = { ...proposal, request: { ...proposal.request, justification } };
      await createNew(subject, { proposal: large, events });
      assert.deepEqual((await subject.ledger.get("p1"))?.proposal, large);
    });

    it("keeps events in the order of their numbers, past nine and past ninety-nine", async () => {
      let written = newProposal("p1");
      let proposal = await createNew(subject, written);
      const all = [...written.events];
      for (let round = 0; round < 8; round += 1) {
        const facts = Array.from({ length: 15 }, (_, i) => ({ type: "x", data: { round, i } }));
        written = nextVersion(proposal, {}, facts);
        assert.equal(await subject.ledger.save(written.proposal, written.events), "saved");
        proposal = written.proposal;
        all.push(...written.events);
      }
      const kept = await subject.ledger.events("p1");
      assert.deepEqual(kept, all);
      assert.deepEqual(verifyChain("p1", kept, proposal.audit), []);
    });
  });

  describe("save", () => {
    it("writes the next version with its events", async () => {
      const first = newProposal("p1");
      await createNew(subject, first);
      const next = nextVersion(first.proposal, { incident: anIncident });
      assert.equal(await subject.ledger.save(next.proposal, next.events), "saved");
      assert.deepEqual((await subject.ledger.get("p1"))?.proposal, next.proposal);
      assert.deepEqual(await subject.ledger.events("p1"), [...first.events, ...next.events]);
    });

    it("writes a version without events", async () => {
      const first = newProposal("p1");
      await createNew(subject, first);
      const next = nextVersion(first.proposal, { lookFailures: 1 }, []);
      assert.equal(await subject.ledger.save(next.proposal, []), "saved");
      assert.equal((await subject.ledger.get("p1"))?.proposal.lookFailures, 1);
    });

    it("is stale for a version that is not the next one, and changes nothing", async () => {
      const first = newProposal("p1");
      await createNew(subject, first);
      const second = nextVersion(first.proposal);
      await subject.ledger.save(second.proposal, second.events);
      const late = nextVersion(first.proposal, { lookFailures: 9 });
      const early = nextVersion(nextVersion(second.proposal).proposal);
      assert.equal(await subject.ledger.save(late.proposal, late.events), "stale");
      assert.equal(await subject.ledger.save(early.proposal, early.events), "stale");
      assert.deepEqual((await subject.ledger.get("p1"))?.proposal, second.proposal);
      assert.equal((await subject.ledger.events("p1")).length, 2);
    });

    it("is stale for a proposal that does not exist", async () => {
      const { proposal, events } = nextVersion(newProposal("p1").proposal);
      assert.equal(await subject.ledger.save(proposal, events), "stale");
      assert.equal(await subject.ledger.get("p1"), null);
    });

    it("lets exactly one of 50 parallel saves of one version through, with its events only", async () => {
      const first = newProposal("p1");
      await createNew(subject, first);
      const rivals = Array.from({ length: 50 }, (_, i) =>
        nextVersion(first.proposal, { lookFailures: i + 1 }, [{ type: "rival", data: { i } }]),
      );
      const results = await Promise.all(
        rivals.map((rival) => subject.ledger.save(rival.proposal, rival.events)),
      );
      assert.equal(results.filter((result) => result === "saved").length, 1);
      assert.equal(results.filter((result) => result === "stale").length, 49);
      const winner = rivals[results.indexOf("saved")];
      assert.ok(winner !== undefined);
      assert.deepEqual((await subject.ledger.get("p1"))?.proposal, winner.proposal);
      assert.deepEqual(await subject.ledger.events("p1"), [...first.events, ...winner.events]);
    });
  });

  describe("the kill switch", () => {
    it("is off in a ledger that was never told", async () => {
      const off = { on: false, reason: null, by: null, atMs: 0 };
      assert.deepEqual(await subject.ledger.killSwitch(), off);
    });

    it("is as it was set last", async () => {
      const on = { on: true, reason: "maintenance", by: "ana", atMs: START_MS };
      const off = { on: false, reason: null, by: "ben", atMs: START_MS + 1 };
      await subject.ledger.setKillSwitch(on);
      assert.deepEqual(await subject.ledger.killSwitch(), on);
      await subject.ledger.setKillSwitch(off);
      assert.deepEqual(await subject.ledger.killSwitch(), off);
    });

    it("holds a save that requires it off, and only that, until it is off again", async () => {
      const first = newProposal("p1");
      await createNew(subject, first);
      const next = nextVersion(first.proposal);
      const guard = { requireKillSwitchOff: true };
      await subject.ledger.setKillSwitch({ on: true, reason: null, by: "ana", atMs: START_MS });
      assert.equal(await subject.ledger.save(next.proposal, next.events, guard), "killSwitch");
      assert.deepEqual((await subject.ledger.get("p1"))?.proposal, first.proposal);
      assert.equal((await subject.ledger.events("p1")).length, 1);
      assert.equal(await subject.ledger.save(next.proposal, next.events), "saved");

      await subject.ledger.setKillSwitch({ on: false, reason: null, by: "ana", atMs: START_MS });
      const third = nextVersion(next.proposal);
      assert.equal(await subject.ledger.save(third.proposal, third.events, guard), "saved");
    });

    it("holds a service, a runbook or both, by every name of the service, and nothing else", async () => {
      const first = newProposal("p1", { incident: anIncident });
      const { ledger } = subject;
      let last = await createNew(subject, first);
      const guard = { requireKillSwitchOff: true };
      const claim = async () => {
        const next = nextVersion(last);
        const result = await ledger.save(next.proposal, next.events, guard);
        last = result === "saved" ? next.proposal : last;
        return result;
      };
      const state = { on: true, reason: "looking", by: "ana", atMs: START_MS };
      const { service, runbook } = first.proposal.request;
      for (const held of [
        { service },
        { service: anIncident.serviceId },
        { service: anIncident.serviceName },
        { runbook },
        { service, runbook },
      ]) {
        await ledger.setKillSwitch({ ...state, ...held });
        assert.equal(await claim(), "killSwitch", JSON.stringify(held));
        assert.deepEqual(await ledger.killSwitch(last), { ...state, ...held });
        assert.equal((await ledger.killSwitch()).on, false);
        await ledger.setKillSwitch({ ...state, ...held, on: false });
        assert.equal(await claim(), "saved", JSON.stringify(held));
      }
      for (const other of [
        { service: "search" },
        { runbook: "other" },
        { service: "search", runbook },
        { service, runbook: "other" },
        { service: runbook },
      ]) {
        await ledger.setKillSwitch({ ...state, ...other });
        assert.equal(await claim(), "saved", JSON.stringify(other));
        assert.equal((await ledger.killSwitch(last)).on, false);
      }
      assert.equal((await ledger.narrowerSwitches()).length, 5);
    });

    it("keeps narrower switches while that for everything is thrown, and the other way round", async () => {
      const { ledger } = subject;
      const state = { on: true, reason: null, by: "ana", atMs: START_MS };
      const held = ["a", "b", "c", "d"].map((service) => ({ ...state, service }));
      // At once: none may be lost.
      await Promise.all([...held, state].map((one) => ledger.setKillSwitch(one)));
      assert.equal((await ledger.killSwitch()).on, true);
      await ledger.setKillSwitch({ ...state, on: false });
      const services = (await ledger.narrowerSwitches()).map(({ service }) => service);
      assert.deepEqual(services.sort(), ["a", "b", "c", "d"]);
    });

    it("holds nothing back when it was never set", async () => {
      const first = newProposal("p1");
      await createNew(subject, first);
      const next = nextVersion(first.proposal);
      const guard = { requireKillSwitchOff: true };
      assert.equal(await subject.ledger.save(next.proposal, next.events, guard), "saved");
    });
  });

  describe("several refused guards", () => {
    it("are told in the order stale, changed, killSwitch, limit, dedupe", async () => {
      await createNew(subject, newProposal("holder", { dedupeKey: "taken" }));
      const first = newProposal("p1");
      await createNew(subject, first);
      const next = nextVersion(first.proposal, { dedupeKey: "taken" });
      const stale = nextVersion(next.proposal);
      const unchanged = [{ name: "a no that was there", version: "1" }];
      const all = {
        unchanged,
        requireKillSwitchOff: true,
        reserve: [{ key: "full", limit: 0, atMs: START_MS, untilMs: START_MS + HOUR_MS }],
        dedupe: { kind: "move", to: "taken" },
      } as const;
      const { unchanged: _seen, ...others } = all;
      const { reserve, dedupe } = all;
      const killSwitch = { on: true, reason: null, by: null, atMs: START_MS };
      await subject.ledger.setKillSwitch(killSwitch);
      assert.equal(await subject.ledger.save(stale.proposal, stale.events, all), "stale");
      assert.equal(await subject.ledger.save(next.proposal, next.events, all), "changed");
      assert.equal(await subject.ledger.save(next.proposal, next.events, others), "killSwitch");
      await subject.ledger.setKillSwitch({ ...killSwitch, on: false });
      assert.equal(await subject.ledger.save(next.proposal, next.events, others), "limit");
      assert.equal(
        await subject.ledger.save(next.proposal, next.events, { reserve, dedupe }),
        "limit",
      );
      assert.equal(await subject.ledger.save(next.proposal, next.events, { dedupe }), "dedupe");
      assert.deepEqual((await subject.ledger.get("p1"))?.proposal, first.proposal);
    });
  });

  describe("links", () => {
    it("lead to the proposal that was saved with them", async () => {
      const first = newProposal("p1");
      await createNew(subject, first);
      const next = nextVersion(first.proposal);
      const links = ["callback abc", "invocation PX/1", "callback abc"];
      await subject.ledger.save(next.proposal, next.events, { links });
      assert.equal(await subject.ledger.link("callback abc"), "p1");
      assert.equal(await subject.ledger.link("invocation PX/1"), "p1");
      assert.equal(await subject.ledger.link("callback"), null);
    });

    it("stay as they are when another proposal names them, which is saved all the same", async () => {
      const [one, two] = [newProposal("p1"), newProposal("p2")];
      await createNew(subject, one);
      await createNew(subject, two);
      const links = ["callback abc"];
      const oneNext = nextVersion(one.proposal);
      const twoNext = nextVersion(two.proposal);
      await subject.ledger.save(oneNext.proposal, oneNext.events, { links });
      assert.equal(await subject.ledger.save(twoNext.proposal, twoNext.events, { links }), "saved");
      assert.equal(await subject.ledger.link("callback abc"), "p1");
    });

    it("that are taken belong to one proposal alone: another's save is refused whole", async () => {
      const [one, two] = [newProposal("p1"), newProposal("p2")];
      await createNew(subject, one);
      await createNew(subject, two);
      const take = "invocation PX/1";
      const oneNext = nextVersion(one.proposal);
      const twoNext = nextVersion(two.proposal);
      assert.equal(await subject.ledger.save(oneNext.proposal, oneNext.events, { take }), "saved");
      assert.equal(await subject.ledger.save(twoNext.proposal, twoNext.events, { take }), "taken");
      assert.equal((await subject.ledger.get("p2"))?.proposal.version, two.proposal.version);
      const again = nextVersion(oneNext.proposal);
      assert.equal(await subject.ledger.save(again.proposal, again.events, { take }), "saved");
      assert.equal(await subject.ledger.link(take), "p1");
    });

    it("are taken by exactly one of many at once", async () => {
      const all = Array.from({ length: 10 }, (_, i) => newProposal(`p${i}`));
      for (const each of all) await createNew(subject, each);
      const results = await Promise.all(
        all.map((each) => {
          const next = nextVersion(each.proposal);
          return subject.ledger.save(next.proposal, next.events, { take: "invocation PX/1" });
        }),
      );
      assert.equal(results.filter((result) => result === "saved").length, 1);
      assert.equal(results.filter((result) => result === "taken").length, 9);
    });

    it("are not made by a save that was refused", async () => {
      const first = newProposal("p1");
      await createNew(subject, first);
      const stale = nextVersion(nextVersion(first.proposal).proposal);
      await subject.ledger.save(stale.proposal, stale.events, { links: ["callback abc"] });
      assert.equal(await subject.ledger.link("callback abc"), null);
    });
  });

  describe("hints", () => {
    const hint = (id: string, atMs: number, changes: Partial<Hint> = {}): Hint => ({
      id,
      kind: "decision",
      atMs,
      data: {},
      ...changes,
    });

    it("come with their proposal, oldest first", async () => {
      await createNew(subject, newProposal("p1"));
      await createNew(subject, newProposal("p2"));
      const data = { invocationId: "PX", state: "completed" };
      const late = hint("a", START_MS + 2, { kind: "invocation", data });
      const early = hint("b", START_MS + 1, { kind: "incident" });
      const same = hint("c", START_MS + 1);
      for (const each of [late, same, early]) {
        await subject.ledger.hint("p1", each);
      }
      assert.deepEqual((await subject.ledger.get("p1"))?.hints, [early, same, late]);
      assert.deepEqual((await subject.ledger.get("p2"))?.hints, []);
    });

    it("are one when they have one id: the last one written", async () => {
      await createNew(subject, newProposal("p1"));
      await subject.ledger.hint("p1", hint("a", START_MS, { data: { state: "running" } }));
      const last = hint("a", START_MS + 1, { data: { state: "completed" } });
      await subject.ledger.hint("p1", last);
      assert.deepEqual((await subject.ledger.get("p1"))?.hints, [last]);
    });

    it("do not change the proposal's version", async () => {
      const first = newProposal("p1");
      await createNew(subject, first);
      await subject.ledger.hint("p1", hint("a", START_MS));
      const next = nextVersion(first.proposal);
      assert.equal(await subject.ledger.save(next.proposal, next.events), "saved");
    });

    it("go with the save that consumes them, the others stay", async () => {
      const first = newProposal("p1");
      await createNew(subject, first);
      const kept = hint("c", START_MS + 3);
      for (const each of [hint("a", START_MS), hint("b", START_MS), kept]) {
        await subject.ledger.hint("p1", each);
      }
      const next = nextVersion(first.proposal);
      const consume = ["a", "b", "a", "never there"];
      assert.equal(await subject.ledger.save(next.proposal, next.events, { consume }), "saved");
      assert.deepEqual((await subject.ledger.get("p1"))?.hints, [kept]);
    });

    it("stay when the save that would consume them is refused", async () => {
      const first = newProposal("p1");
      await createNew(subject, first);
      await subject.ledger.hint("p1", hint("a", START_MS));
      const stale = nextVersion(nextVersion(first.proposal).proposal);
      await subject.ledger.save(stale.proposal, stale.events, { consume: ["a"] });
      assert.deepEqual((await subject.ledger.get("p1"))?.hints, [hint("a", START_MS)]);
    });

    it("can be consumed by the hundred", async () => {
      const first = newProposal("p1");
      await createNew(subject, first);
      const ids = Array.from({ length: 150 }, (_, i) => `hint ${i}`);
      await Promise.all(ids.map((id) => subject.ledger.hint("p1", hint(id, START_MS))));
      const next = nextVersion(first.proposal);
      await subject.ledger.save(next.proposal, next.events, { consume: ids });
      assert.deepEqual((await subject.ledger.get("p1"))?.hints, []);
    });

    it("for a proposal that does not exist leave nothing", async () => {
      await subject.ledger.hint("p1", hint("a", START_MS));
      assert.equal(await subject.ledger.get("p1"), null);
    });
  });
}
