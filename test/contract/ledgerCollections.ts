import assert from "node:assert/strict";
import type { Collection } from "../../functions/gate/ports/index.ts";
import { createNew } from "./ledgerProposals.ts";
import type { Subject } from "./ledgerSubject.ts";
import { newProposal, nextVersion } from "./proposals.ts";

const KEY = "0123";

/** What a task that collects counts. */
export function collectionContract(subject: Subject): void {
  describe("a collection", () => {
    const collect = async (id: string, before: Collection | null, next: Collection) => {
      const { proposal, events } = nextVersion(await createNew(subject, newProposal(id)));
      return subject.ledger.save(proposal, events, { collect: { key: KEY, before, next } });
    };
    const one: Collection = { generation: 1, incidentId: "PTASK1", count: 1 };
    const two: Collection = { ...one, count: 2 };

    it("is kept as it was written, under its key", async () => {
      assert.equal(await subject.ledger.collection(KEY), null);
      assert.equal(await collect("p1", null, one), "saved");
      assert.deepEqual(await subject.ledger.collection(KEY), one);
      assert.equal(await subject.ledger.collection("4567"), null);
      assert.equal(await collect("p2", one, two), "saved");
      const next: Collection = { generation: 2, incidentId: "PTASK2", count: 1 };
      assert.equal(await collect("p3", two, next), "saved");
      assert.deepEqual(await subject.ledger.collection(KEY), next);
    });

    it("is only written on what was seen, and nothing else is then", async () => {
      assert.equal(await collect("p1", one, two), "stale");
      assert.equal((await subject.ledger.get("p1"))?.proposal.version, 1);
      assert.equal(await collect("p2", null, one), "saved");
      for (const [id, before] of [
        ["p3", null],
        ["p4", two],
        ["p5", { ...one, generation: 2 }],
      ] as const) {
        assert.equal(await collect(id, before, two), "stale");
      }
      assert.deepEqual(await subject.ledger.collection(KEY), one);
    });

    it("counts one of several that are written at the same time", async () => {
      const ids = Array.from({ length: 10 }, (_, i) => `p${i}`);
      const results = await Promise.all(ids.map((id) => collect(id, null, one)));
      assert.deepEqual(results.sort(), ["saved", ...Array.from({ length: 9 }, () => "stale")]);
    });
  });
}
