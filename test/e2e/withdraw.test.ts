import assert from "node:assert/strict";
import { ended, finish, propose, see } from "../harness/case.ts";
import { errorBody } from "../harness/errorBody.ts";
import { gatingOf } from "../harness/gating.ts";
import { OPERATOR_TOKEN, OTHER_TOKEN, World, type Json, type Reply } from "../harness/world.ts";

const OPERATOR = { authorization: `Bearer ${OPERATOR_TOKEN}` };
const OTHER = { authorization: `Bearer ${OTHER_TOKEN}` };

describe("A proposal that is withdrawn", function () {
  this.timeout(30_000);
  let world: World;
  let incident: Json;
  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());
  beforeEach(async () => {
    await world.begin({ gating: gatingOf() });
    incident = await world.openIncident();
  });

  const killSwitch = (on: boolean): Promise<unknown> =>
    world.onGate("PUT", "/operator/kill-switch", { on, reason: "hold" }, OPERATOR);
  /** The worker looks at it while the gate waits for that. */
  const withdraw = async (
    id: string,
    headers: Record<string, string> = {},
    query = "",
  ): Promise<Reply> => {
    const asked = world.onGate("DELETE", `/proposals/${id}${query}`, undefined, headers);
    const settled = (async () => {
      for (let turns = 0; turns < 50; turns++) {
        await new Promise((resolve) => setImmediate(resolve));
        await world.settle();
      }
    })();
    const [answer] = await Promise.all([asked, settled]);
    return answer;
  };

  it("before anybody looked at it runs nothing and leaves no task", async () => {
    const { body } = await propose(world, incident);
    const answer = await withdraw(body.id, {}, "?reason=wrong%20incident");
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    assert.deepEqual(
      [answer.body["final"], answer.body["outcome"].reason, answer.body["outcome"].text],
      [true, "withdrawn", "agent withdrew it: “wrong incident”."],
    );
    await finish(world);
    const seen = await see(world, incident);
    assert.equal(ended(seen), "suppressed withdrawn, 0 runs, 0 tasks");
    assert.ok(seen.types.includes("proposal.withdrawn"), seen.types.join());
  });

  it("while a reviewer has it is not run by a later yes, and a note tells of it", async () => {
    const { body } = await propose(world, incident);
    await world.settle();
    const [pending] = await world.pendingApprovals();
    assert.equal((await withdraw(body.id)).status, 200);
    await world.decide(pending.id, "approved");
    await finish(world);
    const seen = await see(world, incident);
    assert.equal(ended(seen), "suppressed withdrawn, 0 runs, 0 tasks");
    const { body: told } = await world.onPagerDuty("GET", `/incidents/${incident.id}/notes`);
    const notes: string[] = told.notes.map(({ content }: Json) => content);
    assert.ok(
      notes.some((note) => note.includes("agent withdrew it")),
      notes.join("\n---\n"),
    );
  });

  it("after a yes that the kill switch holds does not run when it is released", async () => {
    const { body } = await propose(world, incident);
    await killSwitch(true);
    await world.settle();
    const [pending] = await world.pendingApprovals();
    await world.decide(pending.id, "approved");
    await world.settle();
    assert.equal((await withdraw(body.id, OPERATOR, "?reason=enough")).status, 200);
    await killSwitch(false);
    await finish(world);
    const seen = await see(world, incident);
    assert.equal(ended(seen), "suppressed withdrawn, 0 runs, 0 tasks");
    assert.equal(seen.proposal.outcome?.text, "operator withdrew it: “enough”.");
  });

  it("can be proposed anew at once", async () => {
    const { body } = await propose(world, incident);
    await world.settle();
    assert.equal((await withdraw(body.id)).status, 200);
    const again = await propose(world, incident);
    assert.equal(again.status, 202);
    assert.notEqual(again.body.id, body.id);
  });

  it("is refused once it was claimed, with its state, and runs on", async () => {
    const { body } = await propose(world, incident);
    await world.settle();
    const [pending] = await world.pendingApprovals();
    await world.decide(pending.id, "approved");
    await world.settle();
    const answer = await withdraw(body.id);
    const message = `${body.id} cannot be withdrawn any more: it is running, PagerDuty was asked to run it`;
    assert.deepEqual(
      [answer.status, answer.body],
      [409, { ...errorBody("proposalClaimed", message), state: "running" }],
    );
    await finish(world);
    assert.equal(ended(await see(world, incident)), "executed completed, 1 runs, 0 tasks");
    const late = await withdraw(body.id);
    assert.deepEqual(
      [late.status, late.body["code"], late.body["state"]],
      [409, "proposalEnded", "executed"],
    );
  });

  it("is left when word comes while its run is being claimed", async () => {
    const { body } = await propose(world, incident);
    await world.settle();
    const [pending] = await world.pendingApprovals();
    await world.decide(pending.id, "approved");
    await world.settle();
    await world.gate.ledger.hint(body.id, {
      id: "withdrawal/agent",
      kind: "withdrawal",
      atMs: world.clock.now(),
      data: { proposer: "agent" },
    });
    await finish(world);
    const seen = await see(world, incident);
    assert.equal(ended(seen), "executed completed, 1 runs, 0 tasks");
    assert.ok(seen.types.includes("proposal.withdrawnLate"), seen.types.join());
  });

  it("is nobody's but its proposer's and an operator's", async () => {
    const { body } = await propose(world, incident);
    await world.settle();
    assert.equal((await withdraw(body.id, OTHER)).status, 404);
    const joined = await propose(world, incident, {}, OTHER);
    assert.equal(joined.body.joined, "open");
    const answer = await withdraw(body.id, OTHER);
    assert.deepEqual(
      [answer.status, answer.body],
      [403, errorBody("tokenNotAllowed", "only who proposed it, or an operator, may withdraw it")],
    );
    const [pending] = await world.pendingApprovals();
    assert.ok(pending !== undefined, "it is no longer asked for");
  });

  for (const [what, query, text] of [
    [
      "too long",
      `?reason=${"x".repeat(301)}`,
      "`reason` must have at most 300 characters, got 301",
    ],
    [
      "not all visible",
      "?reason=a%E2%80%8Bb",
      "`reason` must be text without invisible and control characters, got U+200B",
    ],
  ] as const) {
    it(`is refused for a reason that is ${what}`, async () => {
      const { body } = await propose(world, incident);
      const answer = await world.onGate("DELETE", `/proposals/${body.id}${query}`);
      assert.deepEqual(
        [answer.status, answer.body],
        [400, errorBody("queryInvalid", text, { field: "reason" })],
      );
    });
  }
});
