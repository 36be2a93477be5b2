import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { propose } from "../harness/case.ts";
import { gatingOf } from "../harness/gating.ts";
import { OPERATOR_TOKEN, OTHER_TOKEN, PROPOSER_TOKEN, World, type Json } from "../harness/world.ts";
import { errorBody } from "../harness/errorBody.ts";

describe("A proposer in a loop", () => {
  let world: World;
  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  const OTHER = { authorization: `Bearer ${OTHER_TOKEN}` };
  const agent = (perMinute: number, perHour = 1_000) => ({ agent: { perMinute, perHour } });
  const all = async () => (await world.gate.ledger.list({ limit: 200 })).proposals;

  it("may propose 60 times in a minute and 600 in an hour, unless configured otherwise", async () => {
    await world.begin({ gating: gatingOf(), proposerLimits: {} });
    const send = () => world.onGate("POST", "/proposals", "{");
    for (let count = 0; count < 60; count++) {
      assert.equal((await send()).status, 400);
    }
    const { status, headers, body } = await send();
    assert.equal(status, 429);
    assert.equal(headers.get("retry-after"), "60");
    assert.deepEqual(
      body,
      errorBody(
        "proposedTooOften",
        "agent may propose 60 times in a minute and 600 times in an hour; try again in 60 s",
        { retryable: true },
      ),
    );
    for (let minute = 1; minute < 10; minute++) {
      world.clock.advance(60_000);
      for (let count = 0; count < 60; count++) {
        assert.equal((await send()).status, 400);
      }
    }
    world.clock.advance(60_000);
    const later = await send();
    assert.equal(later.status, 429);
    assert.equal(later.headers.get("retry-after"), String(50 * 60));
  });

  it("is answered before anything is read of what it sends, and leaves nothing behind", async () => {
    await world.begin({ gating: gatingOf(), proposerLimits: agent(2) });
    const [one, two, three] = [
      await world.openIncident(),
      await world.openIncident(),
      await world.openIncident(),
    ];
    assert.equal((await propose(world, one)).status, 202);
    assert.equal((await propose(world, two)).status, 202);
    const refused = await propose(world, three);
    assert.equal(refused.status, 429);
    assert.equal((await all()).length, 2);
    await world.settle();
    assert.equal((await world.pendingApprovals()).length, 2);
    world.clock.advance(Number(refused.headers.get("retry-after")) * 1_000);
    assert.equal((await propose(world, three)).status, 202);
  });

  it("stops nobody else", async () => {
    await world.begin({ gating: gatingOf(), proposerLimits: agent(1) });
    const incident = await world.openIncident();
    assert.equal((await propose(world, incident)).status, 202);
    assert.equal((await propose(world, incident)).status, 429);
    assert.equal((await propose(world, incident, {}, OTHER)).status, 200);
    const { id } = (await all())[0] ?? assert.fail("no proposal");
    assert.equal((await world.onGate("GET", `/proposals/${id}`)).status, 200);
  });

  it("is stopped by Event Orchestration's way in as well", async () => {
    await world.begin({ gating: gatingOf(), proposerLimits: agent(1) });
    const send = () =>
      world.onGate(
        "POST",
        "/proposals",
        { dedup_key: "k", service: "payments-db", runbook: "failover" },
        { authorization: "", "x-gate-token": PROPOSER_TOKEN },
      );
    assert.equal((await send()).status, 202);
    assert.equal((await send()).status, 429);
  });

  it("does not touch what PagerDuty signs, nor what an operator reads", async () => {
    await world.begin({ gating: gatingOf(), proposerLimits: agent(1) });
    const incident = await world.openIncident();
    await propose(world, incident);
    assert.equal((await propose(world, incident)).status, 429);
    const event = (id: string): string =>
      JSON.stringify({ event: { id, event_type: "incident.annotated", data: {} } });
    for (let count = 0; count < 100; count++) {
      const body = event(`01EVENT${count}`);
      const signature = createHmac("sha256", world.webhookSecret).update(body).digest("hex");
      const answer = await fetch(`${world.gate.url}/pagerduty/webhook`, {
        method: "POST",
        headers: { "x-webhook-id": `d${count}`, "x-pagerduty-signature": `v1=${signature}` },
        body,
      });
      assert.equal(answer.status, 202);
    }
    const operator = { authorization: `Bearer ${OPERATOR_TOKEN}` };
    const listed: Json = await world.onGate("GET", "/proposals", undefined, operator);
    assert.equal(listed.status, 200);
  });
});
