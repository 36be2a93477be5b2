import assert from "node:assert/strict";
import { RemoteError } from "../../functions/gate/ports/index.ts";
import { answer, asked, ended, finish, propose, see, type Seen } from "../harness/case.ts";
import { gatingOf } from "../harness/gating.ts";
import { World, type Json } from "../harness/world.ts";

const CREATE = "POST /incidents";

describe("Where and when people are told", () => {
  let world: World;

  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  const fault = (body: object) => world.onPagerDuty("POST", "/_emulator/faults", body);

  describe("a manual task that the gating wants on another service", () => {
    const begin = async (): Promise<Json> => {
      const { search } = world.pagerDuty.seed.services;
      const gating = gatingOf({ decision: "deny" }, { manualTask: { service: search } });
      await world.begin({ gating });
      return world.openIncident();
    };
    const places = ({ tasks }: Seen) => tasks.map(({ service }: Json) => service.id);

    for (const [status, what] of [
      [503, "PagerDuty fails"],
      [429, "PagerDuty takes no more calls"],
      [408, "PagerDuty hears it too late"],
    ] as const) {
      it(`is made there although ${what} at first`, async () => {
        const incident = await begin();
        await fault({ call: CREATE, status, times: 4 });
        await propose(world, incident);
        await finish(world);
        const seen = await see(world, incident);
        assert.deepEqual(places(seen), [world.pagerDuty.seed.services.search]);
      });
    }

    it("is one task although three tries without an answer are done at last", async () => {
      const incident = await begin();
      const underWay: (() => Promise<unknown>)[] = [];
      world.tap = async (call, _args, run) => {
        if (call === "pagerDuty.createIncident" && underWay.length < 3) {
          underWay.push(run);
          throw new RemoteError("no answer", { nothingDone: false, retryable: true });
        }
        return run();
      };
      await propose(world, incident);
      await finish(world);
      assert.equal(underWay.length, 3);
      for (const doIt of underWay) {
        await doIt();
      }
      const seen = await see(world, incident);
      assert.equal(ended(seen), "suppressed deniedByPolicy, 0 runs, 1 tasks");
      assert.deepEqual(places(seen), [world.pagerDuty.seed.services.search]);
    });

    it("goes to the incident's own service when PagerDuty refuses it there", async () => {
      await world.begin({
        gating: gatingOf({ decision: "deny" }, { manualTask: { service: "PGONE01" } }),
      });
      const incident = await world.openIncident();
      await propose(world, incident);
      await finish(world);
      const seen = await see(world, incident);
      assert.deepEqual(places(seen), [world.pagerDuty.seed.services.paymentsDb]);
    });
  });

  describe("a page", () => {
    const begin = async (escalateTo: object): Promise<Json> => {
      await world.begin({ gating: gatingOf({ escalateAfter: "1m", escalateTo }) });
      const incident = await world.openIncident();
      await propose(world, incident);
      return incident;
    };
    const pages = () => world.gateIncidents("escalation");

    it("that PagerDuty refuses goes to the service's own policy, once, with an alarm", async () => {
      const incident = await begin({ escalationPolicy: "PGONE01" });
      await world.pass(100_000);
      const [page, ...others] = await pages();
      assert.deepEqual(others, []);
      assert.equal(page.status, "triggered");
      assert.equal(page.escalation_policy.id, incident.escalation_policy.id);
      const [alarm, ...more] = await world.gate.ledger.alarms(10);
      assert.deepEqual(more, []);
      assert.equal(alarm?.kind, "pageNotPossible");
      assert.match(
        alarm.text,
        /^PagerDuty refuses to page whom the rule names, so that the service's own escalation policy is paged: PagerDuty answered 400 to POST \/incidents/,
      );
    });

    it("that cannot be made for long is an alarm, and still goes to whom the rule names", async () => {
      await begin({ escalationPolicy: "PEP0002" });
      await fault({ call: CREATE, status: 503, times: 5 });
      await world.pass(200_000);
      const [page] = await pages();
      assert.equal(page.escalation_policy.id, "PEP0002");
      const [alarm] = await world.gate.ledger.alarms(10);
      assert.match(alarm?.text ?? "", /^Nobody could be paged in 5 tries: PagerDuty answered 503/);
    });

    it("whose try is done only after the decision is closed", async () => {
      await begin({ escalationPolicy: "PEP0002" });
      let doIt: (() => Promise<unknown>) | null = null;
      world.tap = async (call, _args, run) => {
        if (call === "pagerDuty.createIncident" && doIt === null) {
          doIt = run;
          throw new RemoteError("no answer", { nothingDone: false, retryable: true });
        }
        return run();
      };
      await world.pass(60_000);
      const later = doIt as (() => Promise<unknown>) | null;
      assert.ok(later !== null);
      await answer(world, "rejected");
      await later();
      await finish(world);
      assert.deepEqual(
        (await pages()).map(({ status }) => status),
        ["resolved"],
      );
    });
  });

  describe("a page whose answers are lost, where a rule proposes for every new incident", () => {
    const LOST = { dropAnswer: true, times: 1_000 };
    const begin = async (): Promise<void> => {
      await world.begin({
        gating: gatingOf({
          match: { event: "incident.triggered" },
          propose: "failover",
          sla: "1h",
          escalateAfter: "1m",
          escalateTo: { escalationPolicy: "PEP0002" },
        }),
      });
      await world.openIncident();
    };
    const pages = () => world.gateIncidents("escalation");
    const reasons = async () =>
      (await world.gate.ledger.list({})).proposals.map(({ outcome }) => outcome?.reason ?? "open");

    for (const [what, calls] of [
      ["of the request that makes it", [CREATE]],
      ["of that and of the look for it", [CREATE, "GET /incidents"]],
    ] as const) {
      it(`makes no second page and proposes nothing for the first: the answers ${what}`, async () => {
        await begin();
        for (const call of calls) {
          await fault({ call, ...LOST });
        }
        for (let minute = 0; minute < 15; minute++) {
          await world.pass(60_000);
        }
        await world.onPagerDuty("DELETE", "/_emulator/faults");
        await world.pass(6 * 60_000);
        assert.equal((await pages()).length, 1);
        assert.deepEqual(await reasons(), ["open"]);
      });
    }

    it("makes no second one although whoever was paged has resolved it before it was found", async () => {
      await begin();
      await fault({ call: CREATE, ...LOST });
      await fault({ call: "GET /incidents", ...LOST });
      await world.pass(70_000);
      await world.onPagerDuty("DELETE", "/_emulator/faults");
      const [page] = await pages();
      await world.updateIncident(page.id, { status: "resolved" });
      await fault({ call: CREATE, ...LOST });
      await world.pass(15 * 60_000);
      assert.equal((await pages()).length, 1);
      assert.deepEqual(await reasons(), ["open"]);
    });

    it("is told to an agent that proposes for it before the gate knows that it is its own", async () => {
      await begin();
      await fault({ call: CREATE, ...LOST });
      await fault({ call: "GET /incidents", ...LOST });
      await world.pass(70_000);
      await world.onPagerDuty("DELETE", "/_emulator/faults");
      await fault({ call: CREATE, ...LOST });
      const [page] = await pages();
      assert.equal((await propose(world, page)).status, 202);
      await world.pass(15 * 60_000);
      assert.deepEqual((await reasons()).sort(), ["gateIncident", "open"]);
      assert.equal((await pages()).length, 1);
      // The one task that collects what nobody can act on, and nothing for that one.
      assert.equal((await world.gateIncidents("task")).length, 1);
    });
  });

  it("a manual task that cannot be made holds back neither the note nor the end of the page", async () => {
    const paged = { escalateAfter: "1m", escalateTo: { escalationPolicy: "PEP0002" } };
    await world.begin({ gating: gatingOf(paged) });
    const incident = await world.openIncident();
    await propose(world, incident);
    await world.pass(70_000);
    await fault({ call: CREATE, status: 503, times: 1_000 });
    await answer(world, "rejected");
    await world.pass(120_000);
    const { notes } = (await world.onPagerDuty("GET", `/incidents/${incident.id}/notes`)).body;
    const told = notes.filter(({ content }: Json) => content.includes("Suppressed"));
    assert.equal(told.length, 1);
    assert.match(
      told[0].content,
      /^Rejected by a reviewer .*\nManual task: none could be made so far\.$/m,
    );
    const [page] = await world.gateIncidents("escalation");
    assert.equal(page.status, "resolved");
    await world.onPagerDuty("DELETE", "/_emulator/faults");
    await finish(world);
    assert.equal(ended(await see(world, incident)), "suppressed rejected, 0 runs, 1 tasks");
  });

  describe("a note that a reviewer's words make too long for PagerDuty", () => {
    const long = "lag ".repeat(3_000);
    const notes = async (incident: Json): Promise<string[]> =>
      (await world.onPagerDuty("GET", `/incidents/${incident.id}/notes`)).body.notes.map(
        ({ content }: Json) => content,
      );

    it("is found again after a lost answer, and not written twice", async () => {
      await world.begin({ gating: gatingOf() });
      const incident = await world.openIncident();
      await propose(world, incident);
      const { id } = await asked(world);
      await fault({ call: "POST /incidents/:id/notes", status: 500, afterDoing: true, times: 1 });
      await world.decide(id, "rejected", { note: long });
      await finish(world);
      const told = (await notes(incident)).filter((content) => content.includes("Suppressed"));
      assert.equal(told.length, 1);
      assert.match(told[0] ?? "", /^\[gate prop_\w+ ended\]\n[^]*… \[cut\]$/);
    });

    it("is known as the gate's own, and proposes nothing", async () => {
      await world.begin({
        gating: gatingOf(
          {},
          {
            rules: [
              {
                name: "notes",
                match: { event: "incident.annotated" },
                decision: "requireApproval",
                propose: "failover",
              },
              { name: "agents", match: {}, decision: "requireApproval", coolDown: "0s" },
            ],
          },
        ),
        events: ["incident.annotated"],
      });
      const incident = await world.openIncident();
      await propose(world, incident);
      const { id } = await asked(world);
      await world.decide(id, "rejected", { note: long });
      await finish(world);
      await see(world, incident);
    });
  });
});
