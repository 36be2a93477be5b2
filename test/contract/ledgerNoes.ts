import assert from "node:assert/strict";
import { createNew } from "./ledgerProposals.ts";
import type { Subject } from "./ledgerSubject.ts";
import { START_MS, newProposal, nextVersion } from "./proposals.ts";

const NAME = "PINC1 sha256:abc";
const no = (atMs: number, untilMs: number, name = NAME) => ({ no: { name, atMs, untilMs } });

export function noContract(subject: Subject): void {
  const saveNext = async (id: string, options: Parameters<typeof subject.ledger.save>[2]) => {
    const before = await subject.ledger.get(id);
    assert.ok(before !== null);
    const next = nextVersion(before.proposal);
    return subject.ledger.save(next.proposal, next.events, options);
  };

  describe("a human's no", () => {
    it("is not there before anybody said it, and told as it was said", async () => {
      await createNew(subject, newProposal("p1"));
      assert.deepEqual((await subject.ledger.lastNo(NAME)).no, null);
      assert.equal(await saveNext("p1", no(START_MS, START_MS + 5)), "saved");
      const found = await subject.ledger.lastNo(NAME);
      assert.deepEqual(found.no, { atMs: START_MS, untilMs: START_MS + 5 });
      assert.deepEqual((await subject.ledger.lastNo("another thing")).no, null);
    });

    it("stands for the longest and since the latest of several, in whatever order", async () => {
      await createNew(subject, newProposal("p1"));
      await createNew(subject, newProposal("p2"));
      await saveNext("p1", no(START_MS + 3, START_MS + 10));
      await saveNext("p2", no(START_MS + 1, START_MS + 90));
      const { no: joined } = await subject.ledger.lastNo(NAME);
      assert.deepEqual(joined, { atMs: START_MS + 3, untilMs: START_MS + 90 });
    });

    it("is not recorded by a save that was refused", async () => {
      const { proposal } = newProposal("p1");
      await createNew(subject, newProposal("p1"));
      const stale = nextVersion(nextVersion(proposal).proposal);
      const result = await subject.ledger.save(stale.proposal, stale.events, no(1, 2));
      assert.equal(result, "stale");
      assert.deepEqual((await subject.ledger.lastNo(NAME)).no, null);
    });

    it("none of many at once is lost", async () => {
      const ids = Array.from({ length: 8 }, (_, i) => `p${i}`);
      for (const id of ids) await createNew(subject, newProposal(id));
      const results = await Promise.all(
        ids.map((id, i) => saveNext(id, no(START_MS + i, START_MS + 100 - i))),
      );
      assert.deepEqual([...new Set(results)], ["saved"]);
      const { no: joined } = await subject.ledger.lastNo(NAME);
      assert.deepEqual(joined, { atMs: START_MS + 7, untilMs: START_MS + 100 });
    });
  });

  describe("a save that requires what was seen", () => {
    it("goes through while nobody said no, or said another", async () => {
      await createNew(subject, newProposal("p1"));
      await createNew(subject, newProposal("p2"));
      const none = (await subject.ledger.lastNo(NAME)).seen;
      assert.equal(await saveNext("p1", { unchanged: [none] }), "saved");
      await saveNext("p2", no(START_MS, START_MS + 5));
      const one = (await subject.ledger.lastNo(NAME)).seen;
      assert.equal(await saveNext("p1", { unchanged: [one] }), "saved");
    });

    it("is refused whole once somebody said no, the first time and every further one", async () => {
      const first = newProposal("p1");
      await createNew(subject, first);
      await createNew(subject, newProposal("p2"));
      for (let round = 0; round < 2; round += 1) {
        const { seen } = await subject.ledger.lastNo(NAME);
        await saveNext("p2", no(START_MS, START_MS + 5));
        const next = nextVersion(first.proposal);
        const options = { unchanged: [seen], links: ["l"] };
        assert.equal(await subject.ledger.save(next.proposal, next.events, options), "changed");
        assert.deepEqual((await subject.ledger.get("p1"))?.proposal, first.proposal);
        assert.equal(await subject.ledger.link("l"), null);
      }
    });

    it("is refused when one of several has changed", async () => {
      await createNew(subject, newProposal("p1"));
      await createNew(subject, newProposal("p2"));
      const unchanged = [
        (await subject.ledger.lastNo("something else")).seen,
        (await subject.ledger.lastNo(NAME)).seen,
      ];
      await saveNext("p2", no(START_MS, START_MS + 5));
      assert.equal(await saveNext("p1", { unchanged }), "changed");
    });
  });
}
