import assert from "node:assert/strict";
import { answer, finish, propose } from "../harness/case.ts";
import { gatingOf } from "../harness/gating.ts";
import { isWrite } from "../harness/taps.ts";
import { OPERATOR_TOKEN, PROPOSER_TOKEN, World, type Json } from "../harness/world.ts";

const KEY = { "idempotency-key": "k-1" };

/** Gatings in which what was proposed before cannot be proposed any more. */
const LATER: readonly [string, Record<string, unknown>][] = [
  ["has no such runbook", { runbooks: { workflow: { incidentWorkflow: "PWF0001" } } }],
  [
    "allows other values only",
    {
      runbooks: {
        failover: {
          automationAction: "01DBFAILOVER",
          parameters: { max_replicas: { type: "integer", minimum: 3 } },
        },
      },
    },
  ],
];

describe("An idempotency key after the gating changed", () => {
  let world: World;
  let incident: Json;
  let made: string;

  const retry = (more: Record<string, unknown> = {}, headers: Record<string, string> = {}) =>
    propose(world, incident, { parameters: { max_replicas: 2 }, ...more }, { ...KEY, ...headers });
  const count = async () => (await world.gate.ledger.list({})).proposals.length;

  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());
  beforeEach(async () => {
    await world.begin({ gating: gatingOf() });
    incident = await world.openIncident();
    const first = await retry();
    assert.equal(first.status, 202);
    made = first.body.id;
  });

  for (const [what, service] of LATER) {
    it(`answers the same request with its proposal where it ${what}`, async () => {
      world.setGating(gatingOf({}, service));
      assert.equal(
        (await propose(world, incident, { parameters: { max_replicas: 2 } })).status,
        400,
      );
      const { status, body, headers } = await retry();
      assert.equal(status, 200);
      assert.equal(body.id, made);
      assert.equal(body.joined, "idempotencyKey");
      assert.equal(
        body.message,
        "this idempotency key was used before: this is the proposal it made",
      );
      assert.equal(headers.get("location"), `/proposals/${made}`);
      assert.equal(await count(), 1);
    });
  }

  it("answers it where the service is not listed any more", async () => {
    world.setGating({ services: {} });
    assert.equal((await retry()).body.id, made);
  });

  it("answers it with how it ended", async () => {
    await answer(world, "rejected");
    await finish(world);
    world.setGating({ services: {} });
    const { status, body } = await retry();
    assert.equal(status, 200);
    assert.equal(body.outcome.reason, "rejected");
  });

  it("is still in conflict for another request", async () => {
    world.setGating({ services: {} });
    for (const other of [
      { justification: "another" },
      { parameters: { max_replicas: 3 } },
      { service: "search" },
      { runbook: "reboot" },
    ]) {
      const { status, body } = await retry(other);
      assert.equal(status, 409);
      assert.equal(
        body.error,
        `\`Idempotency-Key\` was used for another request, which made ${made}`,
      );
    }
    assert.equal(await count(), 1);
  });

  it("tells another proposer nothing", async () => {
    world.setGating({ services: {} });
    const { status, body } = await retry({}, { authorization: `Bearer ${OPERATOR_TOKEN}` });
    assert.equal(status, 400);
    assert.ok(!JSON.stringify(body).includes(made));
  });

  it("of a request that was refused is free", async () => {
    const headers = { "idempotency-key": "k-2" };
    assert.equal((await retry({ runbook: "reboot" }, headers)).status, 400);
    const { status, body } = await retry({}, headers);
    assert.equal(status, 200);
    assert.equal(body.joined, "open");
  });

  it("leads an Event Orchestration rule's request to its proposal as well", async () => {
    const headers = { authorization: "", "x-gate-token": PROPOSER_TOKEN, "idempotency-key": "k-3" };
    const send = () =>
      world.onGate(
        "POST",
        "/proposals",
        {
          incident_id: incident.id,
          service: "payments-db",
          runbook: "failover",
          max_replicas: "4",
        },
        headers,
      );
    const first = await send();
    assert.equal(first.status, 202);
    world.setGating(gatingOf({}, LATER[0]?.[1]));
    const again = await send();
    assert.equal(again.status, 200);
    assert.equal(again.body.id, first.body.id);
  });

  it("lets a number be refused that JSON can carry and nothing else", async () => {
    const body = `{"incident_id":"${incident.id}","service":"payments-db","runbook":"failover","max_replicas":1e999}`;
    const headers = { authorization: "", "x-gate-token": PROPOSER_TOKEN, "idempotency-key": "k-4" };
    const { status, body: told } = await world.onGate("POST", "/proposals", body, headers);
    assert.equal(status, 400);
    assert.equal(
      told.error,
      "`parameters.max_replicas` must be a whole number between 1 and 5, got Infinity",
    );
  });

  it("refuses a key with what nobody sees", async () => {
    const { status, body } = await retry({}, { "idempotency-key": "k\u00ADey" });
    assert.equal(status, 400);
    assert.equal(
      body.error,
      "`Idempotency-Key` must be text without invisible and control characters, got U+00AD",
    );
  });

  it("writes nothing, and the proposer does not join its own proposal", async () => {
    await world.settle();
    world.setGating({ services: {} });
    const written: string[] = [];
    world.tap = (call, _args, run) => {
      written.push(...(isWrite(call) ? [call] : []));
      return run();
    };
    assert.equal((await retry()).status, 200);
    assert.deepEqual(written, []);
  });
});
