import assert from "node:assert/strict";
import { assertSafe, FLOWS, play, type Ending } from "../harness/flows.ts";
import { answeredOnce } from "../harness/taps.ts";
import { World } from "../harness/world.ts";

// One of each kind: the client's own test has every status.
/** By these PagerDuty says that it did nothing. */
const REFUSED = [400, 404, 422];
/** These say nothing certain, whoever on the way gave them. */
const UNCLEAR = [302, 408, 409, 499, 500];

/** What each flow sends to PagerDuty at its end. */
const SENT: Readonly<Record<string, string>> = {
  "approved by a callback": "POST /automation_actions/actions/:id/invocations",
  workflow: "POST /incident_workflows/:id/instances",
  reassigned: "PUT /incidents/:id",
  "escalated a level": "PUT /incidents/:id",
};

describe("Every kind of answer of PagerDuty to an execution", function () {
  let world: World;

  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  for (const flow of FLOWS.filter(({ name }) => name in SENT)) {
    const call = SENT[flow.name] ?? "";
    const played = async (status: number, afterDoing: boolean): Promise<Ending> => {
      const fault = answeredOnce("pagerDuty.execute", () =>
        world.misanswer(call, status, afterDoing),
      );
      const ending = await play(world, flow, fault);
      assert.equal(fault.hit(), "pagerDuty.execute");
      assertSafe(world, flow, ending);
      return ending;
    };
    const claims = ({ events }: Ending): number =>
      events.filter(({ type }) => type === "execution.claimed").length;

    it(`${flow.name}: a refusal is the end, and nothing ran`, async () => {
      for (const status of REFUSED) {
        const ending = await played(status, false);
        const { reason } = ending.proposal.outcome ?? {};
        assert.deepEqual([status, reason, ending.runs], [status, "refusedByPagerDuty", 0]);
      }
    });

    it(`${flow.name}: after 429 it is sent again`, async () => {
      const ending = await played(429, false);
      assert.deepEqual([ending.runs, claims(ending)], [1, 2]);
    });

    for (const afterDoing of [true, false]) {
      it(`${flow.name}: an unclear answer ${afterDoing ? "after" : "without"} doing it is settled by reading, never sent again`, async () => {
        for (const status of UNCLEAR) {
          const ending = await played(status, afterDoing);
          const { kind } = ending.proposal.outcome ?? {};
          assert.deepEqual([status, claims(ending), ending.runs], [status, 1, afterDoing ? 1 : 0]);
          assert.ok(
            kind === "uncertain" || (afterDoing && kind === "executed"),
            `${status} ${kind}`,
          );
        }
      });
    }
  }
});
