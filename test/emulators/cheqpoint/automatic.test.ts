// Decisions by rules, by limits and by time under a clock that the test moves.
import assert from "node:assert/strict";
import { Bench, SAMPLE, field } from "./support.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe("Cheqpoint emulator: automatic decisions", () => {
  const bench = new Bench({ maxRequestsHour: 4 });
  beforeEach(() => bench.start());
  afterEach(() => bench.stop());

  async function submitted(extra: object = {}): Promise<string> {
    return field((await bench.inbound({ ...SAMPLE, ...extra })).json, "approvalId");
  }

  async function outcome(id: string): Promise<unknown> {
    const { json } = await bench.readBack(id);
    const { details: _details, id: _id, decisionReasonCode: _code, ...rest } = Object(json);
    return rest;
  }

  const open = {
    status: "PENDING",
    modifiedDetails: null,
    responseNotes: null,
    decisionNote: null,
    autoDecided: false,
    autoDecisionRuleName: null,
    decidedAt: null,
    retryable: false,
  };

  describe("by a rule", () => {
    const rules: [string, object, object, string][] = [
      ["action", { action: SAMPLE.action }, {}, "approved"],
      ["another action", { action: ["restart", "scale"] }, {}, "pending"],
      ["service", { service: ["payments-db", "x"] }, {}, "approved"],
      ["another service", { service: "x" }, {}, "pending"],
      ["risk", { riskLevel: "low" }, { riskLevel: "low" }, "approved"],
      ["the default risk", { riskLevel: "medium" }, {}, "approved"],
      ["another risk", { riskLevel: ["low", "medium"] }, { riskLevel: "high" }, "pending"],
      [
        "a risk told in the details",
        { riskLevel: "high" },
        { details: { risk: "0.9 (high)" } },
        "approved",
      ],
      ["a score that inbound does not have", { riskScoreAtMost: 1 }, {}, "pending"],
    ];
    for (const [what, match, extra, expected] of rules) {
      it(`matches ${what}: ${expected}`, async () => {
        await bench.call("POST", "/_emulator/rules", { name: "r", decision: "approve", ...match });
        const { json } = await bench.inbound({ ...SAMPLE, ...extra });
        assert.equal(field(json, "status"), expected);
      });
    }

    it("matches the score of the request endpoint, bounds included", async () => {
      const rule = {
        name: "safe",
        decision: "reject",
        riskScoreAtLeast: 0.2,
        riskScoreAtMost: 0.5,
      };
      await bench.call("POST", "/_emulator/rules", rule);
      const statuses = [];
      for (const riskScore of [0.2, 0.5, 0.51]) {
        statuses.push(field((await bench.request({ ...SAMPLE, riskScore })).json, "status"));
      }
      assert.deepEqual(statuses, ["REJECTED", "REJECTED", "PENDING"]);
    });

    it("answers at once, names the rule and calls nobody back", async () => {
      const receiver = await bench.receiver();
      const rule = { name: "restarts", decision: "reject", note: "Never at night." };
      await bench.call("POST", "/_emulator/rules", rule);
      const { json } = await bench.inbound({ ...SAMPLE, callbackUrl: receiver.url });
      const id = field(json, "approvalId");
      assert.deepEqual(json, {
        status: "rejected",
        approvalId: id,
        modifiedDetails: null,
        decisionNote: "Never at night.",
      });
      assert.deepEqual(await outcome(id), {
        ...open,
        status: "REJECTED",
        decisionNote: "Never at night.",
        autoDecided: true,
        autoDecisionRuleName: "restarts",
        decidedAt: "2026-11-23T10:00:00.000Z",
      });
      await bench.pass(HOUR);
      assert.equal(receiver.received.length, 0);
      assert.deepEqual((await bench.call("GET", "/_emulator/callbacks")).json, { callbacks: [] });
    });

    it("takes the first rule that matches; one of the same name replaces it in place", async () => {
      await bench.call("POST", "/_emulator/rules", { name: "a", decision: "reject" });
      await bench.call("POST", "/_emulator/rules", { name: "b", decision: "reject" });
      await bench.call("POST", "/_emulator/rules", { name: "a", decision: "approve" });
      assert.equal(field((await bench.inbound(SAMPLE)).json, "status"), "approved");
      const { json } = await bench.call("GET", "/_emulator/rules");
      assert.deepEqual(json, {
        rules: [
          { name: "a", decision: "approve" },
          { name: "b", decision: "reject" },
        ],
      });
    });

    it("forgets rules one by one and all together", async () => {
      for (const name of ["a", "b", "c"]) {
        await bench.call("POST", "/_emulator/rules", { name, decision: "reject" });
      }
      assert.equal((await bench.call("DELETE", "/_emulator/rules/a")).status, 204);
      assert.equal((await bench.call("DELETE", "/_emulator/rules/a")).status, 404);
      assert.equal((await bench.call("DELETE", "/_emulator/rules")).status, 204);
      assert.deepEqual((await bench.call("GET", "/_emulator/rules")).json, { rules: [] });
    });
  });

  describe("by limits", () => {
    const refusedBy = (rule: string) => ({
      ...open,
      status: "REJECTED",
      autoDecided: true,
      autoDecisionRuleName: rule,
      decidedAt: "2026-11-23T10:00:00.000Z",
    });

    it("rejects an identical request inside the loop window, whatever its key order", async () => {
      await submitted();
      bench.now += 1999;
      const { summary, ...rest } = SAMPLE;
      const again = field((await bench.inbound({ ...rest, summary })).json, "approvalId");
      assert.deepEqual(await outcome(again), {
        ...refusedBy("loop-protection"),
        decidedAt: "2026-11-23T10:00:01.999Z",
      });
    });

    it("lets an identical request through once the window is over, or when it differs", async () => {
      await submitted();
      assert.deepEqual(await outcome(await submitted({ justification: "Still." })), open);
      bench.now += 2000;
      assert.deepEqual(await outcome(await submitted()), open);
    });

    it("rejects what is over the hourly limit without counting it", async () => {
      for (let i = 0; i < 4; i++) await submitted({ summary: `request ${i}` });
      for (let i = 4; i < 9; i++) {
        const id = await submitted({ summary: `request ${i}` });
        assert.deepEqual(await outcome(id), refusedBy("max-requests-hour"));
      }
      bench.now += HOUR;
      assert.deepEqual(await outcome(await submitted()), open);
    });

    it("has no limit when the setting is null", async () => {
      await bench.settings({ maxRequestsHour: null });
      for (let i = 0; i < 6; i++) {
        assert.deepEqual(await outcome(await submitted({ summary: `request ${i}` })), open);
      }
    });

    it("takes nothing in while the kill switch is on, and can still be read", async () => {
      const id = await submitted();
      await bench.settings({ killSwitch: true });
      for (const answer of [await bench.inbound(SAMPLE), await bench.request(SAMPLE)]) {
        assert.equal(answer.status, 403);
        assert.deepEqual(answer.json, { error: "This AI Assistant is switched off." });
      }
      assert.deepEqual(await outcome(id), open);
      await bench.settings({ killSwitch: false });
      await submitted({ summary: "again" });
    });
  });

  describe("by time", () => {
    it("rejects after 24 hours as a system rejection, not earlier", async () => {
      const id = await submitted();
      await bench.pass(24 * HOUR - 1);
      assert.deepEqual(await outcome(id), open);
      await bench.pass(1);
      assert.deepEqual(await outcome(id), {
        ...open,
        status: "REJECTED",
        autoDecided: true,
        retryable: true,
        decidedAt: "2026-11-24T10:00:00.000Z",
      });
    });

    it("follows the request's own deadline and what it asks to happen then", async () => {
      const expiresAt = "2026-11-23T12:05:00+02:00";
      const approve = await submitted({ expiresAt, onExpiry: "approve" });
      const reject = await submitted({ expiresAt });
      await bench.pass(5 * MINUTE);
      const decidedAt = "2026-11-23T10:05:00.000Z";
      assert.deepEqual(await outcome(approve), {
        ...open,
        status: "APPROVED",
        autoDecided: true,
        autoDecisionRuleName: "on-expiry",
        decidedAt,
      });
      assert.deepEqual(await outcome(reject), {
        ...open,
        status: "REJECTED",
        autoDecided: true,
        retryable: true,
        decidedAt,
      });
    });

    it("takes age, outcome and the automatic mark from its settings", async () => {
      const id = await submitted();
      await bench.settings({ expireAfterMs: MINUTE, expiryIsAutoDecided: false });
      await bench.pass(MINUTE);
      assert.deepEqual(await outcome(id), {
        ...open,
        status: "REJECTED",
        retryable: true,
        decidedAt: "2026-11-23T10:01:00.000Z",
      });
      const other = await submitted({ summary: "other" });
      await bench.settings({ onExpiry: "approve" });
      await bench.pass(MINUTE);
      assert.equal(field((await bench.readBack(other)).json, "status"), "APPROVED");
    });

    it("does not let a reviewer decide after the deadline, tick or not", async () => {
      const id = await submitted({ expiresAt: "2026-11-23T10:05:00Z" });
      bench.now += 5 * MINUTE;
      const { status, json } = await bench.decide(id, { decision: "approved" });
      assert.equal(status, 409);
      assert.equal(
        field(json, "error"),
        `${id} was rejected at 2026-11-23T10:05:00.000Z by expiry; it cannot be approved now.`,
      );
    });

    it("never expires when the setting is null", async () => {
      const id = await submitted();
      await bench.settings({ expireAfterMs: null });
      await bench.pass(1000 * HOUR);
      assert.deepEqual(await outcome(id), open);
    });
  });
});
