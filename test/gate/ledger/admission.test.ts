import assert from "node:assert/strict";
import { admitted, limitsFrom } from "../../../functions/gate/ledger/admission.ts";
import { START_MS } from "../../harness/clock.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const LIMITS = { perMinute: 2, perHour: 3 };

/** Who proposed so long ago, and asks now. */
function after(...agesMs: number[]): ReturnType<typeof admitted> {
  return admitted(
    agesMs.map((ageMs) => START_MS - ageMs),
    LIMITS,
    START_MS,
  );
}

describe("how much a proposer may propose", () => {
  it("is so many a minute", () => {
    assert.deepEqual(after(MINUTE_MS - 1, 1), { times: null, waitMs: 1 });
    assert.equal(after(MINUTE_MS, 1).waitMs, null);
  });

  it("is so many an hour", () => {
    assert.deepEqual(after(HOUR_MS - 1, 2 * MINUTE_MS, MINUTE_MS), { times: null, waitMs: 1 });
    assert.equal(after(HOUR_MS, 2 * MINUTE_MS, MINUTE_MS).waitMs, null);
  });

  it("keeps no time of more than an hour ago, and the one of now", () => {
    assert.deepEqual(after(2 * HOUR_MS, HOUR_MS, HOUR_MS - 1).times, [
      START_MS - HOUR_MS + 1,
      START_MS,
    ]);
  });

  it("counts what a clock that was ahead kept as of now, so that nobody waits for longer", () => {
    assert.deepEqual(after(-HOUR_MS, -HOUR_MS), { times: null, waitMs: MINUTE_MS });
    assert.deepEqual(after(-HOUR_MS).times, [START_MS, START_MS]);
  });

  it("is a proposer's own limit, and no name's that every object has", () => {
    const limitsOf = limitsFrom({ healer: LIMITS });
    assert.deepEqual(limitsOf("healer"), LIMITS);
    assert.deepEqual(limitsOf("constructor"), limitsOf("another"));
  });
});
