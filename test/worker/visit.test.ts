// When a visit comes back by itself: what it does is tested with the lifecycle and in the flows.
import assert from "node:assert/strict";
import type { SendOptions, WorkItem } from "../../functions/gate/ports/index.ts";
import type { WorkerPorts } from "../../functions/worker/ports.ts";
import { visit } from "../../functions/worker/visit.ts";
import { propose } from "../harness/case.ts";
import { gatingOf } from "../harness/gating.ts";
import { World } from "../harness/world.ts";

const MINUTE_MS = 60_000;

describe("A visit of a proposal that waits for a decision", () => {
  let world: World;
  let sent: { items: readonly WorkItem[]; afterMs: number | undefined }[];
  let ports: WorkerPorts;
  let id: string;

  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  beforeEach(async () => {
    await world.begin({
      gating: gatingOf({
        sla: "30m",
        escalateAfter: "10m",
        escalateTo: { escalationPolicy: "PEP0002" },
      }),
    });
    sent = [];
    const send = (items: readonly WorkItem[], { afterMs }: SendOptions = {}): Promise<void> => {
      sent.push({ items, afterMs });
      return Promise.resolve();
    };
    ports = { ...world.worker, queue: { send } };
    ({ id } = (await propose(world, await world.openIncident())).body);
    await world.settle();
  });
  afterEach(() => world.end());

  const visitAfter = async (minutes: number): Promise<void> => {
    world.clock.advance(minutes * MINUTE_MS);
    await visit(ports, id);
  };
  const again = (afterMs: number) => [{ items: [{ kind: "proposal", id }], afterMs }];

  it("asks for one at the very time of a page that comes before the sweeps do, whatever these find", async () => {
    await visitAfter(7);
    assert.deepEqual(sent, []);
    await visitAfter(1);
    assert.deepEqual(sent, again(2 * MINUTE_MS));
  });

  it("asks for one at the deadline once the page is out", async () => {
    await visitAfter(10);
    assert.equal((await world.gateIncidents("escalation")).length, 1);
    assert.deepEqual(sent, []);
    await visitAfter(18);
    assert.deepEqual(sent, again(2 * MINUTE_MS));
  });

  it("asks for none once it is decided", async () => {
    const [approval] = await world.pendingApprovals();
    await world.decide(approval.id, "rejected");
    await visitAfter(29);
    assert.deepEqual(sent, []);
  });

  it("leaves it to the sweep when the queue takes nothing, and does not fail", async () => {
    ports = { ...ports, queue: { send: () => Promise.reject(new Error("not reachable")) } };
    await visitAfter(8);
    assert.ok(
      world.log.lines.some((line) => line.includes("queue not reached, left to the sweep")),
    );
    const { proposal } = (await ports.ledger.get(id)) ?? assert.fail(id);
    assert.ok((proposal.dueAtMs ?? Infinity) <= world.clock.now() + MINUTE_MS);
  });
});
