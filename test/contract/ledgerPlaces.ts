import assert from "node:assert/strict";
import type { Place, SaveOptions, SaveResult } from "../../functions/gate/ports/index.ts";
import type { Proposal } from "../../functions/gate/proposal/proposal.ts";
import { createNew } from "./ledgerProposals.ts";
import type { Subject } from "./ledgerSubject.ts";
import { START_MS, newProposal, nextVersion } from "./proposals.ts";

const HOUR_MS = 3_600_000;
const KEY = 'executions/["payments-db","a rule"]';

/** Places at brakes: how many may have one at once, whose they are, and when they are free again. */
export function placesContract(subject: Subject): void {
  const place = (limit: number, more: Partial<Place> = {}): Place => ({
    key: KEY,
    limit,
    atMs: START_MS,
    untilMs: START_MS + HOUR_MS,
    ...more,
  });
  const made = (id: string): Promise<Proposal> => createNew(subject, newProposal(id));
  const save = async (
    before: Proposal,
    options: SaveOptions,
  ): Promise<{ result: SaveResult; next: Proposal }> => {
    const next = nextVersion(before);
    const result = await subject.ledger.save(next.proposal, next.events, options);
    return { result, next: next.proposal };
  };
  const take = async (id: string, ...places: Place[]): Promise<SaveResult> =>
    (await save(await made(id), { reserve: places })).result;

  describe("places at a brake", () => {
    it("are as many as the limit says, for whoever comes first", async () => {
      const proposals = await Promise.all(Array.from({ length: 50 }, (_, i) => made(`p${i}`)));
      const results = await Promise.all(
        proposals.map(async (each) => (await save(each, { reserve: [place(7)] })).result),
      );
      assert.equal(results.filter((result) => result === "saved").length, 7);
      assert.equal(results.filter((result) => result === "limit").length, 43);
      for (const [i, { id }] of proposals.entries()) {
        const kept = await subject.ledger.get(id);
        assert.equal(kept?.proposal.version, results[i] === "saved" ? 2 : 1);
      }
      assert.equal((await subject.ledger.places(KEY, START_MS)).length, 7);
    });

    it("are one for each proposal, however often it asks", async () => {
      const first = await save(await made("p1"), { reserve: [place(2)] });
      const again = await save(first.next, {
        reserve: [place(2, { atMs: START_MS + 1, untilMs: START_MS + 2 * HOUR_MS })],
      });
      assert.equal(again.result, "saved");
      assert.deepEqual(await subject.ledger.places(KEY, START_MS), [START_MS + HOUR_MS]);
      const tightened = await save(again.next, { reserve: [place(1)] });
      assert.equal(tightened.result, "saved", "its own place is not in its way");
      assert.equal(await take("p2", place(1)), "limit");
      assert.equal(await take("p3", place(2)), "saved");
    });

    it("are free again once their time is over, each by itself", async () => {
      const at = (ms: number): Partial<Place> => ({
        atMs: START_MS + ms,
        untilMs: START_MS + ms + HOUR_MS,
      });
      assert.equal(await take("p1", place(2, at(0))), "saved");
      assert.equal(await take("p2", place(2, at(50 * 60_000))), "saved");
      assert.equal(await take("p3", place(2, at(HOUR_MS - 1))), "limit");
      assert.deepEqual((await subject.ledger.places(KEY, START_MS + HOUR_MS - 1)).sort(), [
        START_MS + HOUR_MS,
        START_MS + HOUR_MS + 50 * 60_000,
      ]);
      assert.deepEqual(await subject.ledger.places(KEY, START_MS + HOUR_MS), [
        START_MS + HOUR_MS + 50 * 60_000,
      ]);
      assert.equal(await take("p4", place(2, at(HOUR_MS))), "saved");
      assert.equal(await take("p5", place(2, at(HOUR_MS + 1))), "limit");
    });

    it("without an end are free when they are given back, by whom they belong to", async () => {
      const open = place(1, { untilMs: null });
      const first = await save(await made("p1"), { reserve: [open] });
      assert.deepEqual(await subject.ledger.places(KEY, START_MS + 1_000 * HOUR_MS), [null]);
      const other = await save(await made("p2"), { giveBack: [KEY] });
      assert.equal(other.result, "saved", "who has no place gives nothing back");
      const late = { ...open, atMs: START_MS + 1_000 * HOUR_MS };
      assert.equal((await save(other.next, { reserve: [late] })).result, "limit");
      const gone = await save(first.next, { giveBack: [KEY, KEY] });
      assert.equal(gone.result, "saved");
      assert.deepEqual(await subject.ledger.places(KEY, START_MS), []);
      assert.equal((await save(other.next, { reserve: [open] })).result, "saved");
    });

    it("are taken at all brakes or at none", async () => {
      const other = place(1, { key: "another brake" });
      assert.equal(await take("p1", other), "saved");
      assert.equal(await take("p2", place(5), other), "limit");
      assert.deepEqual(await subject.ledger.places(KEY, START_MS), []);
      assert.equal(await take("p3", place(5), { ...other, limit: 2 }), "saved");
      assert.equal((await subject.ledger.places(KEY, START_MS)).length, 1);
      assert.equal((await subject.ledger.places("another brake", START_MS)).length, 2);
    });

    it("do not exist under a limit of 0", async () => {
      assert.equal(await take("p1", place(0)), "limit");
      assert.deepEqual(await subject.ledger.places(KEY, START_MS), []);
    });

    it("are not taken by a save that another guard refused", async () => {
      const first = await made("p1");
      await subject.ledger.setKillSwitch({ on: true, reason: null, by: null, atMs: START_MS });
      const guarded = { reserve: [place(1)], requireKillSwitchOff: true };
      assert.equal((await save(first, guarded)).result, "killSwitch");
      const stale = nextVersion(nextVersion(first).proposal);
      const { proposal, events } = stale;
      assert.equal(await subject.ledger.save(proposal, events, { reserve: [place(1)] }), "stale");
      assert.deepEqual(await subject.ledger.places(KEY, START_MS), []);
      assert.equal((await save(first, { reserve: [place(1)] })).result, "saved");
    });
  });
}
