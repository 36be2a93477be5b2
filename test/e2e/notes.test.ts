import assert from "node:assert/strict";
import { instantText } from "../../functions/gate/text/instant.ts";
import { answer, asked, ended, EXECUTED, finish, propose, see } from "../harness/case.ts";
import { gatingOf } from "../harness/gating.ts";
import { World, type Json } from "../harness/world.ts";

const INVOKE = "POST /automation_actions/actions/:id/invocations";
const PROPOSED = "Proposed by agent.";
const YES = "Approved by a reviewer in Cheqpoint, 23 Nov 2026, 10:00 UTC.";
const SAID = ["agent wrote:", "> CPU at 98 %"];
const noted = (note: string) => ["The reviewer's note in Cheqpoint:", `> ${note}`];

describe("The notes on an incident", () => {
  let world: World;

  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  const begin = async (rule: Record<string, unknown> = {}, more: Record<string, unknown> = {}) => {
    await world.begin({ gating: gatingOf(rule) });
    const incident = await world.openIncident();
    await propose(world, incident, more);
    return incident;
  };
  /** The notes, oldest first, without their marks. */
  const notes = async (incident: Json): Promise<string[][]> => {
    const { body } = await world.onPagerDuty("GET", `/incidents/${incident.id}/notes`);
    const found: Json[] = body.notes;
    return found
      .sort((one, other) => Date.parse(one.created_at) - Date.parse(other.created_at))
      .map(({ content }) => String(content).split("\n").slice(1));
  };
  /** The last note, after everything has come to its end. */
  const last = async (incident: Json, reason: string): Promise<string[]> => {
    await finish(world);
    assert.equal((await see(world, incident)).proposal.outcome?.reason, reason);
    return (await notes(incident)).at(-1) ?? [];
  };
  const killSwitch = () =>
    world.gate.ledger.setKillSwitch({ on: true, reason: null, by: null, atMs: world.clock.now() });

  it("tell of each turn while an action runs, and of nothing twice", async () => {
    const incident = await begin();
    await answer(world, "approved", { note: "go on" });
    await finish(world);
    const [proposed, decided, ended, ...more] = await notes(incident);
    assert.deepEqual(more, []);
    assert.match(
      proposed?.join() ?? "",
      /agent proposes to failover.*Review it in Cheqpoint: request req_\w+\.,Decide by .*,agent wrote:,> CPU at 98 %$/,
    );
    assert.deepEqual(decided, [`Approval gate: ${YES}`, ...noted("go on")]);
    assert.equal(
      ended?.[0],
      "Approval gate: Executed: failover: run PagerDuty automation action 01DBFAILOVER.",
    );
    assert.equal(
      ended?.some((line) => line.includes("Approved") || line === PROPOSED),
      false,
    );
  });

  for (const [runbook, what] of [
    ["handover", "reassign the incident to escalation policy PEP0002"],
    ["raise", "escalate the incident to level 2"],
  ] as const) {
    it(`name who decided and why where nothing runs on: ${runbook}`, async () => {
      const incident = await begin({}, { runbook });
      await answer(world, "approved", { note: "theirs" });
      assert.deepEqual(await last(incident, "completed"), [
        `Approval gate: Executed: ${runbook}: ${what}.`,
        "The incident was changed as decided.",
        YES,
        ...noted("theirs"),
      ]);
    });
  }

  it("tell at once that the kill switch holds what was approved, for whoever was asked before", async () => {
    const incident = await begin();
    await asked(world);
    await killSwitch();
    await answer(world, "approved");
    const [, decided, ...more] = await notes(incident);
    assert.deepEqual(more, []);
    const { proposal } = await see(world, incident);
    const until = instantText(proposal.decision?.validUntilMs ?? 0, proposal.incident?.timeZone);
    assert.deepEqual(decided, [
      `Approval gate: ${YES}`,
      `The kill switch holds it: it runs once that is off, until ${until} at the latest.`,
    ]);
    await world.gate.ledger.setKillSwitch({
      on: false,
      reason: null,
      by: null,
      atMs: world.clock.now(),
    });
    await finish(world);
    assert.equal(ended(await see(world, incident)), EXECUTED);
    assert.equal((await notes(incident)).length, 3);
  });

  it("name the rule that allowed it, and who proposed", async () => {
    const incident = await begin({ decision: "allow" });
    const text = await last(incident, "completed");
    assert.ok(text.includes(PROPOSED), text.join("\n"));
    assert.deepEqual(text.slice(-2), SAID);
    assert.ok(
      text.includes("Approved by gating rule only, 23 Nov 2026, 10:00 UTC."),
      text.join("\n"),
    );
  });

  it("tell who proposed where Cheqpoint decided at once", async () => {
    await world.begin({ gating: gatingOf() });
    await world.onCheqpoint("POST", "/_emulator/rules", { name: "quick", decision: "reject" });
    const incident = await world.openIncident();
    await propose(world, incident);
    const text = await last(incident, "rejectedByRule");
    assert.ok(text.includes(PROPOSED), text.join("\n"));
    assert.ok(
      text.includes("Rejected by Cheqpoint's rule quick, without a human, 23 Nov 2026, 10:00 UTC."),
      text.join("\n"),
    );
  });

  const unused: readonly [string, string, (incident: Json) => Promise<unknown>][] = [
    ["lapsed", "approvalLapsed", () => killSwitch()],
    [
      "was voided",
      "incidentResolved",
      async ({ id }) => {
        await world.onPagerDuty("POST", "/_emulator/faults", {
          call: "webhook incident.resolved",
          status: 400,
        });
        await world.updateIncident(id, { status: "resolved" });
      },
    ],
    [
      "was overruled",
      "deniedByPolicy",
      async () => world.setGating(gatingOf({ decision: "deny" })),
    ],
    [
      "was refused by PagerDuty",
      "refusedByPagerDuty",
      () => world.onPagerDuty("POST", "/_emulator/faults", { call: INVOKE, status: 400 }),
    ],
    [
      "ended uncertain",
      "unclear",
      () => world.onPagerDuty("POST", "/_emulator/faults", { call: INVOKE, status: 500 }),
    ],
  ];
  for (const [what, reason, happens] of unused) {
    it(`name who said the yes that ${what}, and why`, async () => {
      const incident = await begin({ validFor: "1m" });
      await asked(world);
      await happens(incident);
      await answer(world, "approved", { note: "go on" });
      const text = await last(incident, reason);
      assert.ok(text.includes(YES) && text.includes("> go on"), text.join("\n"));
    });
  }

  it("name who gave a yes that cannot be carried out, and why", async () => {
    const incident = await begin();
    await answer(world, "approved", { note: "elsewhere", modifiedDetails: { service: "search" } });
    const text = await last(incident, "changeNotPossible");
    assert.ok(text.includes(YES) && text.includes("> elsewhere"), text.join("\n"));
  });
});
