import assert from "node:assert/strict";
import { createCheqpoint } from "../../functions/cheqpoint/client.ts";
import { parseCallback, verifyCheqpointSignature } from "../../functions/cheqpoint/callback.ts";
import type { ApprovalRequest, Cheqpoint } from "../../functions/gate/ports/index.ts";
import { startCheqpointEmulator } from "../../emulators/cheqpoint/index.ts";
import type { CheqpointEmulator } from "../../emulators/cheqpoint/index.ts";
import { startWireServer } from "../pagerduty/wireServer.ts";
import type { WireServer } from "../pagerduty/wireServer.ts";

// Shows that client and emulator understand each other; both are ours.

const SECRET = "cheqpoint-test-secret-0001";
const request: ApprovalRequest = {
  action: "run_auto_remediation_runbook",
  summary: "AI asks for a database failover on INC-4421",
  details: { incident_id: "INC-4421", max_replicas: 3, attempt: "a-1" },
  justification: "CPU at 98 % for 8 minutes",
  riskLevel: "high",
  priority: "urgent",
};

describe("the Cheqpoint client against the emulator", () => {
  let emulator: CheqpointEmulator;
  let gate: WireServer;
  let nowMs: number;
  beforeEach(async () => {
    nowMs = Date.UTC(2026, 10, 23, 10);
    gate = await startWireServer();
    emulator = await startCheqpointEmulator({
      dataFile: ":memory:",
      port: 0,
      webhookSecret: SECRET,
      clock: { now: () => nowMs },
    });
  });
  afterEach(async () => {
    await emulator.stop();
    await gate.close();
  });

  function client(key = emulator.connectionKey): Cheqpoint {
    return createCheqpoint({
      baseUrl: emulator.url,
      connectionKey: () => Promise.resolve(key),
      clock: { now: () => nowMs },
      timeoutMs: 20_000,
    });
  }

  async function control(path: string, body: unknown): Promise<void> {
    const response = await fetch(`${emulator.url}/_emulator${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    assert.ok(response.ok, `${path}: ${response.status} ${await response.text()}`);
  }

  async function submitted(asked: ApprovalRequest = request): Promise<string> {
    const { approvalId, status } = await client().submit({
      ...asked,
      callbackUrl: `${gate.url}/cheqpoint/callback/TOKEN`,
    });
    assert.equal(status, "pending");
    assert.ok(approvalId !== null);
    return approvalId;
  }

  it("submits, and reads a human's approval with changes and note", async () => {
    const id = await submitted();
    assert.deepEqual(await client().read(id), {
      id,
      status: "PENDING",
      details: request.details,
      modifiedDetails: null,
      notes: [],
      reasonCode: null,
      autoDecided: false,
      autoDecisionRuleName: null,
      decidedAtMs: null,
      retryable: false,
    });
    nowMs += 60_000;
    await control(`/approvals/${id}/decide`, {
      decision: "approved",
      note: "Two replicas only.",
      modifiedDetails: { ...request.details, max_replicas: 2 },
    });
    assert.deepEqual(await client().read(id), {
      id,
      status: "APPROVED",
      details: request.details,
      modifiedDetails: { ...request.details, max_replicas: 2 },
      notes: ["Two replicas only."],
      reasonCode: null,
      autoDecided: false,
      autoDecisionRuleName: null,
      decidedAtMs: nowMs,
      retryable: false,
    });
  });

  it("gets the address of the review page", async () => {
    const { approvalId, reviewUrl } = await client().submit({
      ...request,
      callbackUrl: `${gate.url}/x`,
    });
    assert.equal(reviewUrl, `${emulator.url}/r/${approvalId}`);
  });

  it("verifies the callback and takes its status for a hint", async () => {
    const id = await submitted();
    gate.will({ status: 200 });
    await control(`/approvals/${id}/decide`, { decision: "rejected", note: "No." });
    await emulator.tick();
    const [callback] = gate.seen;
    assert.equal(`${callback?.method} ${callback?.path}`, "POST /cheqpoint/callback/TOKEN");
    const raw = Buffer.from(callback?.body ?? "", "utf8");
    const header = callback?.headers["x-cheqpoint-signature"];
    assert.equal(typeof header, "string");
    assert.equal(verifyCheqpointSignature(raw, String(header), SECRET), true);
    assert.equal(verifyCheqpointSignature(raw, String(header), "another secret"), false);
    assert.deepEqual(parseCallback(raw), {
      status: "REJECTED",
      approvalId: null,
    });
    assert.equal((await client().read(id))?.status, "REJECTED");
  });

  it("waits for a decision that comes in time", async () => {
    const waiting = client().submit({ ...request, maxWaitMs: 5_000 });
    const id = await pendingId();
    await control(`/approvals/${id}/decide`, { decision: "approved" });
    const receipt = await waiting;
    assert.equal(receipt.status, "decided");
    assert.equal(receipt.approvalId, id);
  });

  it("is told at once what a rule decided, and reads that it was a rule", async () => {
    await control("/rules", {
      name: "low risk at night",
      riskLevel: "low",
      decision: "approve",
    });
    const receipt = await client().submit({ ...request, riskLevel: "low" });
    assert.equal(receipt.status, "decided");
    const reading = await client().read(receipt.approvalId ?? "");
    assert.equal(reading?.status, "APPROVED");
    assert.equal(reading?.autoDecided, true);
    assert.equal(reading?.autoDecisionRuleName, "low risk at night");
  });

  it("reads an expired request as rejected by the system", async () => {
    const id = await submitted();
    gate.will({ status: 200 });
    nowMs += 25 * 60 * 60 * 1000;
    await emulator.tick();
    const reading = await client().read(id);
    assert.equal(reading?.status, "REJECTED");
    assert.equal(reading?.retryable, true);
  });

  it("is null for an id that nobody gave", async () => {
    assert.equal(await client().read("req_none"), null);
  });

  it("is refused with another key", async () => {
    const stranger = client("cq_live_somebody_else");
    const refused = { name: "RemoteError", nothingDone: true, retryable: false, status: 401 };
    await assert.rejects(stranger.submit(request), refused);
    await assert.rejects(stranger.read("req_none"), refused);
  });

  it("tells a limit from a failure from a lost answer", async () => {
    const call = "POST /api/webhooks/inbound";
    await control("/faults", { call, status: 429, headers: { "retry-after": "7" } });
    await assert.rejects(client().submit(request), {
      nothingDone: true,
      retryable: true,
      retryAfterMs: 7_000,
    });
    await control("/faults", { call, status: 500, afterDoing: true });
    await assert.rejects(client().submit({ ...request, summary: "second" }), {
      nothingDone: false,
      retryable: true,
      status: 500,
    });
    await control("/faults", { call, dropAnswer: true });
    await assert.rejects(client().submit({ ...request, summary: "third" }), {
      nothingDone: false,
      retryable: true,
      status: null,
    });
    await control("/faults", { call, status: 302, headers: { location: "https://elsewhere/" } });
    await assert.rejects(client().submit(request), {
      nothingDone: false,
      retryable: false,
      status: 302,
    });
  });

  /** The id of the one request under review, as soon as it is there. */
  async function pendingId(): Promise<string> {
    for (let tries = 0; tries < 200; tries += 1) {
      const response = await fetch(`${emulator.url}/_emulator/approvals?status=pending`);
      const { approvals } = (await response.json()) as { approvals: { id: string }[] };
      if (approvals[0] !== undefined) return approvals[0].id;
    }
    return assert.fail("no request came under review");
  }
});
