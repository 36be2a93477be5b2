import assert from "node:assert/strict";
import fc from "fast-check";
import { isWithin, momentsOf } from "../../../../functions/gate/gating/check/moments.ts";
import type { Window } from "../../../../functions/gate/gating/index.ts";
import { windowHolds } from "../../../../functions/gate/gating/evaluate/window.ts";
import { weekdays } from "../../../../functions/gate/gating/schema/windowSchema.ts";
import { tuesday } from "../subjects.ts";

const HOURS = Array.from({ length: 24 }, (_, hour) => `${String(hour).padStart(2, "0")}:00`);

const weekly: fc.Arbitrary<Window> = fc
  .record({
    days: fc.subarray([...weekdays], { minLength: 1 }),
    from: fc.constantFrom(...HOURS),
    to: fc.constantFrom(...HOURS.slice(1), "24:00"),
  })
  .filter(({ from, to }) => from !== to)
  .map((fields) => ({ kind: "weekly", timeZone: "UTC", ...fields }));

describe("windows of two rules", () => {
  it("lie within each other exactly where every hour says so", () => {
    const some = (maxLength: number) => fc.array(weekly, { minLength: 1, maxLength });
    const seen = { within: 0, not: 0 };
    fc.assert(
      fc.property(some(1), some(4), (narrow, wide) => {
        const holds = (windows: readonly Window[], atMs: number) =>
          windows.some((window) => windowHolds(window, atMs));
        const isInside = Array.from({ length: 168 }, (_, hour) => tuesday + hour * 3_600_000).every(
          (atMs) => !holds(narrow, atMs) || holds(wide, atMs),
        );
        seen[isInside ? "within" : "not"] += 1;
        assert.equal(isWithin(momentsOf(narrow), momentsOf(wide)), isInside);
      }),
      { numRuns: 200, seed: 4421 },
    );
    assert(seen.within > 20 && seen.not > 20, JSON.stringify(seen));
  });
});
