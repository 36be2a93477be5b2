import assert from "node:assert/strict";
import fc from "fast-check";
import { Timeline } from "../../../../functions/gate/gating/compare/timeline.ts";
import { windowHolds } from "../../../../functions/gate/gating/evaluate/window.ts";
import type { Window } from "../../../../functions/gate/gating/index.ts";

const fromMs = Date.parse("2026-11-24T10:00:00Z");
const daily = (from: string, to: string, timeZone: string): Window => ({
  kind: "weekly",
  days: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
  from,
  to,
  timeZone,
});

const zones = [
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "Australia/Lord_Howe",
  "Asia/Kolkata",
  "Africa/Casablanca",
];
const clock = fc
  .integer({ min: 0, max: 95 })
  .map(
    (quarter) =>
      `${String(Math.floor(quarter / 4)).padStart(2, "0")}:${String((quarter % 4) * 15).padStart(2, "0")}`,
  );
const anyWindow: fc.Arbitrary<Window> = fc
  .tuple(
    fc.subarray(["mon", "wed", "sat", "sun"] as const, { minLength: 1 }),
    clock,
    clock,
    fc.constantFrom(...zones),
  )
  .filter(([, from, to]) => from !== to)
  .map(([days, from, to, timeZone]) => ({ kind: "weekly", days, from, to, timeZone }));

describe("the moments of a comparison", () => {
  it("know that windows of two zones meet in summer alone", () => {
    const windows = [daily("17:00", "18:00", "Europe/Berlin"), daily("15:00", "16:00", "UTC")];
    const { kinds } = new Timeline(windows, fromMs);
    const both = kinds.find(({ holds }) => holds === 3n);
    assert.equal(new Date(both?.atMs ?? 0).toISOString(), "2027-03-28T15:00:00.000Z");
    assert.equal(kinds.length, 4);
  });

  it("have no kind for a stretch that is over, nor for what never happens", () => {
    const over: Window = {
      kind: "absolute",
      start: "2026-01-01T00:00",
      end: "2026-11-24T10:00",
      timeZone: "UTC",
    };
    assert.deepEqual(new Timeline([over], fromMs).kinds, [{ holds: 0n, atMs: fromMs }]);
    const noon = [daily("12:00", "13:00", "UTC"), daily("12:00", "13:00", "Asia/Kolkata")];
    assert.deepEqual(new Timeline(noon, fromMs).kinds.map(({ holds }) => holds).sort(), [
      0n,
      1n,
      2n,
    ]);
  });

  it("are of a kind that is known, for years, and each kind's moment is of that kind", () => {
    fc.assert(
      fc.property(
        fc.array(anyWindow, { minLength: 1, maxLength: 4 }),
        fc.array(fc.integer({ min: 0, max: 3 * 365 * 96 }), { minLength: 20, maxLength: 20 }),
        (windows, quarters) => {
          const timeline = new Timeline(windows, fromMs);
          for (const quarter of quarters) {
            assert.notEqual(timeline.at(fromMs + quarter * 900_000), 0n);
          }
          for (const { holds, atMs } of timeline.kinds) {
            assert(atMs >= fromMs);
            timeline.conditions.forEach((condition, index) => {
              const [window] = condition.windows;
              assert(window !== undefined);
              assert.equal(windowHolds(window, atMs), ((holds >> BigInt(index)) & 1n) === 1n);
            });
          }
        },
      ),
      { numRuns: 60, seed: 77 },
    );
  });
});
