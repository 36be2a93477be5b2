import assert from "node:assert/strict";
import type { SaveOptions } from "../../functions/gate/ports/index.ts";
import type { Proposal } from "../../functions/gate/proposal/proposal.ts";
import { createNew } from "./ledgerProposals.ts";
import type { Subject } from "./ledgerSubject.ts";
import { START_MS, newProposal, nextVersion } from "./proposals.ts";

const KEYS = ["field/PINC1/max_replicas", "field/PINC1/region"];

/** Keys that one proposal has at a time. */
export function holdContract(subject: Subject): void {
  const save = async (proposal: Proposal, options: SaveOptions) => {
    const next = nextVersion(proposal);
    const result = await subject.ledger.save(next.proposal, next.events, options);
    return { result, proposal: result === "saved" ? next.proposal : proposal };
  };
  const two = () =>
    Promise.all(["p1", "p2"].map((id) => createNew(subject, newProposal(id)))) as Promise<
      [Proposal, Proposal]
    >;
  const hold = (keys: readonly string[] = KEYS, atMs = START_MS): SaveOptions => ({
    hold: { keys, atMs },
  });

  const letGo = (untilMs: number | null, keys: readonly string[] = KEYS): SaveOptions => ({
    letGo: keys.map((key) => ({ key, untilMs })),
  });

  describe("keys that one proposal has alone", () => {
    it("are nobody's at first, and then the one's who took them", async () => {
      const [one] = await two();
      assert.equal(await subject.ledger.holder(KEYS[0] ?? ""), null);
      assert.equal((await save(one, hold())).result, "saved");
      for (const key of KEYS) {
        assert.deepEqual(await subject.ledger.holder(key), { proposalId: "p1", untilMs: null });
      }
      assert.equal(await subject.ledger.holder("field/PINC2/max_replicas"), null);
    });

    it("refuse another's save whole as long as it wants one of them", async () => {
      const [one, other] = await two();
      await save(one, hold(KEYS.slice(0, 1)));
      const wanted = ["field/PINC1/new", ...KEYS];
      assert.equal((await save(other, hold(wanted, START_MS + 1e9))).result, "held");
      assert.equal((await subject.ledger.get("p2"))?.proposal.version, other.version);
      assert.equal(await subject.ledger.holder("field/PINC1/new"), null);
      assert.equal((await save(other, hold(["field/PINC2/max_replicas"]))).result, "saved");
    });

    it("are taken again by the one who has them", async () => {
      const [one] = await two();
      const saved = await save(one, hold());
      assert.equal((await save(saved.proposal, hold())).result, "saved");
    });

    it("are taken by exactly one of many at once", async () => {
      const ids = Array.from({ length: 10 }, (_, i) => `p${i}`);
      const all = await Promise.all(ids.map((id) => createNew(subject, newProposal(id))));
      const saved = await Promise.all(all.map((each) => save(each, hold())));
      assert.equal(saved.filter(({ result }) => result === "saved").length, 1);
      assert.equal(saved.filter(({ result }) => result === "held").length, 9);
    });

    it("are free at once when they are let go", async () => {
      const [one, other] = await two();
      const saved = await save(one, hold());
      assert.equal((await save(saved.proposal, letGo(null))).result, "saved");
      assert.equal(await subject.ledger.holder(KEYS[0] ?? ""), null);
      assert.equal((await save(other, hold())).result, "saved");
    });

    it("are kept until the time that they are let go at, and free from then on", async () => {
      const [one, other] = await two();
      const untilMs = START_MS + 60_000;
      const saved = await save(one, hold());
      await save(saved.proposal, letGo(untilMs));
      assert.deepEqual(await subject.ledger.holder(KEYS[0] ?? ""), { proposalId: "p1", untilMs });
      assert.equal((await save(other, hold(KEYS, untilMs - 1))).result, "held");
      assert.equal((await save(other, hold(KEYS, untilMs))).result, "saved");
      assert.deepEqual(await subject.ledger.holder(KEYS[0] ?? ""), {
        proposalId: "p2",
        untilMs: null,
      });
    });

    it("are another's by then: letting go what is not one's own changes nothing", async () => {
      const [one, other] = await two();
      await save(one, hold(KEYS.slice(0, 1)));
      for (const untilMs of [null, START_MS + 1]) {
        const { proposal } = (await subject.ledger.get("p2")) ?? { proposal: other };
        assert.equal((await save(proposal, letGo(untilMs))).result, "saved");
      }
      assert.deepEqual(await subject.ledger.holder(KEYS[0] ?? ""), {
        proposalId: "p1",
        untilMs: null,
      });
      assert.equal(await subject.ledger.holder(KEYS[1] ?? ""), null);
    });

    it("are not taken by a save that another guard refused", async () => {
      const [one] = await two();
      const stale = nextVersion(nextVersion(one).proposal);
      assert.equal(await subject.ledger.save(stale.proposal, stale.events, hold()), "stale");
      await subject.ledger.setKillSwitch({ on: true, reason: null, by: null, atMs: START_MS });
      assert.equal(
        (await save(one, { ...hold(), requireKillSwitchOff: true })).result,
        "killSwitch",
      );
      assert.equal(await subject.ledger.holder(KEYS[0] ?? ""), null);
    });

    it("take no place of a limit when they are another's", async () => {
      const [one, other] = await two();
      const held = await save(one, hold());
      const reserve = [{ key: "executions", limit: 1, atMs: START_MS, untilMs: START_MS + 1_000 }];
      assert.equal((await save(other, { ...hold(), reserve })).result, "held");
      await save(held.proposal, letGo(null));
      assert.equal((await save(other, { ...hold(), reserve })).result, "saved");
    });
  });
}
