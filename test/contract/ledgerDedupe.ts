import assert from "node:assert/strict";
import type { CreateOptions, DedupeChange } from "../../functions/gate/ports/index.ts";
import type { Proposal } from "../../functions/gate/proposal/proposal.ts";
import type { Subject } from "./ledgerSubject.ts";
import { createNew } from "./ledgerProposals.ts";
import { START_MS, anEventSource, newProposal, nextVersion } from "./proposals.ts";

const dedupeKey = "payments-db failover PINC1";

export function dedupeContract(subject: Subject): void {
  const attempt = async (
    id: string,
    changes: Partial<Proposal> = {},
    options?: CreateOptions,
  ): Promise<string> => {
    const { proposal, events } = newProposal(id, { dedupeKey, ...changes });
    const result = await subject.ledger.create(proposal, events, options);
    return result.created ? "created" : `${result.joined} ${result.proposal.id}`;
  };

  const saveWith = async (id: string, dedupe: DedupeChange, changes: Partial<Proposal> = {}) => {
    const before = await subject.ledger.get(id);
    assert.ok(before !== null);
    const { proposal, events } = nextVersion(before.proposal, changes);
    return subject.ledger.save(proposal, events, { dedupe });
  };

  describe("a dedupe key", () => {
    it("is held by the proposal that was created with it: an equal one joins", async () => {
      assert.equal(await attempt("p1"), "created");
      assert.equal(await attempt("p2"), "open p1");
      assert.equal(await attempt("p3", { source: anEventSource }), "open p1");
      assert.equal(await attempt("p4", { dedupeKey: "another" }), "created");
      assert.equal(await subject.ledger.get("p2"), null);
      assert.deepEqual(await subject.ledger.events("p2"), []);
    });

    it("is told with the joined proposal as it is now", async () => {
      const first = await createNew(subject, newProposal("p1", { dedupeKey }));
      const next = nextVersion(first, { lookFailures: 3 });
      await subject.ledger.save(next.proposal, next.events);
      const second = newProposal("p2", { dedupeKey });
      assert.deepEqual(await subject.ledger.create(second.proposal, second.events), {
        created: false,
        joined: "open",
        proposal: next.proposal,
      });
    });

    it("lets exactly one of 50 parallel equal proposals be created; the others join it", async () => {
      const results = await Promise.all(
        Array.from({ length: 50 }, async (_, i) => {
          const { proposal, events } = newProposal(`p${i}`, { dedupeKey });
          return subject.ledger.create(proposal, events);
        }),
      );
      const winners = results.filter((result) => result.created);
      assert.equal(winners.length, 1);
      const [winner] = winners;
      for (const result of results) {
        assert.equal(result.proposal.id, winner?.proposal.id);
        assert.ok(result.created || result.joined === "open");
      }
      const { proposals } = await subject.ledger.list({});
      assert.deepEqual(
        proposals.map(({ id }) => id),
        [winner?.proposal.id],
      );
    });

    it("stays held when its proposal closes without giving it back", async () => {
      const first = await createNew(subject, newProposal("p1", { dedupeKey }));
      const next = nextVersion(first, { closedAtMs: START_MS, dueAtMs: null });
      await subject.ledger.save(next.proposal, next.events);
      assert.equal(await attempt("p2"), "open p1");
    });

    it("is free after a release", async () => {
      await attempt("p1");
      assert.equal(await saveWith("p1", { kind: "release" }), "saved");
      assert.equal(await attempt("p2"), "created");
      assert.equal(await attempt("p3"), "open p2");
    });

    it("stays held when the save that would release it is refused", async () => {
      await attempt("p1");
      const stale = nextVersion(nextVersion(newProposal("p1", { dedupeKey }).proposal).proposal);
      const options = { dedupe: { kind: "release" } } as const;
      assert.equal(await subject.ledger.save(stale.proposal, stale.events, options), "stale");
      assert.equal(await attempt("p2"), "open p1");
    });

    it("is not taken from another proposal by one that held it before", async () => {
      await attempt("p1");
      await saveWith("p1", { kind: "release" });
      await attempt("p2");
      assert.equal(await saveWith("p1", { kind: "release" }), "saved");
      assert.equal(await attempt("p3"), "open p2");
    });
  });

  describe("a cool-down", () => {
    const untilMs = START_MS + 1_000;

    it("answers every equal proposal until its end, and none from then on", async () => {
      await attempt("p1");
      assert.equal(await saveWith("p1", { kind: "coolDown", untilMs, scope: "all" }), "saved");
      assert.equal(await attempt("p2"), "coolDown p1");
      assert.equal(await attempt("p3", { source: anEventSource }), "coolDown p1");
      assert.equal(await attempt("p4", { source: { kind: "orchestration" } }), "coolDown p1");
      subject.clock.advance(999);
      assert.equal(await attempt("p5"), "coolDown p1");
      subject.clock.advance(1);
      assert.equal(await attempt("p6"), "created");
      assert.equal(await attempt("p7"), "open p6");
    });

    it("under one gating answers nobody who proposes under another", async () => {
      await attempt("p1");
      const change = { kind: "coolDown", untilMs, scope: "all", gatingHash: "sha256:a" } as const;
      assert.equal(await saveWith("p1", change), "saved");
      assert.equal(await attempt("p2", {}, { gatingHash: "sha256:a" }), "coolDown p1");
      assert.equal(await attempt("p3", {}, { gatingHash: "sha256:b" }), "created");
    });

    it("under one gating takes nothing from a longer one under all", async () => {
      await attempt("p1");
      await saveWith("p1", { kind: "coolDown", untilMs: untilMs + 1, scope: "all" });
      const mover = await createNew(subject, newProposal("p2", { dedupeKey: "another" }));
      const moved = nextVersion(mover, { dedupeKey });
      const move = { dedupe: { kind: "move", to: dedupeKey } } as const;
      assert.equal(await subject.ledger.save(moved.proposal, moved.events, move), "saved");
      const change = { kind: "coolDown", untilMs, scope: "all", gatingHash: "sha256:a" } as const;
      assert.equal(await saveWith("p2", change), "saved");
      assert.equal(await attempt("p3", {}, { gatingHash: "sha256:b" }), "coolDown p1");
    });

    it("for events lets explicit proposals through", async () => {
      await attempt("p1");
      await saveWith("p1", { kind: "coolDown", untilMs, scope: "events" });
      assert.equal(await attempt("p2", { source: anEventSource }), "coolDown p1");
      assert.equal(await attempt("p3"), "created");
      assert.equal(await attempt("p4", { source: anEventSource }), "open p3");
    });

    it("for events goes on after an explicit proposal that passed it", async () => {
      await attempt("p1");
      await saveWith("p1", { kind: "coolDown", untilMs, scope: "events" });
      await attempt("p2", { source: { kind: "orchestration" } });
      await saveWith("p2", { kind: "release" });
      assert.equal(await attempt("p3", { source: anEventSource }), "coolDown p1");
      subject.clock.advance(1_000);
      assert.equal(await attempt("p4", { source: anEventSource }), "created");
    });

    it("is replaced by the next one of the same key", async () => {
      await attempt("p1");
      await saveWith("p1", { kind: "coolDown", untilMs, scope: "events" });
      await attempt("p2");
      await saveWith("p2", { kind: "coolDown", untilMs: untilMs + 5, scope: "all" });
      assert.equal(await attempt("p3"), "coolDown p2");
      subject.clock.advance(1_000);
      assert.equal(await attempt("p4"), "coolDown p2");
    });

    it("ends when its proposal releases the key", async () => {
      await attempt("p1");
      await saveWith("p1", { kind: "coolDown", untilMs, scope: "all" });
      await saveWith("p1", { kind: "release" });
      assert.equal(await attempt("p2"), "created");
    });

    it("of a proposal that no longer holds the key leaves the holder", async () => {
      await attempt("p1");
      await saveWith("p1", { kind: "release" });
      await attempt("p2");
      await saveWith("p1", { kind: "coolDown", untilMs, scope: "all" });
      assert.equal(await attempt("p3"), "open p2");
      await saveWith("p2", { kind: "release" });
      assert.equal(await attempt("p4"), "coolDown p1");
    });

    it("that is over when it is set holds nothing", async () => {
      await attempt("p1");
      await saveWith("p1", { kind: "coolDown", untilMs: START_MS, scope: "all" });
      assert.equal(await attempt("p2"), "created");
    });
  });

  describe("a moved dedupe key", () => {
    const to = "payments-db failover PINC2";

    it("is held from then on, and the one before is free", async () => {
      await attempt("p1");
      assert.equal(await saveWith("p1", { kind: "move", to }, { dedupeKey: to }), "saved");
      assert.equal(await attempt("p2", { dedupeKey: to }), "open p1");
      assert.equal(await attempt("p3"), "created");
      assert.equal(await saveWith("p1", { kind: "release" }), "saved");
      assert.equal(await attempt("p4", { dedupeKey: to }), "created");
      assert.equal(await attempt("p5"), "open p3");
    });

    it("is refused when another open proposal holds it, and nothing changes", async () => {
      await attempt("p1");
      await attempt("p2", { dedupeKey: to });
      assert.equal(await saveWith("p1", { kind: "move", to }, { dedupeKey: to }), "dedupe");
      assert.equal(await attempt("p3"), "open p1");
      assert.equal((await subject.ledger.get("p1"))?.proposal.version, 1);
      assert.equal((await subject.ledger.events("p1")).length, 1);
    });

    it("may be one that cools down, or the one that is held", async () => {
      await attempt("p1");
      await attempt("p2", { dedupeKey: to });
      const untilMs = START_MS + 1_000;
      await saveWith("p2", { kind: "coolDown", untilMs, scope: "all" });
      assert.equal(await saveWith("p1", { kind: "move", to }, { dedupeKey: to }), "saved");
      assert.equal(await saveWith("p1", { kind: "move", to }), "saved");
      assert.equal(await attempt("p3", { dedupeKey: to }), "open p1");
      assert.equal(await attempt("p4"), "created");
      await saveWith("p1", { kind: "release" });
      assert.equal(await attempt("p5", { dedupeKey: to }), "coolDown p2");
    });

    it("goes to exactly one of 20 proposals that move to it at once", async () => {
      const ids = Array.from({ length: 20 }, (_, i) => `p${i}`);
      await Promise.all(ids.map((id) => createNew(subject, newProposal(id))));
      const results = await Promise.all(
        ids.map((id) => saveWith(id, { kind: "move", to }, { dedupeKey: to })),
      );
      assert.equal(results.filter((result) => result === "saved").length, 1);
      assert.equal(results.filter((result) => result === "dedupe").length, 19);
      assert.equal(await attempt("late", { dedupeKey: to }), `open p${results.indexOf("saved")}`);
    });

    it("must be the one that the written proposal names", async () => {
      await attempt("p1");
      await assert.rejects(saveWith("p1", { kind: "move", to }), {
        message: "proposal p1: a save that moves must have its new key as `dedupeKey`",
      });
      const silently = nextVersion(newProposal("p1", { dedupeKey }).proposal, { dedupeKey: to });
      await assert.rejects(subject.ledger.save(silently.proposal, silently.events), {
        message: "proposal p1: its `dedupeKey` changes only with a save that moves it",
      });
      assert.equal(await attempt("p2"), "open p1");
      assert.equal(await attempt("p3", { dedupeKey: to }), "created");
    });
  });

  describe("an idempotency key", () => {
    const keyed = (requestHash: string, scope = "remediator", key = "k1"): CreateOptions => ({
      idempotency: { scope, key, requestHash },
    });
    const other = { dedupeKey: "another" };

    it("answers the same request with the same proposal, also when that is closed", async () => {
      assert.equal(await attempt("p1", {}, keyed("h1")), "created");
      assert.equal(await attempt("p2", {}, keyed("h1")), "idempotencyKey p1");
      await saveWith("p1", { kind: "release" }, { closedAtMs: START_MS, dueAtMs: null });
      assert.equal(await attempt("p3", {}, keyed("h1")), "idempotencyKey p1");
      assert.equal(await attempt("p4", other, keyed("h1")), "idempotencyKey p1");
      assert.equal(await attempt("p5"), "created");
    });

    it("is recalled as `create` would answer it, and recalling uses no key", async () => {
      const recalled = async (options: CreateOptions) => {
        assert.ok(options.idempotency !== undefined);
        return subject.ledger.recall(options.idempotency);
      };
      assert.equal(await recalled(keyed("h1")), null);
      const first = newProposal("p1", { dedupeKey });
      assert.equal(
        (await subject.ledger.create(first.proposal, first.events, keyed("h2"))).created,
        true,
      );
      const next = nextVersion(first.proposal, { closedAtMs: START_MS, dueAtMs: null });
      await subject.ledger.save(next.proposal, next.events);
      const { proposal } = next;
      const same = { created: false, joined: "idempotencyKey", proposal };
      assert.deepEqual(await recalled(keyed("h2")), same);
      assert.deepEqual(await recalled(keyed("h1")), { ...same, joined: "conflict" });
      assert.equal(await recalled(keyed("h2", "another")), null);
      assert.equal(await recalled(keyed("h2", "remediator", "k2")), null);
      assert.equal((await subject.ledger.list({})).proposals.length, 1);
    });

    it("is in conflict for another request, which creates nothing", async () => {
      assert.equal(await attempt("p1", {}, keyed("h1")), "created");
      assert.equal(await attempt("p2", other, keyed("h2")), "conflict p1");
      assert.equal(await attempt("p3", other), "created");
    });

    it("of one proposer never meets that of another", async () => {
      assert.equal(await attempt("p1", {}, keyed("h1", "a", "b#c")), "created");
      assert.equal(await attempt("p2", other, keyed("h2", "b", "b#c")), "created");
      assert.equal(await attempt("p3", { dedupeKey: "third" }, keyed("h3", "a#b", "c")), "created");
    });

    it("that joined an open proposal leads to it ever after", async () => {
      assert.equal(await attempt("p1"), "created");
      assert.equal(await attempt("p2", {}, keyed("h1")), "open p1");
      await saveWith("p1", { kind: "release" });
      assert.equal(await attempt("p3", {}, keyed("h1")), "idempotencyKey p1");
      assert.equal(await attempt("p4", {}, keyed("h2")), "conflict p1");
    });

    it("that joined a cool-down leads to its proposal ever after", async () => {
      await attempt("p1");
      const untilMs = START_MS + 1_000;
      await saveWith("p1", { kind: "coolDown", untilMs, scope: "all" });
      assert.equal(await attempt("p2", {}, keyed("h1")), "coolDown p1");
      subject.clock.advance(1_000);
      assert.equal(await attempt("p3", {}, keyed("h1")), "idempotencyKey p1");
      assert.equal(await attempt("p4"), "created");
    });

    it("lets exactly one of 50 parallel requests create, whatever their dedupe keys", async () => {
      const results = await Promise.all(
        Array.from({ length: 50 }, (_, i) =>
          attempt(`p${i}`, { dedupeKey: `d${i % 5}` }, keyed("h1")),
        ),
      );
      const winner = results.indexOf("created");
      assert.equal(results.filter((result) => result === "created").length, 1);
      assert.equal(results.filter((result) => result === `idempotencyKey p${winner}`).length, 49);
      assert.equal((await subject.ledger.list({})).proposals.length, 1);
    });
  });
}
