// The ledger in DynamoDB against a model of its table, for every machine; the engine tests do the same with an emulator.
// Does not show what the model leaves out: throttling, TTL, reserved words, access control.
import assert from "node:assert/strict";
import { setTimeout as later } from "node:timers/promises";
import { dynamoClient, WORKER_LIMITS } from "../../functions/aws/clients.ts";
import { createDynamoLedger } from "../../functions/aws/dynamoLedger.ts";
import type { Clock, Ledger } from "../../functions/gate/ports/index.ts";
import { ledgerTable } from "../../functions/aws/tableDefinition.ts";
import { ledgerContract } from "../contract/ledger.ts";
import {
  START_MS,
  TestClock,
  newAlarm,
  newInvocation,
  newProposal,
  nextVersion,
} from "../contract/proposals.ts";
import { itemsContract } from "./dynamo/itemsContract.ts";
import { DynamoModel } from "./dynamo/dynamoModel.ts";
import { startFakeAws, type AwsCall } from "./fakeAws.ts";

const TABLE = "ledger";

const opened: (() => Promise<void>)[] = [];

async function open(
  options: {
    clock?: Clock;
    underWay?: () => Promise<unknown>;
    /** Before each call is answered. */
    before?: (call: AwsCall) => Promise<void>;
  } = {},
) {
  const { clock = new TestClock(), before, ...more } = options;
  const model = new DynamoModel({ tables: { [TABLE]: ledgerTable }, ...more });
  const aws = await startFakeAws(async (call) => {
    await before?.(call);
    return model.answer(call);
  });
  const client = dynamoClient(WORKER_LIMITS.dynamo, aws.place);
  opened.push(aws.close);
  return { client, ledger: createDynamoLedger(client, TABLE, clock), model };
}

