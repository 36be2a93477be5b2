import assert from "node:assert/strict";
import { answer, asked, ended, EXECUTED, finish, propose, see } from "../harness/case.ts";
import { gatingOf } from "../harness/gating.ts";
import { secondWorker } from "../harness/secondWorker.ts";
import { World, type Json } from "../harness/world.ts";

const READ_FAILS = { call: "GET /api/approvals/:id", status: 503 };
const CALLBACK_LOST = { call: "callback", drop: true };

describe("Decisions on their way to the gate", () => {
  let world: World;

  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  const begin = async (rule: Record<string, unknown> = {}, more: object = {}) => {
    await world.begin({ gating: gatingOf(rule), ...more });
    const incident = await world.openIncident();
    assert.equal((await propose(world, incident)).status, 202);
    return incident;
  };
  const fault = (body: object) => world.onCheqpoint("POST", "/_emulator/faults", body);

  describe("callbacks", () => {
    it("lost: the decision is found by reading", async () => {
      const incident = await begin();
      await fault({ call: "callback", drop: true });
      await answer(world, "approved");
      await finish(world);
      assert.equal(ended(await see(world, incident)), EXECUTED);
    });

    it("repeated: it runs once", async () => {
      const incident = await begin();
      await fault({ call: "callback", duplicate: true });
      await answer(world, "approved");
      await finish(world);
      assert.equal(ended(await see(world, incident)), EXECUTED);
    });

    it("out of order: each proposal gets its own decision", async () => {
      await world.begin({ gating: gatingOf() });
      const [one, two] = [await world.openIncident(), await world.openIncident()];
      await propose(world, one);
      await propose(world, two);
      await world.settle();
      await fault({ call: "callback", reorder: true });
      const pending = await world.pendingApprovals();
      for (const { id, details } of pending) {
        const isOne = details.pagerduty_incident === one.id;
        await world.decide(id, isOne ? "approved" : "rejected");
      }
      await finish(world);
      const { proposal } = await see(world, one);
      assert.equal(proposal.outcome?.reason, "completed");
      const other = await see(world, two);
      assert.equal(other.proposal.outcome?.reason, "rejected");
      assert.equal(other.invocations.length, 0);
      assert.equal(other.tasks.length, 1);
    });

    it("forged: a callback that says approved approves nothing", async () => {
      const incident = await begin({ sla: "1m" });
      await asked(world);
      const { requests } = (await world.onCheqpoint("GET", "/_emulator/requests")).body;
      const url: string = requests.find(({ body }: { body: { callbackUrl?: string } }) => body).body
        .callbackUrl;
      const forged = await fetch(url, {
        method: "POST",
        body: JSON.stringify({ status: "APPROVED" }),
      });
      assert.equal(forged.status, 200);
      await world.settle();
      assert.equal((await see(world, incident)).proposal.decision, null);
      await finish(world);
      assert.equal(ended(await see(world, incident)), "suppressed expired, 0 runs, 1 tasks");
    });

    it("false: the approval counts, not what the callback says of it", async () => {
      const incident = await begin();
      await fault({ call: "callback", body: JSON.stringify({ status: "APPROVED" }) });
      await answer(world, "rejected", { note: "not now" });
      await finish(world);
      const seen = await see(world, incident);
      assert.equal(ended(seen), "suppressed rejected, 0 runs, 1 tasks");
      assert.equal(seen.proposal.decision?.note, "not now");
    });

    it("late: a yes after the deadline is recorded and not acted on", async () => {
      const incident = await begin({ sla: "1m" });
      const { id } = await asked(world);
      await world.pass(70_000);
      await world.decide(id, "approved");
      await finish(world);
      const seen = await see(world, incident);
      assert.equal(ended(seen), "suppressed expired, 0 runs, 1 tasks");
      assert.ok(seen.types.includes("decision.late"), seen.types.join());
      assert.equal(seen.proposal.decision?.outcome, "expired");
    });

    for (const [how, delivery, faults] of [
      ["once when it cannot be read at first", "callback", [READ_FAILS]],
      ["although its callback is lost", "callback", [CALLBACK_LOST]],
      ["although nobody reports it", "poll", []],
    ] as const) {
      it(`late: a yes is recorded ${how}`, async () => {
        const incident = await begin({ sla: "1m", delivery });
        const { id } = await asked(world);
        await world.pass(70_000);
        for (const one of faults) {
          await fault(one);
        }
        await world.decide(id, "approved", { note: "go" });
        await finish(world);
        const seen = await see(world, incident);
        assert.equal(ended(seen), "suppressed expired, 0 runs, 1 tasks");
        const late = seen.events.filter(({ type }) => type === "decision.late");
        assert.deepEqual(
          late.map(({ data }) => [data["outcome"], data["note"], data["standing"]]),
          [["approved", "go", "expired"]],
        );
        const { notes } = (await world.onPagerDuty("GET", `/incidents/${incident.id}/notes`)).body;
        const told = notes.filter(({ content }: Json) => content.includes(" late]"));
        assert.deepEqual(
          told.map(({ content }: Json) => content.split("\n").slice(1)),
          [
            [
              "Approval gate: Approved by a reviewer in Cheqpoint, 23 Nov 2026, 10:01 UTC, after the deadline of 23 Nov 2026, 10:01 UTC: not run.",
              "It had ended before: Nobody decided until 23 Nov 2026, 10:01 UTC.",
              "If it is still needed, propose it again.",
              "The reviewer's note in Cheqpoint:",
              "> go",
            ],
          ],
        );
        assert.equal(seen.proposal.dueAtMs, null);
      });
    }

    it("late: the note on a yes is written once, although PagerDuty's answer to it is lost", async () => {
      const incident = await begin({ sla: "1m" });
      const { id } = await asked(world);
      await world.pass(70_000);
      await finish(world);
      await world.onPagerDuty("POST", "/_emulator/faults", {
        call: "POST /incidents/:id/notes",
        status: 500,
        afterDoing: true,
      });
      await world.decide(id, "approved");
      await finish(world);
      const { notes } = (await world.onPagerDuty("GET", `/incidents/${incident.id}/notes`)).body;
      assert.equal(notes.filter(({ content }: Json) => content.includes(" late]")).length, 1);
      const seen = await see(world, incident);
      assert.equal(seen.types.filter((type) => type === "decision.late").length, 1);
      assert.equal(seen.proposal.dueAtMs, null);
    });

    it("late: what can never be read is not looked for for ever", async () => {
      const incident = await begin({ sla: "1m" });
      const { id } = await asked(world);
      await world.pass(70_000);
      await fault({ ...READ_FAILS, times: 1_000 });
      await world.decide(id, "approved");
      await finish(world);
      const { proposal, types } = await see(world, incident);
      assert.deepEqual(
        types.filter((type) => /late/i.test(type)),
        ["decision.lateUnread", "decision.lateUnread"],
      );
      assert.equal(proposal.dueAtMs, null);
    });

    it("delayed past the deadline: a yes in time counts", async () => {
      const incident = await begin({ sla: "1m" });
      await fault({ call: "callback", delayMs: 600_000 });
      await fault({ call: "GET /api/approvals/:id", status: 503, times: 4 });
      const { id } = await asked(world);
      await world.pass(50_000);
      await world.decide(id, "approved");
      await finish(world);
      assert.equal(ended(await see(world, incident)), EXECUTED);
    });
  });

  describe("no answer, where silence means yes", () => {
    const silence = { sla: "1m", validFor: "1m", onExpiry: "approve", acknowledgeRisk: true };

    it("runs as the reviewer was told, and only until then", async () => {
      const incident = await begin(silence);
      const { details } = await asked(world);
      assert.equal(details.approval_valid_until, "2026-11-23T10:02:00.000Z at the latest");
      await world.pass(59_000);
      // A minute at most after it was due.
      world.clock.nowMs += 60_000;
      await finish(world);
      assert.equal(ended(await see(world, incident)), EXECUTED);
    });

    it("is waited for as long as nobody watched: a clock that jumps approves nothing at once", async () => {
      const incident = await begin({ ...silence, validFor: "10m" });
      await asked(world);
      await world.pass(30_000);
      world.clock.nowMs += 4 * 60_000;
      await world.settle();
      assert.deepEqual(await world.invocations(incident.id), []);
      // Half a minute of the minute had passed before the jump, at most.
      await world.pass(25_000);
      assert.deepEqual(await world.invocations(incident.id), []);
      await finish(world);
      const seen = await see(world, incident);
      assert.equal(ended(seen), EXECUTED);
      assert.ok(seen.types.includes("approval.unwatched"));
    });

    it("is no yes where a no is said in the time that is waited for longer", async () => {
      const incident = await begin({ ...silence, validFor: "10m" });
      const { id } = await asked(world);
      world.clock.nowMs += 4 * 60_000;
      await world.settle();
      await world.decide(id, "rejected");
      await finish(world);
      assert.equal(ended(await see(world, incident)), "suppressed rejected, 0 runs, 1 tasks");
    });

    const readings = async (): Promise<number> => {
      const { requests } = (await world.onCheqpoint("GET", "/_emulator/requests")).body;
      return requests.filter(
        ({ method, path }: { method: string; path: string }) =>
          method === "GET" && path.startsWith("/api/approvals/"),
      ).length;
    };
    const circles = () => world.log.lines.filter((line) => line.includes("too many steps"));

    it("is read every quarter of a minute in the time that is waited for longer, and not in a circle", async () => {
      await begin({ ...silence, validFor: "10m" });
      await asked(world);
      world.clock.nowMs += 4 * 60_000;
      const before = await readings();
      await world.pass(40_000);
      const made = (await readings()) - before;
      assert.ok(made >= 2 && made <= 5, `${made} readings in 40 s`);
      assert.deepEqual(circles(), []);
    });

    it("is waited for without a circle where no request is under review any more", async () => {
      const incident = await begin({ ...silence, validFor: "10m" });
      await world.onCheqpoint("POST", "/_emulator/settings", { expireAfterMs: 10_000 });
      await asked(world);
      world.clock.nowMs += 4 * 60_000;
      await world.settle();
      await world.onCheqpoint("POST", "/_emulator/settings", { expireAfterMs: null });
      await finish(world);
      assert.deepEqual(circles(), []);
      const seen = await see(world, incident);
      assert.ok(seen.types.includes("approval.unattended"));
      assert.equal(ended(seen), EXECUTED);
    });

    it("ends where two machines' clocks differ by minutes: only what neither watched is waited for longer", async () => {
      const incident = await begin({ ...silence, validFor: "10m" });
      await asked(world);
      const { proposals } = await world.gate.ledger.list({ incidentId: incident.id });
      const id = proposals[0]?.id ?? "";
      const [right, ahead] = [secondWorker(world), secondWorker(world, 150_000)];
      let looks = 0;
      for (; (await see(world, incident)).proposal.decision === null; looks++) {
        assert.ok(looks < 20, "nobody's silence is ever long enough");
        await world.pass(10_000);
        await right.handle({ kind: "proposal", id });
        await ahead.handle({ kind: "proposal", id });
      }
      const { types, proposal } = await see(world, incident);
      assert.equal(proposal.decision?.by, "onExpiry");
      assert.equal(types.filter((type) => type === "approval.unwatched").length, 1);
      assert.ok(world.clock.nowMs >= (proposal.decideByMs ?? Infinity), "before the deadline");
    });

    it("counts from when the gate can ask again, where its clock jumps before anybody was asked", async () => {
      await world.begin({ gating: gatingOf({ ...silence, sla: "5m", validFor: "10m" }) });
      const incident = await world.openIncident();
      await world.onPagerDuty("POST", "/_emulator/faults", {
        call: "GET /incidents/:id",
        status: 503,
        times: 1,
      });
      await propose(world, incident);
      world.clock.nowMs += 4 * 60_000;
      await asked(world);
      await world.pass(4 * 60_000);
      assert.deepEqual(await world.invocations(incident.id), []);
      await finish(world);
      const seen = await see(world, incident);
      assert.equal(ended(seen), EXECUTED);
      assert.ok(seen.types.includes("approval.unwatched"));
    });

    it("found out too late, after the gate was down for hours, is a manual task", async () => {
      const incident = await begin(silence);
      await asked(world);
      world.clock.nowMs += 3 * 3_600_000;
      await finish(world);
      const seen = await see(world, incident);
      assert.equal(ended(seen), "suppressed expired, 0 runs, 1 tasks");
      assert.equal(
        seen.proposal.outcome?.text,
        "Nobody decided until 23 Nov 2026, 10:01 UTC, and nobody watched for 3h: longer than silence would have been good for a yes.",
      );
    });
  });

  describe("Cheqpoint down", () => {
    it("for minutes: the request is made when it is back", async () => {
      const incident = await begin({ sla: "15m" });
      await fault({ call: "POST /api/webhooks/inbound", status: 503, times: 6 });
      await world.pass(5 * 60_000);
      await answer(world, "approved");
      await finish(world);
      assert.equal(ended(await see(world, incident)), EXECUTED);
    });

    it("for good: nothing runs and on-call is told why", async () => {
      const incident = await begin({ sla: "5m", onExpiry: "approve", acknowledgeRisk: true });
      await fault({ call: "POST /api/webhooks/inbound", status: 503, times: 1000 });
      await finish(world);
      assert.equal(ended(await see(world, incident)), "suppressed neverAsked, 0 runs, 1 tasks");
    });

    it("while it is read: no answer at the deadline is a no, also where silence means yes", async () => {
      const incident = await begin({ sla: "2m", onExpiry: "approve", acknowledgeRisk: true });
      await asked(world);
      await fault({ call: "GET /api/approvals/:id", status: 503, times: 1000 });
      await finish(world);
      assert.equal(ended(await see(world, incident)), "suppressed expired, 0 runs, 1 tasks");
    });

    it("a cut answer to the request: it is asked anew, and both requests together run it once", async () => {
      const incident = await begin();
      await fault({ call: "POST /api/webhooks/inbound", dropAnswer: true });
      await world.pass(60_000);
      const pending = await world.pendingApprovals();
      assert.equal(pending.length, 2);
      for (const { id } of pending) {
        await world.decide(id, "approved");
      }
      await finish(world);
      assert.equal(ended(await see(world, incident)), EXECUTED);
    });

    /** The repeated request is answered like this: its first answer is cut. */
    async function repeated(answers: Json[]): Promise<Json> {
      const incident = await begin({ sla: "2m" });
      await fault({ call: "POST /api/webhooks/inbound", dropAnswer: true });
      await asked(world);
      for (const one of answers) {
        await world.onCheqpoint("POST", "/_emulator/rules", one);
      }
      return incident;
    }

    it("a repeated request that Cheqpoint rejects with its very answer is asked again: nobody's no", async () => {
      // A rule of Cheqpoint's answers at once, as its loop protection does.
      const incident = await repeated([{ name: "at once", decision: "reject" }]);
      let rejected = 0;
      while ((await see(world, incident)).proposal.closedAtMs === null) {
        await world.pass(5_000);
        const { types } = await see(world, incident);
        rejected = types.filter((type) => type === "approval.unattended").length;
      }
      assert.ok(rejected > 1, `it was asked again ${rejected} times`);
      const seen = await see(world, incident);
      assert.equal(ended(seen), "suppressed expired, 0 runs, 1 tasks");
      assert.equal((await propose(world, incident)).status, 202);
    });

    it("a no seconds after a repeated request that was pending is a human's, and the last word", async () => {
      const incident = await repeated([]);
      let pending = await world.pendingApprovals();
      while (pending.length < 2) {
        await world.pass(1_000);
        pending = await world.pendingApprovals();
      }
      // The answer to the first one was cut; this one can be read, and its note with it.
      const [newest] = pending;
      await world.decide(newest.id, "rejected", { note: "the replica is corrupt" });
      await finish(world);
      const seen = await see(world, incident);
      assert.equal(ended(seen), "suppressed rejected, 0 runs, 1 tasks");
      assert.equal(seen.proposal.decision?.by, "human");
      assert.equal(seen.proposal.decision.note, "the replica is corrupt");
      assert.equal((await propose(world, incident)).body.joined, "coolDown");
    });

    it("a request beyond its hourly limit is refused, not run", async () => {
      const incident = await begin();
      await world.onCheqpoint("POST", "/_emulator/settings", { maxRequestsHour: 0 });
      await world.settle();
      await finish(world);
      const seen = await see(world, incident);
      assert.equal(seen.proposal.outcome?.kind, "suppressed");
      assert.equal(seen.tasks.length, 1);
      await world.onCheqpoint("POST", "/_emulator/settings", { maxRequestsHour: 100_000 });
    });

    it("its own expiry is nobody's no: it is asked again inside the deadline", async () => {
      const incident = await begin({ sla: "10m" });
      await world.onCheqpoint("POST", "/_emulator/settings", { expireAfterMs: 60_000 });
      await world.pass(130_000);
      await world.onCheqpoint("POST", "/_emulator/settings", { expireAfterMs: null });
      await answer(world, "approved");
      await finish(world);
      const seen = await see(world, incident);
      assert.equal(ended(seen), EXECUTED);
      assert.ok(seen.types.includes("approval.unattended"));
    });
  });

  describe("rules at Cheqpoint", () => {
    const autoRule = (decision: string) =>
      world.onCheqpoint("POST", "/_emulator/rules", { name: "quick", decision });

    it("an approval by one runs nothing unless the gating accepts it", async () => {
      await world.begin({ gating: gatingOf() });
      assert.equal((await autoRule("approve")).status, 201);
      const incident = await world.openIncident();
      await propose(world, incident);
      await finish(world);
      const seen = await see(world, incident);
      assert.equal(ended(seen), "suppressed ruleApprovalNotAccepted, 0 runs, 1 tasks");
    });

    it("an accepted approval by one names the rule", async () => {
      await world.begin({ gating: gatingOf({ acceptRuleApprovals: true }) });
      await autoRule("approve");
      const incident = await world.openIncident();
      await propose(world, incident);
      await finish(world);
      const seen = await see(world, incident);
      assert.equal(ended(seen), EXECUTED);
      assert.equal(seen.proposal.decision?.by, "autoRule");
      assert.equal(seen.proposal.decision?.rule, "quick");
    });

    it("a rejection by one is not a human's: the same may be proposed again", async () => {
      await world.begin({ gating: gatingOf() });
      await autoRule("reject");
      const incident = await world.openIncident();
      await propose(world, incident);
      await finish(world);
      assert.equal(ended(await see(world, incident)), "suppressed rejectedByRule, 0 runs, 1 tasks");
      assert.equal((await propose(world, incident)).status, 202);
    });
  });

  describe("a reviewer's changes", () => {
    const editable = { editable: ["max_replicas"] };

    it("of what is editable reach the runbook", async () => {
      const incident = await begin(editable);
      await answer(world, "approved", { modifiedDetails: { max_replicas: 2 } });
      await finish(world);
      const seen = await see(world, incident);
      assert.equal(ended(seen), EXECUTED);
      assert.deepEqual(seen.proposal.decision?.parameters, { max_replicas: 2 });
      assert.deepEqual(seen.proposal.decision?.changed, ["max_replicas"]);
      assert.notEqual(seen.proposal.execution?.digest, seen.proposal.digest);
      const fields = await world.onPagerDuty(
        "GET",
        `/incidents/${incident.id}/custom_fields/values`,
      );
      const field = fields.body.custom_fields.find(
        ({ name }: { name: string }) => name === "max_replicas",
      );
      assert.equal(field.value, 2);
    });

    it("may repeat all details: what is equal is no change", async () => {
      const incident = await begin(editable);
      const { id, details } = await asked(world);
      await world.decide(id, "approved", { modifiedDetails: { ...details, max_replicas: 4 } });
      await finish(world);
      const seen = await see(world, incident);
      assert.equal(ended(seen), EXECUTED);
      assert.deepEqual(seen.proposal.decision?.changed, ["max_replicas"]);
    });

    const refused: readonly [string, Record<string, unknown>, Record<string, unknown>, string][] = [
      [
        "of what is not editable",
        {},
        { max_replicas: 2 },
        "The reviewer changed max_replicas, which the gate cannot carry out; changeable here: nothing.",
      ],
      [
        "of what is pinned",
        editable,
        { service: "search" },
        "The reviewer changed service, which the gate cannot carry out; changeable here: max_replicas.",
      ],
      [
        "that add a key",
        editable,
        { extra: 1 },
        "The reviewer changed extra, which the gate cannot carry out; changeable here: max_replicas.",
      ],
      [
        "that do not fit the runbook",
        editable,
        { max_replicas: 9 },
        "The reviewer's change does not fit the runbook: `parameters.max_replicas` must be a whole number between 1 and 5, got 9",
      ],
      [
        "that repeat some details and leave a value out",
        editable,
        { service: "payments-db" },
        "The reviewer's details leave out max_replicas, which the gate cannot take away; changeable here: max_replicas.",
      ],
      ["that remove everything", editable, {}, "The reviewer's change removes every detail."],
    ];
    for (const [what, rule, modifiedDetails, text] of refused) {
      it(`${what} run nothing and become a manual task that says why`, async () => {
        const incident = await begin(rule);
        await answer(world, "approved", { modifiedDetails });
        await finish(world);
        const seen = await see(world, incident);
        assert.equal(ended(seen), "suppressed changeNotPossible, 0 runs, 1 tasks");
        assert.equal(seen.proposal.outcome?.text, text);
        const body = await world.onPagerDuty(
          "GET",
          `/incidents/${seen.tasks[0].id}?include[]=body`,
        );
        assert.ok(JSON.stringify(body.body).includes(JSON.stringify(text).slice(1, -1)));
      });
    }
  });

  describe("a signed callback", () => {
    it("with a wrong signature is refused and the decision is still found", async () => {
      const incident = await begin({}, { callbackSecret: "callback-secret-of-the-gate" });
      await world.onCheqpoint("POST", "/_emulator/settings", { webhookSecret: "another-secret" });
      await answer(world, "approved");
      await finish(world);
      assert.equal(ended(await see(world, incident)), EXECUTED);
      assert.ok((world.metrics.counts()["CallbackRefused"] ?? 0) > 0);
      await world.onCheqpoint("POST", "/_emulator/settings", { webhookSecret: null });
    });
  });
});
