import assert from "node:assert/strict";
import { openSqliteLedger, type SqliteLedger } from "../../../local/ledger/ledger.ts";
import { overview } from "../../../local/timeline/data.ts";
import { START_MS, TestClock, newProposal, nextVersion } from "../../contract/proposals.ts";

describe("What the timeline shows", () => {
  let file: SqliteLedger;

  beforeEach(() => {
    file = openSqliteLedger(":memory:", new TestClock());
  });
  afterEach(() => file.close());

  const shown = () =>
    overview({
      ledger: file,
      lastEnded: (limit) => file.lastEnded(limit),
      gating: { problem: () => null },
    });

  async function receive(id: string, receivedAtMs: number): Promise<void> {
    const { proposal, events } = newProposal(id, { receivedAtMs });
    assert.equal((await file.create(proposal, events)).created, true);
  }

  async function end(id: string, closedAtMs: number): Promise<void> {
    const before = await file.get(id);
    assert.ok(before !== null);
    const { proposal, events } = nextVersion(before.proposal, { closedAtMs, dueAtMs: null });
    assert.equal(await file.save(proposal, events), "saved");
  }

  it("has one that waited long at the top of the ended ones, whatever came after it", async () => {
    await receive("waited", START_MS);
    for (let i = 1; i <= 55; i += 1) {
      await receive(`later ${i}`, START_MS + i);
      await end(`later ${i}`, START_MS + 100 + i);
    }
    assert.deepEqual((await shown()).more, { open: false, ended: true });
    await end("waited", START_MS + 1_000);
    const { open, ended } = await shown();
    assert.deepEqual(open, []);
    assert.equal(ended.length, 50);
    assert.deepEqual(
      ended.slice(0, 3).map(({ id }) => id),
      ["waited", "later 55", "later 54"],
    );
    assert.equal(ended.at(-1)?.id, "later 7");
  });

  it("says that there are more only when there are", async () => {
    for (let i = 1; i <= 50; i += 1) {
      await receive(`p ${i}`, START_MS + i);
      await end(`p ${i}`, START_MS + i);
    }
    const { ended, more } = await shown();
    assert.deepEqual([ended.length, more.ended], [50, false]);
  });
});
