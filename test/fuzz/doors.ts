import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { handleCallback } from "../../functions/callback/callback.ts";
import type { Delivery } from "../../functions/gate/ports/index.ts";
import type { Proposal } from "../../functions/gate/proposal/proposal.ts";
import type { HttpResponse } from "../../functions/http.ts";
import { handleMiddleware } from "../../functions/middleware/middleware.ts";
import { deliver } from "../../functions/worker/deliveries.ts";
import { EVENTS, ORCHESTRATION, PROPOSAL, CALLBACK } from "./corpus.ts";
import type { Dice } from "./dice.ts";
import { edits } from "./edits.ts";
import { broken, mutated } from "./mutate.ts";
import { API_TOKEN, CALLBACK_SECRET, CALLBACK_TOKEN, portsFor, Written, SECRET } from "./ports.ts";

/** Where something comes in from outside. */
export interface Door {
  readonly name: string;
  /** What may come in: one case. */
  draw(dice: Dice): Buffer;
  /** Lets it in and judges what came of it, by what is written here alone. Throws where it got past. */
  knock(bytes: Buffer, dice: Dice): Promise<void>;
}

const record = new Written();
const ports = portsFor(record);

const hmac = (secret: string, body: Buffer): Buffer =>
  createHmac("sha256", secret).update(body).digest();
const signatureOf = (body: Buffer): string => `v1=${hmac(SECRET, body).toString("hex")}`;

function post(
  route: string,
  path: string,
  headers: { [name: string]: string },
  body: Buffer,
): Promise<HttpResponse> {
  record.clear();
  return handleMiddleware(ports, route, {
    method: "POST",
    path,
    params: {},
    query: {},
    headers,
    body,
  });
}

function assertClean(): void {
  assert.equal("polluted" in {}, false, "every object has a property more");
}

/** A header that nobody with the secret wrote is refused and leaves nothing behind; one that is right is taken. */
const signature: Door = {
  name: "signature",
  draw: (dice) => {
    const right = signatureOf(Buffer.from(JSON.stringify(EVENTS[0])));
    const forged = `v1=${dice.next().toString(16).padStart(64, "0")}`;
    const parts = Array.from({ length: 1 + dice.below(4) }, () =>
      dice.pick([
        right,
        forged,
        right.toUpperCase(),
        right.slice(3),
        "",
        "v1=",
        "v0=" + right.slice(3),
      ]),
    );
    return dice.once(4) ? Buffer.from(parts.join(",")) : broken(parts.join(","), dice);
  },
  knock: async (bytes, dice) => {
    const original = Buffer.from(JSON.stringify(EVENTS[0]));
    const body = dice.once(4) ? broken(original.toString(), dice) : original;
    const header = bytes.toString("latin1");
    const { status } = await post(
      "POST /pagerduty/webhook",
      "/pagerduty/webhook",
      { "x-pagerduty-signature": header },
      body,
    );
    const isGenuine = header.split(",").some((part) => part.trim() === signatureOf(body));
    assert.equal(status, isGenuine ? 202 : 401);
    assert.equal(record.writes.length > 0, isGenuine, "a forged event was written");
  },
};

/** Whatever is signed is kept and answered 202, and the worker makes something of it at the first try. */
const event: Door = {
  name: "event",
  draw: (dice) => mutated(dice.pick(EVENTS), dice),
  knock: async (body) => {
    const { status } = await post(
      "POST /pagerduty/webhook",
      "/pagerduty/webhook",
      { "x-pagerduty-signature": signatureOf(body) },
      body,
    );
    assert.equal(status, 202);
    const [kept] = record.of("accept") as Delivery[];
    assert.equal(kept?.body, new TextDecoder().decode(body), "it is not kept as it came");
    if (kept.state === "new") {
      await deliver(ports, kept.id);
      const saved = record.of("saveDelivery") as Delivery[];
      assert.equal(saved.length, 1);
      assert.ok(saved[0]?.state === "done" || saved[0]?.tries === 1, "the worker cannot handle it");
      assert.deepEqual(
        record.warnings.filter((text) => text.startsWith("event not handled")),
        [],
      );
    }
    for (const proposal of record.of("create") as Proposal[]) {
      assert.equal(proposal.request.runbook, "failover", "an event chose what is proposed");
      assert.equal(proposal.request.service, "payments-db");
      assert.deepEqual(proposal.request.parameters, {}, "an event chose a parameter");
    }
    assertClean();
  },
};