describe("createDynamoLedger, over a model of its table", function () {
  this.timeout(20_000);

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((close) => close()));
  });

  ledgerContract(
    "createDynamoLedger",
    async (clock) => ({ ...(await open({ clock })), close: () => Promise.resolve() }),
    { modelRuns: 15 },
  );

  itemsContract(async () => ({
    ...(await open()),
    table: TABLE,
    close: () => Promise.resolve(),
  }));

  describe("while its indexes lag behind", () => {
    const closeFirst = async (ledger: Ledger): Promise<void> => {
      const { proposal } = newProposal("p1");
      const next = nextVersion(proposal, { closedAtMs: START_MS, dueAtMs: null });
      assert.equal(await ledger.save(next.proposal, next.events), "saved");
    };

    it("lists nothing as open that is closed, and knows at once what decides", async () => {
      const { ledger, model } = await open();
      for (const id of ["p1", "p2"]) {
        const { proposal, events } = newProposal(id);
        await ledger.create(proposal, events);
      }
      model.lag();
      await closeFirst(ledger);
      const listed = async (filter: { open: boolean }) =>
        (await ledger.list(filter)).proposals.map(({ id }) => id);
      assert.deepEqual(await listed({ open: true }), ["p2"]);
      assert.deepEqual(await listed({ open: false }), []);
      assert.notEqual((await ledger.get("p1"))?.proposal.closedAtMs, null);
      // Only told a moment late: what is due is looked at, and then found to be closed.
      assert.equal((await ledger.due(START_MS, 10)).length, 2);
      model.catchUp();
      assert.deepEqual(await listed({ open: false }), ["p1"]);
      assert.equal((await ledger.due(START_MS, 10)).length, 1);
    });
  });

  it("reads what was written a moment ago, also where reads may lag behind", async () => {
    const { ledger, model } = await open();
    const { proposal, events } = newProposal("p1");
    await ledger.create(proposal, events);
    model.lag();
    const next = nextVersion(proposal);
    const hold = { keys: ["field"], atMs: START_MS };
    assert.equal(await ledger.save(next.proposal, next.events, { hold, links: ["l"] }), "saved");
    const invocation = newInvocation("i1");
    await ledger.putInvocation(invocation);
    await ledger.setKillSwitch({ on: true, reason: null, by: null, atMs: START_MS });
    assert.equal((await ledger.get("p1"))?.proposal.version, 2);
    assert.equal((await ledger.events("p1")).length, events.length + next.events.length);
    assert.equal((await ledger.holder("field"))?.proposalId, "p1");
    assert.equal(await ledger.link("l"), "p1");
    assert.equal((await ledger.killSwitch()).on, true);
    const { incidentId, targetId } = invocation;
    assert.deepEqual(await ledger.invocations(incidentId, targetId), [invocation]);
    assert.equal((await ledger.trail("kill-switch"))?.events.length, 1);
  });

  describe("one that is received under an id that is taken", () => {
    it("is refused, and leaves the first as it is", async () => {
      const { ledger } = await open();
      const { proposal, events } = newProposal("p1");
      await ledger.create(proposal, events);
      await assert.rejects(
        ledger.create({ ...proposal, dedupeKey: "other" }, []),
        new Error("proposal p1 exists already"),
      );
      assert.equal((await ledger.get("p1"))?.proposal.dedupeKey, proposal.dedupeKey);
    });

    it("cannot be taken over once more by who is behind", async () => {
      const { ledger } = await open();
      const { proposal, events } = newProposal("p1");
      await ledger.create(proposal, events);
      const first = nextVersion(proposal, { heldSinceMs: 1 });
      const release = { dedupe: { kind: "release" } } as const;
      assert.equal(await ledger.save(first.proposal, first.events, release), "saved");
      // Whoever holds a receiver's rights can put it there again.
      assert.equal((await ledger.create(proposal, events)).created, true);
      const late = nextVersion(proposal, { heldSinceMs: 2 });
      assert.equal(await ledger.save(late.proposal, late.events), "stale");
      assert.equal((await ledger.get("p1"))?.proposal.heldSinceMs, 1);
    });
  });

  it("writes no event of a history over", async () => {
    const { ledger } = await open();
    const { proposal, events } = newProposal("p1");
    await ledger.create(proposal, events);
    const next = nextVersion(proposal);
    assert.equal(await ledger.save(next.proposal, next.events), "saved");
    const before = await ledger.events("p1");
    const forged = events.map((event) => ({ ...event, type: "forged" }));
    await assert.rejects(
      ledger.save(nextVersion(next.proposal).proposal, forged),
      new Error("proposal p1: an event of version 3 exists already"),
    );
    assert.deepEqual(await ledger.events("p1"), before);
  });

  it("lets no key go that another one took in the very moment", async () => {
    let meanwhile: (() => Promise<unknown>) | null = null;
    const { ledger } = await open({
      before: async ({ operation }) => {
        const once = operation === "TransactWriteItems" ? meanwhile : null;
        if (once !== null) {
          meanwhile = null;
          await once();
        }
      },
    });
    const [one, other] = [newProposal("p1"), newProposal("p2")];
    for (const { proposal, events } of [one, other]) {
      await ledger.create(proposal, events);
    }
    const hold = { keys: ["field"], atMs: START_MS };
    const first = nextVersion(one.proposal);
    const letGo = [{ key: "field", untilMs: START_MS + 1 }];
    assert.equal(await ledger.save(first.proposal, first.events, { hold }), "saved");
    const second = nextVersion(first.proposal);
    assert.equal(await ledger.save(second.proposal, second.events, { letGo }), "saved");
    const taken = nextVersion(other.proposal);
    meanwhile = () =>
      ledger.save(taken.proposal, taken.events, { hold: { ...hold, atMs: START_MS + 1 } });
    const third = nextVersion(second.proposal);
    const now = [{ key: "field", untilMs: null }];
    assert.equal(await ledger.save(third.proposal, third.events, { letGo: now }), "saved");
    assert.deepEqual(await ledger.holder("field"), { proposalId: "p2", untilMs: null });
  });

  describe("while executions are claimed, as many at once as at 200 a second", () => {
    /** For how long one transaction holds its items. */
    const UNDER_WAY_MS = 4;

    it("has the kill switch thrown, hints kept and alarms raised, and nothing claimed after the switch", async () => {
      const { ledger, model } = await open({
        underWay: () => later(UNDER_WAY_MS),
      });
      const proposals = await Promise.all(
        Array.from({ length: 100 }, async (_, i) => {
          const { proposal, events } = newProposal(`p${i}`);
          await ledger.create(proposal, events);
          return proposal;
        }),
      );
      model.conflicts = 0;
      const waiting = [...proposals];
      const results: string[] = [];
      let claimedAfterSwitch = 0;
      let isThrown = false;
      const claimer = async (): Promise<void> => {
        for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
          const beganAfterSwitch = isThrown;
          const { proposal, events } = nextVersion(one);
          const result = await ledger.save(proposal, events, { requireKillSwitchOff: true });
          results.push(result);
          claimedAfterSwitch += beganAfterSwitch && result === "saved" ? 1 : 0;
        }
      };
      const hinted = async (): Promise<void> => {
        for (const { id } of proposals.slice(0, 10)) {
          await ledger.hint(id, { id: "h", kind: "incident", atMs: START_MS, data: {} });
          assert.equal(await ledger.raise(newAlarm(`of ${id}`)), true);
        }
      };
      const thrown = async (): Promise<void> => {
        while (results.length < 30 && waiting.length > 0) {
          await later(1);
        }
        await ledger.setKillSwitch({ on: true, reason: "storm", by: "sre", atMs: START_MS });
        isThrown = true;
      };
      await Promise.all([...Array.from({ length: 4 }, claimer), hinted(), thrown()]);
      assert.ok(model.conflicts > 0, "nothing met anything");
      assert.equal(results.length, 100);
      assert.equal(claimedAfterSwitch, 0);
      assert.deepEqual(new Set(results), new Set(["saved", "killSwitch"]));
    });
  });

  it("knows nothing under an id that is longer than a key can be", async () => {
    const { ledger } = await open();
    const long = "x".repeat(3_000);
    assert.equal(await ledger.get(long), null);
    assert.equal(await ledger.link(long), null);
    assert.equal(await ledger.getDelivery(long), null);
  });
});
