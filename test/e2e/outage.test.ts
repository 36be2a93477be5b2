// How the gate comes back to another system that was away. Real time plays no part: seconds are those of the virtual clock.
import assert from "node:assert/strict";
import { RemoteError } from "../../functions/gate/ports/index.ts";
import { propose } from "../harness/case.ts";
import { gatingOf } from "../harness/gating.ts";
import { isRemote, throughTap } from "../harness/taps.ts";
import { World } from "../harness/world.ts";

const PROPOSALS = 51;
const OUTAGE_S = 150;
/** Without chance in the pauses, all of them came back in one second. */
const MOST_IN_A_SECOND = PROPOSALS / 2;

describe("After an outage", () => {
  let world: World;

  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  for (const away of ["cheqpoint", "pagerDuty"] as const) {
    it(`of ${away}, ${PROPOSALS} proposals do not call it in step`, async function () {
      this.timeout(60_000);
      await world.begin({ gating: gatingOf({ sla: "1h", limits: { openProposals: 1_000 } }) });
      const proposeAll = async (): Promise<void> => {
        for (let i = 0; i < PROPOSALS; i += 1) {
          assert.equal((await propose(world, await world.openIncident())).status, 202);
        }
        await world.settle();
      };
      const isLater = away === "cheqpoint";
      if (isLater) {
        await proposeAll();
      }
      let calls = 0;
      let isAway = true;
      world.tap = (call, args, run) => {
        if (!isRemote(call) || !call.startsWith(away)) {
          return throughTap(call, args, run);
        }
        calls += 1;
        return isAway
          ? Promise.reject(
              new RemoteError(`${away} is away`, { nothingDone: true, retryable: true }),
            )
          : run();
      };
      if (!isLater) {
        await proposeAll();
      }
      let worst = 0;
      for (let second = 0; second < OUTAGE_S + 60; second += 1) {
        isAway = second < OUTAGE_S;
        calls = 0;
        world.clock.advance(1_000);
        await world.settle();
        // The first failures are those of calls that were due together before.
        worst = second < 60 ? 0 : Math.max(worst, calls);
      }
      assert.ok(worst > 0 && worst <= MOST_IN_A_SECOND, `${worst} calls in one second`);
    });
  }
});
