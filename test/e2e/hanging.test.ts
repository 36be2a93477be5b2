// A system that takes calls and does not answer. It hangs in the tap, in front of the client and its time limits: what
// those do is tested with the clients.
import assert from "node:assert/strict";
import type { Proposal } from "../../functions/gate/proposal/proposal.ts";
import { propose } from "../harness/case.ts";
import { gatingOf } from "../harness/gating.ts";
import { throughTap } from "../harness/taps.ts";
import { World, type Json } from "../harness/world.ts";

const OPEN = 60;
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("While another system hangs", function () {
  this.timeout(40_000);
  let world: World;
  /** Lets what hangs go on. */
  let release: PromiseWithResolvers<void>;

  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());
  beforeEach(async () => {
    release = Promise.withResolvers();
    const rules = [
      { name: "asked", match: { runbook: "failover" }, ...asked, limits },
      { name: "allowed", match: {}, decision: "allow", limits },
    ];
    await world.begin({ gating: gatingOf({}, { rules }) });
  });
  afterEach(async () => {
    world.tap = throughTap;
    release.resolve();
    await world.settle();
  });

  const limits = { openProposals: 1_000, executionsPerHour: 1_000 };
  const asked = { decision: "requireApproval", risk: 0.5, sla: "1h", ...paging() };
  function paging() {
    return { escalateAfter: "10m", escalateTo: { escalationPolicy: "PEP0002" } };
  }

  /** So many open proposals, and the id of the last one. */
  const openMany = async (): Promise<string> => {
    let id = "";
    for (let i = 0; i < OPEN; i += 1) {
      const made = await propose(world, await world.openIncident());
      assert.equal(made.status, 202);
      id = made.body.id;
    }
    await world.settle();
    return id;
  };
  const hangs = (what: string, until: Promise<void> = release.promise): void => {
    world.tap = async (call, args, run) => {
      if (call.startsWith(`${what}.`)) {
        await until;
      }
      return throughTap(call, args, run);
    };
  };
  const comes = async (what: string, isThere: () => Promise<boolean>): Promise<void> => {
    // Real time only ends a test that fails: nothing here takes any.
    for (const untilMs = performance.now() + 20_000; performance.now() < untilMs;) {
      if (await isThere()) {
        return;
      }
      await turn();
    }
    assert.fail(`${what} does not come`);
  };
  const proposalOf = async (id: string): Promise<Proposal> => {
    const found = await world.gate.ledger.get(id);
    return found?.proposal ?? assert.fail(id);
  };

  it(`runs what a rule allows beside ${OPEN} proposals whose decisions Cheqpoint does not tell`, async () => {
    await openMany();
    hangs("cheqpoint");
    world.clock.advance(60_000);
    await world.sweep();
    const incident = await world.openIncident();
    const made = await propose(world, incident, { runbook: "raise" });
    assert.equal(made.status, 202);
    await comes("the run", async () => (await proposalOf(made.body.id)).execution !== null);
  });

  it("pages at its time although Cheqpoint does not answer", async () => {
    const id = await openMany();
    hangs("cheqpoint");
    world.clock.advance(10 * 60_000);
    await world.sweep();
    const isPaged = async () => (await proposalOf(id)).duties.escalation?.state === "done";
    await comes("the page", isPaged);
    const pages: Json[] = await world.gateIncidents("escalation");
    assert.ok(pages.length > 0);
  });

  it("records a decision although PagerDuty does not answer", async () => {
    const id = await openMany();
    hangs("pagerDuty");
    const [approval] = (await world.pendingApprovals()).slice(-1);
    assert.equal((await world.decide(approval.id, "rejected")).status, 200);
    world.clock.advance(60_000);
    await world.sweep();
    const decided = async (): Promise<boolean> => {
      const page = await world.gate.ledger.list({ limit: 200 });
      return page.proposals.some(({ decision }) => decision?.outcome === "rejected");
    };
    await comes("the decision", decided);
    assert.ok(id !== "");
  });
});
