import assert from "node:assert/strict";
import { evaluate, findRunbook, parseServiceGating } from "../../functions/gate/gating/index.ts";
import type { Weighing } from "../../functions/gate/proposal/proposal.ts";
import type { ProposalFilter } from "../../functions/gate/ports/index.ts";
import type { Subject } from "./ledgerSubject.ts";
import { createNew } from "./ledgerProposals.ts";
import { START_MS, anIncident, newDelivery, newProposal, nextVersion } from "./proposals.ts";

const gating = parseServiceGating("payments-db", {
  runbooks: { failover: { automationAction: "01DBFAILOVER" } },
  rules: [{ name: "freeze", decision: "deny", dryRun: true }],
});
const runbook = findRunbook(gating, "failover") ?? assert.fail();

/** Asked, and a rule in a dry run would have denied it. */
const aDryRun: Weighing = {
  gatingHash: "sha256:1",
  listed: true,
  evaluation: evaluate(gating, {
    event: null,
    action: runbook.action,
    runbook: runbook.name,
    proposer: "ai-agent",
    priority: "P1",
    severity: null,
    urgency: "high",
    regions: [],
    title: "CPU at 98 %",
    atMs: START_MS,
  }),
  runbook,
  parameters: {},
  atMs: START_MS,
};

export function listContract(subject: Subject): void {
  const ids = async (filter: ProposalFilter): Promise<string[]> => {
    const { proposals } = await subject.ledger.list(filter);
    return proposals.map(({ id }) => id);
  };

  const close = async (id: string): Promise<void> => {
    const before = await subject.ledger.get(id);
    assert.ok(before !== null);
    const next = nextVersion(before.proposal, { closedAtMs: START_MS, dueAtMs: null });
    assert.equal(await subject.ledger.save(next.proposal, next.events), "saved");
  };

  describe("list", () => {
    beforeEach(async () => {
      const places = [
        ["a", "payments-db", "PINC1"],
        ["b", "payments-db", "PINC2"],
        ["c", "checkout", "PINC1"],
        ["d", "checkout", null],
      ] as const;
      for (const [i, [id, service, incidentId]] of places.entries()) {
        const receivedAtMs = START_MS + i * 1_000;
        await createNew(subject, newProposal(id, { service, incidentId, receivedAtMs }));
      }
      await close("b");
      await close("c");
    });

    it("is newest first, of one time by id, and whole", async () => {
      await createNew(subject, newProposal("e", { receivedAtMs: START_MS + 3_000 }));
      assert.deepEqual(await ids({}), ["e", "d", "c", "b", "a"]);
      const { proposals, cursor } = await subject.ledger.list({ limit: 1 });
      assert.deepEqual(proposals, [(await subject.ledger.get("e"))?.proposal]);
      assert.notEqual(cursor, null);
    });

    it("filters by open and closed, incident and service, and all of them", async () => {
      assert.deepEqual(await ids({ open: true }), ["d", "a"]);
      assert.deepEqual(await ids({ open: false }), ["c", "b"]);
      assert.deepEqual(await ids({ incidentId: "PINC1" }), ["c", "a"]);
      assert.deepEqual(await ids({ incidentId: "PINC1", open: true }), ["a"]);
      assert.deepEqual(await ids({ service: "checkout" }), ["d", "c"]);
      assert.deepEqual(await ids({ service: "checkout", open: false }), ["c"]);
      assert.deepEqual(await ids({ service: "checkout", incidentId: "PINC1" }), ["c"]);
      assert.deepEqual(await ids({ service: "checkout", incidentId: "PINC1", open: true }), []);
      assert.deepEqual(await ids({ service: "nobody" }), []);
    });

    it("filters by what a dry run would have said", async () => {
      const before = await subject.ledger.get("a");
      assert.ok(before !== null);
      const next = nextVersion(before.proposal, { weighing: aDryRun });
      await subject.ledger.save(next.proposal, next.events);
      assert.deepEqual(await ids({ wouldHave: "deny" }), ["a"]);
      assert.deepEqual(await ids({ wouldHave: "deny", open: false }), []);
      assert.deepEqual(await ids({ wouldHave: "allow" }), []);
    });

    it("finds a proposal by the incident that was found for it later", async () => {
      const before = await subject.ledger.get("d");
      assert.ok(before !== null);
      const next = nextVersion(before.proposal, { incident: { ...anIncident, id: "PINC9" } });
      await subject.ledger.save(next.proposal, next.events);
      assert.deepEqual(await ids({ incidentId: "PINC9" }), ["d"]);
    });

    it("goes on page by page, without gaps or repetitions, until the cursor is null", async () => {
      for (const filter of [{}, { open: true }, { service: "checkout" }, { incidentId: "PINC1" }]) {
        const found: string[] = [];
        let cursor: string | null = null;
        do {
          const page = await subject.ledger.list({
            ...filter,
            limit: 1,
            ...(cursor === null ? {} : { cursor }),
          });
          found.push(...page.proposals.map(({ id }) => id));
          cursor = page.cursor;
        } while (cursor !== null);
        assert.deepEqual(found, await ids(filter));
      }
    });

    it("keeps its place when newer proposals come in between", async () => {
      const first = await subject.ledger.list({ limit: 2 });
      await createNew(subject, newProposal("new", { receivedAtMs: START_MS + 9_000 }));
      const cursor = first.cursor ?? assert.fail("a cursor was expected");
      assert.deepEqual(await ids({ cursor }), ["b", "a"]);
    });

    it("refuses a cursor that it did not give", async () => {
      await assert.rejects(subject.ledger.list({ cursor: "nonsense" }), {
        name: "CursorError",
        message: "`cursor` must be the `cursor` of the page before, or absent",
      });
    });

    it("has 50 a page by default and never more than 200", async () => {
      await Promise.all(
        Array.from({ length: 220 }, (_, i) =>
          createNew(subject, newProposal(`many ${i}`, { receivedAtMs: START_MS + i })),
        ),
      );
      assert.equal((await subject.ledger.list({})).proposals.length, 50);
      assert.equal((await subject.ledger.list({ limit: 1_000 })).proposals.length, 200);
      assert.equal((await subject.ledger.list({ limit: 0 })).proposals.length, 1);
    });
  });

  describe("what is due", () => {
    const proposalDue = (id: string, dueAtMs: number | null) =>
      createNew(subject, newProposal(id, { dueAtMs }));

    it("is nothing in an empty ledger", async () => {
      assert.deepEqual(await subject.ledger.due(START_MS, 10), []);
      assert.equal(await subject.ledger.nextDueAtMs(), null);
    });

    it("are proposals and deliveries, soonest first, up to that very time", async () => {
      await proposalDue("p-late", START_MS + 30);
      await proposalDue("p-soon", START_MS + 10);
      await proposalDue("p-future", START_MS + 31);
      await proposalDue("p-closed", null);
      await subject.ledger.accept(newDelivery("d-soon", { dueAtMs: START_MS + 5 }));
      await subject.ledger.accept(newDelivery("d-late", { dueAtMs: START_MS + 20 }));
      await subject.ledger.accept(newDelivery("d-done", { dueAtMs: null, state: "done" }));
      const expected = [
        { kind: "delivery", id: "d-soon" },
        { kind: "proposal", id: "p-soon" },
        { kind: "delivery", id: "d-late" },
        { kind: "proposal", id: "p-late" },
      ];
      assert.deepEqual(await subject.ledger.due(START_MS + 30, 10), expected);
      assert.deepEqual(await subject.ledger.due(START_MS + 30, 2), expected.slice(0, 2));
      assert.deepEqual(await subject.ledger.due(START_MS + 4, 10), []);
      assert.equal(await subject.ledger.nextDueAtMs(), START_MS + 5);
    });

    it("is as the last write said", async () => {
      const first = newProposal("p1", { dueAtMs: START_MS });
      await createNew(subject, first);
      const later = nextVersion(first.proposal, { dueAtMs: START_MS + 100 });
      await subject.ledger.save(later.proposal, later.events);
      assert.deepEqual(await subject.ledger.due(START_MS + 99, 10), []);
      assert.equal(await subject.ledger.nextDueAtMs(), START_MS + 100);
      const done = nextVersion(later.proposal, { dueAtMs: null });
      await subject.ledger.save(done.proposal, done.events);
      assert.deepEqual(await subject.ledger.due(START_MS + 1_000, 10), []);
      assert.equal(await subject.ledger.nextDueAtMs(), null);
    });

    it("is found among many", async () => {
      const many = Array.from({ length: 60 }, (_, i) => i);
      await Promise.all(many.map((i) => proposalDue(`p${i}`, START_MS + i)));
      const due = await subject.ledger.due(START_MS + 1_000, 45);
      assert.deepEqual(
        due.map(({ id }) => id),
        many.slice(0, 45).map((i) => `p${i}`),
      );
    });
  });
}
