import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { handleCallback } from "../../functions/callback/callback.ts";
import type { CallbackPorts } from "../../functions/callback/callback.ts";
import { asked, propose } from "../harness/case.ts";
import { gatingOf } from "../harness/gating.ts";
import { World } from "../harness/world.ts";
import { errorBody } from "../harness/errorBody.ts";

const SECRET = "callback-secret-of-the-gate";

describe("POST /cheqpoint/callback/{token}", () => {
  let world: World;

  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  const begin = async (more: object = {}): Promise<string> => {
    await world.begin({ gating: gatingOf(), ...more });
    await propose(world, await world.openIncident());
    await asked(world);
    const { requests } = (await world.onCheqpoint("GET", "/_emulator/requests")).body;
    const url: string = requests.findLast(
      ({ body }: { body: { callbackUrl?: string } | null }) => body?.callbackUrl !== undefined,
    ).body.callbackUrl;
    return url;
  };
  const post = async (url: string, body = "{}", headers: Record<string, string> = {}) => {
    const answer = await fetch(url, { method: "POST", body, headers });
    return { status: answer.status, body: await answer.json() };
  };
  const NOT_FOUND = { status: 404, body: errorBody("routeUnknown", "not found") };
  const RECEIVED = { status: 200, body: { received: true } };

  it("takes a hint, whatever the body says", async () => {
    const url = await begin();
    for (const body of ["", "{}", "not json", '{"status":"APPROVED"}', '{"status":"REJECTED"}']) {
      assert.deepEqual(await post(url, body), RECEIVED);
    }
    await world.settle();
    const [proposal] = (await world.gate.ledger.list({})).proposals;
    assert.equal(proposal?.decision, null);
  });

  it("gives one answer to every token that is not its own", async () => {
    const url = await begin();
    const base = url.slice(0, url.lastIndexOf("/") + 1);
    for (const token of [
      "x",
      "A".repeat(43),
      url.slice(base.length, -1),
      `${url.slice(base.length)}A`,
      "../../proposals/abcdefghijklmnopqrstuvw",
      "%00".repeat(20),
      "A".repeat(129),
    ]) {
      const answer = await fetch(base + encodeURIComponent(token), { method: "POST" });
      assert.equal(answer.status, 404);
      assert.deepEqual(await answer.json(), NOT_FOUND.body);
    }
    assert.equal((world.metrics.counts()["CallbackRefused"] ?? 0) >= 7, true);
  });

  it("gives the same answer to a wrong signature and to a body that is too large", async () => {
    const url = await begin({ callbackSecret: SECRET });
    const wrong = { "x-cheqpoint-signature": "0".repeat(64) };
    assert.deepEqual(await post(url, "{}", wrong), NOT_FOUND);
    assert.deepEqual(await post(url, "x".repeat(256 * 1024 + 1)), NOT_FOUND);
    const right = createHmac("sha256", SECRET).update("{}").digest("hex");
    assert.deepEqual(await post(url, "{}", { "x-cheqpoint-signature": right }), RECEIVED);
    assert.deepEqual(await post(url, "{ }", { "x-cheqpoint-signature": right }), NOT_FOUND);
  });

  it("asks for the secret again before it refuses a signature", async () => {
    const url = await begin();
    const read: boolean[] = [];
    const ports: CallbackPorts = {
      clock: { now: () => 0 },
      ledger: world.gate.ledger,
      queue: { send: () => Promise.resolve() },
      secrets: {
        callbackSecrets: (refresh = false) => {
          read.push(refresh);
          return Promise.resolve([refresh ? SECRET : "the-secret-before"]);
        },
      },
      log: world.log,
      metrics: world.metrics,
    };
    const signedWith = async (secret: string) =>
      handleCallback(ports, {
        method: "POST",
        path: "",
        params: { token: url.slice(url.lastIndexOf("/") + 1) },
        query: {},
        headers: {
          "x-cheqpoint-signature": createHmac("sha256", secret).update("{}").digest("hex"),
        },
        body: new TextEncoder().encode("{}"),
      });
    assert.equal((await signedWith("the-secret-before")).status, 200);
    assert.deepEqual(read, [false]);
    assert.equal((await signedWith(SECRET)).status, 200);
    assert.deepEqual(read, [false, false, true]);
    assert.equal((await signedWith("nobody's")).status, 404);
  });

  it("asks for the callback again when the ledger does not answer", async () => {
    const url = await begin();
    world.tap = (call, _args, run) =>
      call === "ledger.hint" ? Promise.reject(new Error("down")) : run();
    assert.deepEqual(await post(url), {
      status: 503,
      body: errorBody("unavailable", "try again", { retryable: true }),
    });
  });

  it("tells nobody the token", async () => {
    const url = await begin();
    await post(url);
    await world.settle();
    const token = url.slice(url.lastIndexOf("/") + 1);
    const [proposal] = (await world.gate.ledger.list({})).proposals;
    assert.ok(proposal !== undefined);
    const events = await world.gate.ledger.events(proposal.id);
    const view = await world.onGate("GET", `/proposals/${proposal.id}`);
    for (const text of [...world.log.lines, ...[proposal, events, view.body].map(toJson)]) {
      assert.ok(!text.includes(token));
    }
  });
});

function toJson(value: unknown): string {
  return JSON.stringify(value);
}