const PARAMETERS: { [runbook: string]: readonly string[] } = {
  failover: ["max_replicas"],
  workflow: [],
  handover: [],
  raise: [],
};
/** By this file's own belief: what hides or turns text, but for line breaks and tabs where there may be several lines. */
const HIDES = /(?![\n\t])[\p{Cc}\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/u;
const TURNS = /[\n\t]/;

/** What was taken is what may be taken, and what was refused is nowhere. */
function assertProposal({ status, body }: HttpResponse): void {
  const made = record.of("create") as Proposal[];
  if (status !== 202) {
    assert.ok(status === 400 || status === 413, `answered ${status}: ${body}`);
    assert.deepEqual(made, [], "what was refused is stored");
    assert.deepEqual(record.of("hint"), []);
    return;
  }
  const [proposal] = made;
  assert.ok(made.length === 1 && proposal !== undefined);
  const { request, proposer } = proposal;
  assert.equal(proposer, "agent");
  assert.equal(request.service, "payments-db");
  const allowed = PARAMETERS[request.runbook];
  assert.ok(allowed !== undefined, `a runbook of its own: ${request.runbook}`);
  for (const [name, value] of Object.entries(request.parameters)) {
    assert.ok(allowed.includes(name), `a parameter of its own: ${name}`);
    assert.ok(
      Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 5,
      `a value of its own`,
    );
  }
  assert.match(request.incidentId ?? "P1", /^[A-Za-z0-9]{1,64}$/);
  const { alertKey, severity, summary, regions, justification, evidence } = request;
  const lines = [alertKey ?? "", severity ?? "", summary ?? "", ...regions];
  assert.ok(lines.every((one) => !HIDES.test(one) && !TURNS.test(one) && one.isWellFormed()));
  assert.ok([justification, ...evidence].every((one) => !HIDES.test(one) && one.isWellFormed()));
  assert.ok(justification.length > 0 && justification.length <= 4_000);
  assert.ok((summary ?? "").length <= 300 && regions.length <= 50 && evidence.length <= 20);
  assertClean();
}

const proposalBody: Door = {
  name: "proposal body",
  draw: (dice) => mutated(dice.pick(PROPOSAL), dice),
  knock: async (body) => {
    const headers = { authorization: `Bearer ${API_TOKEN}` };
    assertProposal(await post("POST /proposals", "/proposals", headers, body));
  },
};

const orchestrationBody: Door = {
  name: "orchestration body",
  draw: (dice) => mutated(dice.pick(ORCHESTRATION), dice),
  knock: async (body) => {
    assertProposal(
      await post("POST /proposals", "/proposals", { "x-gate-token": API_TOKEN }, body),
    );
  },
};

/** Only the token's own proposal hears of it, and nothing but what a status and an id may look like. */
const callback: Door = {
  name: "callback",
  draw: (dice) => mutated(dice.pick(CALLBACK), dice),
  knock: async (body, dice) => {
    record.clear();
    const token = dice.once(3) ? broken(CALLBACK_TOKEN, dice).toString("latin1") : CALLBACK_TOKEN;
    const digest = hmac(CALLBACK_SECRET, body);
    const forms = ["hex", "base64"].flatMap((form) => {
      const text = digest.toString(form === "hex" ? "hex" : "base64");
      return [text, `sha256=${text}`];
    });
    const written = dice.pick(forms);
    const header = dice.once(3)
      ? undefined
      : dice.once(2)
        ? written
        : broken(written, dice).toString("latin1");
    const { status } = await handleCallback(ports, {
      method: "POST",
      path: "/cheqpoint/callback/x",
      params: { token },
      query: {},
      headers: header === undefined ? {} : { "x-cheqpoint-signature": header },
      body,
    });
    const isGenuine =
      token === CALLBACK_TOKEN && (header === undefined || forms.includes(header.trim()));
    assert.equal(status, isGenuine ? 200 : 404);
    const hints = record.of("hint") as { id: string; hint: { kind: string; data: object } }[];
    assert.equal(hints.length, isGenuine ? 1 : 0, "a forged callback is written");
    for (const { id, hint } of hints) {
      assert.equal(id, "prop_1");
      assert.equal(hint.kind, "decision");
      const told: { status?: string; approvalId?: string } = hint.data;
      assert.match(told.status ?? "A", /^[A-Z_]{1,32}$/);
      assert.match(told.approvalId ?? "A", /^[\x21-\x7e]{1,200}$/);
    }
    assertClean();
  },
};

export const DOORS: readonly Door[] = [
  signature,
  event,
  orchestrationBody,
  proposalBody,
  edits,
  callback,
];
