// A deployed worker's instance takes no message before the last of its batch has ended. So whatever hangs holds up what
// needs nobody who hangs, for as long as one call may take.
import assert from "node:assert/strict";
import { createCheqpoint } from "../../functions/cheqpoint/client.ts";
import type { Proposal } from "../../functions/gate/proposal/proposal.ts";
import type { WorkerPorts } from "../../functions/worker/ports.ts";
import { handleTrigger } from "../../functions/worker/trigger.ts";
import { newProposal } from "../contract/proposals.ts";
import { propose } from "../harness/case.ts";
import { gatingOf } from "../harness/gating.ts";
import { CONNECTION_KEY, World, type Json } from "../harness/world.ts";

const HELD_MS = 100;

describe("An instance that works off a batch while Cheqpoint hangs", () => {
  let world: World;
  /** What reached Cheqpoint and was not answered. */
  let unanswered: string[];
  let ports: WorkerPorts;

  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  beforeEach(async () => {
    const rules = [
      { name: "asked", match: { runbook: "failover" }, decision: "requireApproval", sla: "1h" },
      {
        name: "polled",
        match: { runbook: "workflow" },
        decision: "requireApproval",
        sla: "1h",
        delivery: "poll",
      },
      { name: "allowed", match: { runbook: "raise" }, decision: "allow" },
    ].map((rule) => ({ risk: 0.5, ...rule }));
    await world.begin({ gating: gatingOf({}, { rules }) });
    unanswered = [];
    ports = {
      ...world.worker,
      cheqpoint: createCheqpoint({
        connectionKey: () => Promise.resolve(CONNECTION_KEY),
        clock: world.clock,
        heldMs: HELD_MS,
        fetch: (_url, { method = "", signal }) =>
          new Promise((_resolve, reject) => {
            unanswered.push(method);
            signal?.addEventListener("abort", () => reject(new Error("cut off")));
          }),
      }),
    };
  });
  afterEach(() => world.end());

  /** A proposal that nobody has looked at yet. */
  const received = async (runbook: string): Promise<string> => {
    const incident: Json = await world.openIncident();
    const id = `prop_${runbook}_${incident.id}`;
    const { proposal, events } = newProposal(id, { incidentId: incident.id });
    const request = { ...proposal.request, runbook, parameters: {} };
    const atMs = world.clock.now();
    await world.gate.ledger.create(
      { ...proposal, request, receivedAtMs: atMs, dueAtMs: atMs },
      events,
    );
    return id;
  };
  const batch = (...ids: string[]) =>
    handleTrigger(ports, {
      Records: ids.map((id) => ({ messageId: id, body: JSON.stringify({ kind: "proposal", id }) })),
    });
  const proposalOf = async (id: string): Promise<Proposal> =>
    (await world.gate.ledger.get(id))?.proposal ?? assert.fail(id);

  it("takes what was cut off for unclear, never for not sent, and runs what a rule allows", async () => {
    const { id: open } = (await propose(world, await world.openIncident())).body;
    await world.settle();
    world.clock.advance(60_000);
    const asked = await received("failover");
    const polled = await received("workflow");
    const allowed = await received("raise");
    assert.deepEqual(await batch(open, asked, polled, allowed), { batchItemFailures: [] });

    assert.deepEqual(unanswered.sort(), ["GET", "POST", "POST"]);
    for (const id of [asked, polled]) {
      const { approval } = await proposalOf(id);
      assert.deepEqual(
        approval?.attempts.map(({ state, approvalId }) => ({ state, approvalId })),
        [{ state: "unclear", approvalId: null }],
      );
      // A second request comes only after the pause that an unclear one asks for.
      assert.ok((approval.nextSubmitAtMs ?? 0) >= world.clock.now() + 15_000);
    }
    assert.equal((await proposalOf(open)).approval?.failures, 1);
    assert.equal((await proposalOf(allowed)).outcome?.reason, "completed");
  });

  it("is not held up again by its next batches: they do not call Cheqpoint for five seconds", async () => {
    await batch(await received("failover"));
    assert.deepEqual(unanswered, ["POST"]);
    const asked = await received("failover");
    const allowed = await received("raise");
    await batch(asked, allowed);
    assert.deepEqual(unanswered, ["POST"]);
    assert.equal((await proposalOf(asked)).approval?.attempts[0]?.state, "refused");
    assert.equal((await proposalOf(allowed)).outcome?.kind, "executed");
    world.clock.advance(5_000);
    await batch(await received("failover"));
    assert.deepEqual(unanswered, ["POST", "POST"]);
  });
});
