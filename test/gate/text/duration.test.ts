import assert from "node:assert/strict";
import fc from "fast-check";
import {
  DurationError,
  formatDuration,
  parseDuration,
} from "../../../functions/gate/text/duration.ts";

describe("duration", () => {
  for (const [text, ms] of [
    ["0s", 0],
    ["30s", 30_000],
    ["5m", 300_000],
    ["2h", 7_200_000],
    ["7d", 604_800_000],
    ["1h30m", 5_400_000],
    ["1d2h3m4s", 93_784_000],
    ["90m", 5_400_000],
  ] as const) {
    it(`reads ${text} as ${ms} ms`, () => {
      assert.equal(parseDuration(text), ms);
    });
  }

  for (const text of ["", "5", "m", "5 m", "5M", "1.5h", "-5m", "30m1h", "5m5m", "5m\n", "٥m"]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseDuration(text), {
        name: "DurationError",
        message: `a duration must be written like "30s", "5m", "1h30m" or "7d", got ${JSON.stringify(text)}`,
      });
    });
  }

  it("writes what it reads, in the shortest way", () => {
    assert.equal(formatDuration(parseDuration("90m")), "1h30m");
    assert.equal(formatDuration(0), "0s");
    assert.equal(formatDuration(1999), "1s");
    fc.assert(
      fc.property(fc.nat(10_000_000), (seconds) => {
        assert.equal(parseDuration(formatDuration(seconds * 1000)), seconds * 1000);
      }),
    );
  });

  it("refuses to write what is no duration", () => {
    for (const ms of [-1, NaN, Infinity]) {
      assert.throws(() => formatDuration(ms), DurationError);
    }
  });
});
