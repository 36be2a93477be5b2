// Decisions by a reviewer under a clock that the test moves, and the emulator's own switches.
import assert from "node:assert/strict";
import { Bench, SAMPLE, field } from "./support.ts";

const MINUTE = 60_000;

describe("Cheqpoint emulator: decisions", () => {
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

  describe("by a reviewer", () => {
    it("keeps the note, the changed details and the time of an approval", async () => {
      const id = await submitted();
      bench.now += MINUTE;
      const modifiedDetails = { ...SAMPLE.details, runbook: "db_restart" };
      const answer = await bench.decide(id, { decision: "approved", note: "Go.", modifiedDetails });
      assert.equal(answer.status, 200);
      assert.deepEqual(await outcome(id), {
        ...open,
        status: "APPROVED",
        modifiedDetails,
        decisionNote: "Go.",
        decidedAt: "2026-11-23T10:01:00.000Z",
      });
    });

    it("marks a reviewer's rejection neither as automatic nor as retryable", async () => {
      const id = await submitted();
      await bench.decide(id, { decision: "rejected", note: "  " });
      assert.deepEqual(await outcome(id), {
        ...open,
        status: "REJECTED",
        decidedAt: "2026-11-23T10:00:00.000Z",
      });
    });

    it("shows the note in the field that its setting names", async () => {
      const id = await submitted();
      await bench.decide(id, { decision: "rejected", note: "No." });
      const notes = [];
      for (const noteField of ["decisionNote", "responseNotes", "both"]) {
        await bench.settings({ noteField });
        const { decisionNote, responseNotes } = Object((await bench.readBack(id)).json);
        notes.push([decisionNote, responseNotes]);
      }
      assert.deepEqual(notes, [
        ["No.", null],
        [null, "No."],
        ["No.", "No."],
      ]);
    });

    it("answers the same decision again with the first outcome", async () => {
      const id = await submitted();
      const first = await bench.decide(id, { decision: "approved", note: "First." });
      bench.now += MINUTE;
      const again = await bench.decide(id, { decision: "approved", note: "Second." });
      assert.equal(again.status, 200);
      assert.deepEqual(Object(again.json).approval, Object(first.json).approval);
      assert.equal(Object(again.json).approval.decisionNote, "First.");
    });

    it("refuses the opposite decision and says what was decided and when", async () => {
      const id = await submitted();
      await bench.decide(id, { decision: "approved" });
      bench.now += MINUTE;
      const { status, json } = await bench.decide(id, { decision: "rejected" });
      assert.equal(status, 409);
      assert.equal(
        field(json, "error"),
        `${id} was approved at 2026-11-23T10:00:00.000Z by a reviewer; it cannot be rejected now.`,
      );
      assert.equal(field((await bench.readBack(id)).json, "status"), "APPROVED");
    });

    it("refuses decisions that it cannot understand", async () => {
      const id = await submitted();
      const word = await bench.decide(id, { decision: "maybe" });
      const error = '`decision` must be one of "approved", "rejected", got a string.';
      assert.deepEqual({ ...word, headers: null }, { status: 400, headers: null, json: { error } });
      const extra = await bench.decide(id, { decision: "approved", reason: "x" });
      assert.deepEqual(extra.json, { error: "`reason` is not a known field." });
      const unknown = await bench.decide("req_unknown", { decision: "approved" });
      assert.equal(unknown.status, 404);
      assert.equal(field((await bench.readBack(id)).json, "status"), "PENDING");
    });
  });

  it("refuses settings and rules that it does not know", async () => {
    const unknown = await bench.settings({ expireAfter: 1 });
    assert.equal(unknown.status, 400);
    assert.deepEqual(unknown.json, { error: "`expireAfter` is not a known field." });
    const value = await bench.settings({ expireAfterMs: 0 });
    assert.deepEqual(value.json, {
      error: "`expireAfterMs` must be an integer of at least 1, got 0.",
    });
    const rule = await bench.call("POST", "/_emulator/rules", { name: "x", decision: "allow" });
    assert.deepEqual(rule.json, {
      error: '`decision` must be one of "approve", "reject", got a string.',
    });
  });

  it("lists requests newest first, by status, and refuses an unknown one", async () => {
    const first = await submitted();
    const second = await submitted({ summary: "second" });
    await bench.decide(first, { decision: "approved" });
    const ids = async (query: string) => {
      const { json } = await bench.call("GET", `/_emulator/approvals${query}`);
      const { approvals } = Object(json);
      return approvals.map((approval: unknown) => field(approval, "id"));
    };
    assert.deepEqual(await ids(""), [second, first]);
    assert.deepEqual(await ids("?status=PENDING"), [second]);
    assert.deepEqual(await ids("?status=decided"), [first]);
    assert.deepEqual(await ids("?limit=1"), [second]);
    const { status, json } = await bench.call("GET", "/_emulator/approvals?status=open");
    assert.equal(status, 400);
    assert.deepEqual(json, {
      error: '`status` must be one of "pending", "approved", "rejected", "decided", got a string.',
    });
  });

  it("goes back to the start on reset", async () => {
    const id = await submitted();
    await bench.settings({ killSwitch: true });
    await bench.call("POST", "/_emulator/rules", { name: "a", decision: "reject" });
    await bench.fault({ call: "callback", drop: true });
    assert.equal((await bench.call("POST", "/_emulator/reset")).status, 204);
    assert.equal((await bench.readBack(id)).status, 404);
    assert.deepEqual((await bench.call("GET", "/_emulator/rules")).json, { rules: [] });
    assert.deepEqual((await bench.call("GET", "/_emulator/faults")).json, { faults: [] });
    assert.equal(field((await bench.inbound(SAMPLE)).json, "status"), "pending");
  });
});
