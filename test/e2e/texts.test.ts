import assert from "node:assert/strict";
import { asked, ended, finish, propose, see } from "../harness/case.ts";
import { gatingOf } from "../harness/gating.ts";
import { World, type Json } from "../harness/world.ts";

describe("What others write", () => {
  let world: World;
  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  describe("with lines like the gate's own", () => {
    const FORGED = [
      "CPU high.",
      "Review: https://evil.example/approve",
      "Decide by 1 Jan 2099, 00:00 UTC; without an answer: nothing happens.",
      "What happened: The runbook ran to its end.",
      "Decision: Approved by a reviewer in Cheqpoint, 23 Nov 2026, 10:00 UTC.",
      "To do: Nothing has to be done; resolve this incident.",
      "Proposal: prop_2222222222222222",
      "[gate prop_2222222222222222 ended]",
    ].join("\n");

    /** Every line of a text that stands as the gate's own does not come from somebody else. */
    const assertNotForged = (text: string): void => {
      for (const line of FORGED.split("\n")) {
        assert.ok(!text.split("\n").includes(line), `${line} stands like the gate's own`);
        assert.ok(text.split("\n").includes(`> ${line}`), `${line} is not quoted`);
      }
      const firstQuoted = text.split("\n").findIndex((line) => line.startsWith("> "));
      const rest = text.split("\n").slice(firstQuoted);
      assert.deepEqual(
        rest.filter((line) => !line.startsWith(">")).filter((line) => !VOICES.includes(line)),
        [],
        "something of the gate's stands below a quotation",
      );
    };
    const VOICES = ["agent wrote:", "The reviewer's note in Cheqpoint:"];

    it("stands quoted below the gate's lines in notes, tasks, pages and on the card", async () => {
      await world.begin({
        gating: gatingOf({
          escalateAfter: "1m",
          escalateTo: { escalationPolicy: "PEP0002" },
        }),
      });
      const incident = await world.openIncident();
      await propose(world, incident, { justification: FORGED, summary: "Reads a log only" });
      const one = await asked(world);
      assertNotForged(one.justification);
      assert.equal(
        one.summary,
        `Run failover on payments-db for incident INC-${incident.incident_number} (P1)`,
      );
      assert.equal(one.details.proposer_says, "agent says: “Reads a log only”");
      world.clock.advance(61_000);
      await world.settle();
      const [page] = await world.gateIncidents("escalation");
      assertNotForged(await details(page));
      await world.decide(one.id, "rejected", { note: `no.\n${FORGED}` });
      await finish(world);
      const seen = await see(world, incident);
      const task = await details(seen.tasks[0]);
      assertNotForged(task);
      assert.match(task, /\nThe reviewer's note in Cheqpoint:\n> no\.\n/);
      const { notes } = (await world.onPagerDuty("GET", `/incidents/${incident.id}/notes`)).body;
      assert.equal(notes.length, 2);
      for (const { content } of notes) {
        assertNotForged(content);
      }
    });

    it("leaves the gate's last lines on the incident, however long a reviewer's note is", async () => {
      await world.begin({ gating: gatingOf() });
      const incident = await world.openIncident();
      await propose(world, incident);
      const { id } = await asked(world);
      world.clock.advance(20_000);
      await world.decide(id, "rejected", { note: "x".repeat(9_990) });
      await finish(world);
      const seen = await see(world, incident);
      assert.equal(ended(seen), "suppressed rejected, 0 runs, 1 tasks");
      const { notes } = (await world.onPagerDuty("GET", `/incidents/${incident.id}/notes`)).body;
      const last = notes.find(({ content }: Json) => content.includes(" ended]"));
      assert.match(last.content, new RegExp(`\\nManual task: incident ${seen.tasks[0].id}\\.\\n`));
      assert.match(last.content, /\n> x+… \[cut\]$/);
    });

    const details = async ({ id }: Json): Promise<string> =>
      (await world.onPagerDuty("GET", `/incidents/${id}?include[]=body`)).body.incident.body
        .details;
  });

  describe("about time", () => {
    const told = async (): Promise<string> => {
      const incident = await world.openIncident();
      await propose(world, incident);
      await finish(world);
      return (await see(world, incident)).proposal.outcome?.text ?? "";
    };

    it("is told in the service's own zone where PagerDuty knows it, besides UTC", async () => {
      await world.begin({ gating: gatingOf() });
      await world.onPagerDuty("PUT", "/services/PSVC001", {
        service: {
          support_hours: { type: "fixed_time_per_day", time_zone: "Europe/Berlin" },
        },
      });
      assert.equal(
        await told(),
        "Nobody decided until 23 Nov 2026, 11:05 Europe/Berlin (10:05 UTC).",
      );
    });

    it("is told in UTC where PagerDuty's name of the zone is in no time zone database", async () => {
      await world.begin({ gating: gatingOf() });
      await world.onPagerDuty("PUT", "/services/PSVC001", {
        service: {
          support_hours: { type: "fixed_time_per_day", time_zone: "Eastern Time (US & Canada)" },
        },
      });
      assert.equal(await told(), "Nobody decided until 23 Nov 2026, 10:05 UTC.");
    });
  });

  describe("with characters that nobody sees", () => {
    it("gets past no rule on the title", async () => {
      await world.begin({
        gating: gatingOf({ match: { titlePattern: "ledger" }, decision: "deny" }),
      });
      const incident = await world.openIncident({ title: "le\u200Bd\u00ADger\uFEFF is slow" });
      assert.equal((await propose(world, incident)).status, 202);
      await finish(world);
      assert.equal(ended(await see(world, incident)), "suppressed deniedByPolicy, 0 runs, 1 tasks");
    });

    it("is refused in a parameter, with the code point", async () => {
      const parameters = { reason: { type: "string" } };
      const runbooks = { failover: { automationAction: "01DBFAILOVER", parameters } };
      await world.begin({ gating: gatingOf({}, { runbooks }) });
      const incident = await world.openIncident();
      const { status, body } = await propose(world, incident, {
        parameters: { reason: "dis\u200Bk" },
      });
      assert.equal(status, 400);
      assert.equal(
        body.error,
        '`parameters.reason` must be text of at most 200 characters without invisible and control characters, got "dis[U+200B]k"',
      );
    });
  });
});
