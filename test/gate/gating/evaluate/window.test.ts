import assert from "node:assert/strict";
import fc from "fast-check";
import { parseServiceGating } from "../../../../functions/gate/gating/index.ts";
import type { Window } from "../../../../functions/gate/gating/index.ts";
import { windowHolds } from "../../../../functions/gate/gating/evaluate/window.ts";
import { instantOf } from "../../../../functions/gate/text/localTime.ts";
import { runbooks } from "../check/problemsOf.ts";

/** The window as a team writes it. */
function window(during: unknown): Window {
  const rules = [{ name: "w", decision: "deny", match: { during } }];
  const found = parseServiceGating("db", { runbooks, rules }).rules[0]?.match.during?.[0];
  assert(found !== undefined);
  return found;
}

const berlin = "Europe/Berlin";

describe("windows", () => {
  const cases: readonly (readonly [string, unknown, Record<string, boolean>])[] = [
    [
      "within a day, the end not included",
      { days: ["fri"], from: "17:00", to: "19:00", timeZone: "UTC" },
      {
        "2026-11-20T16:59:59.999Z": false, // a Friday
        "2026-11-20T17:00:00.000Z": true,
        "2026-11-20T18:59:59.999Z": true,
        "2026-11-20T19:00:00.000Z": false,
        "2026-11-21T18:00:00.000Z": false,
      },
    ],
    [
      "over midnight: the days are those on which it begins",
      { days: ["fri", "sat"], from: "17:00", to: "09:00", timeZone: "UTC" },
      {
        "2026-11-20T08:00:00Z": false, // Friday morning belongs to Thursday's night
        "2026-11-20T17:00:00Z": true,
        "2026-11-21T08:59:59Z": true,
        "2026-11-21T09:00:00Z": false,
        "2026-11-21T17:00:00Z": true,
        "2026-11-22T08:59:59Z": true, // Sunday morning belongs to Saturday's night
        "2026-11-22T17:00:00Z": false,
        "2026-11-23T08:00:00Z": false,
      },
    ],
    [
      "over midnight and over the end of the week",
      { days: "sun", from: "22:00", to: "06:00", timeZone: "UTC" },
      {
        "2026-11-22T21:59:00Z": false,
        "2026-11-22T23:00:00Z": true,
        "2026-11-23T05:59:00Z": true,
        "2026-11-23T06:00:00Z": false,
        "2026-11-24T05:00:00Z": false,
      },
    ],
    [
      "whole days, in the zone's own days",
      { days: ["sat", "sun"], timeZone: berlin },
      {
        "2026-11-20T22:59:59Z": false,
        "2026-11-20T23:00:00Z": true, // Saturday 00:00 in Berlin
        "2026-11-22T22:59:59Z": true,
        "2026-11-22T23:00:00Z": false,
      },
    ],
    [
      "every day when no day is named",
      { from: "00:00", to: "06:00", timeZone: "Asia/Kolkata" },
      {
        "2026-11-22T18:29:59Z": false,
        "2026-11-22T18:30:00Z": true,
        "2026-11-23T00:30:00Z": false,
      },
    ],
    [
      "until the end of the day",
      { days: "fri", from: "17:00", timeZone: "UTC" },
      { "2026-11-20T23:59:59.999Z": true, "2026-11-21T00:00:00Z": false },
    ],
    [
      "a single stretch, in the zone's own time",
      { start: "2026-12-20T00:00", end: "2027-01-02T00:00", timeZone: berlin },
      {
        "2026-12-19T22:59:59.999Z": false,
        "2026-12-19T23:00:00Z": true,
        "2027-01-01T22:59:59.999Z": true,
        "2027-01-01T23:00:00Z": false,
      },
    ],
    [
      "on the night that skips an hour: a window inside it does not happen",
      { days: "sun", from: "02:00", to: "03:00", timeZone: berlin },
      {
        "2026-03-29T00:59:59Z": false, // 01:59 winter time
        "2026-03-29T01:00:00Z": false, // 03:00 summer time
        "2026-03-22T01:00:00Z": true, // 02:00, a week before
        "2026-04-05T00:00:00Z": true, // 02:00, a week after
      },
    ],
    [
      "on the night that skips an hour: a window around it is an hour shorter",
      { days: "sat", from: "22:00", to: "06:00", timeZone: berlin },
      {
        "2026-03-28T20:59:59Z": false,
        "2026-03-28T21:00:00Z": true,
        "2026-03-29T03:59:59Z": true,
        "2026-03-29T04:00:00Z": false, // 06:00 summer time
      },
    ],
    [
      "on the night that repeats an hour: the clock on the wall counts both times",
      { days: "sun", from: "02:30", to: "03:00", timeZone: berlin },
      {
        "2026-10-25T00:29:59Z": false,
        "2026-10-25T00:30:00Z": true, // 02:30 summer time
        "2026-10-25T01:00:00Z": false, // 02:00 again
        "2026-10-25T01:30:00Z": true, // 02:30 winter time
        "2026-10-25T02:00:00Z": false,
      },
    ],
    [
      "on a day whose midnight is skipped",
      { days: "sun", from: "00:00", to: "02:00", timeZone: "America/Santiago" },
      {
        "2026-09-06T03:59:59Z": false, // Saturday 23:59
        "2026-09-06T04:00:00Z": true, // Sunday 01:00
        "2026-09-06T05:00:00Z": false,
      },
    ],
    [
      "a stretch that begins in the repeated hour: at its first time",
      { start: "2026-10-25T02:30", end: "2026-10-25T12:00", timeZone: berlin },
      {
        "2026-10-25T00:29:59Z": false,
        "2026-10-25T00:30:00Z": true,
        "2026-10-25T01:10:00Z": true, // 02:10 again: no hole
      },
    ],
    [
      "a stretch that ends in the skipped hour: moved on by what was skipped",
      { start: "2026-03-28T00:00", end: "2026-03-29T02:30", timeZone: berlin },
      { "2026-03-29T01:29:59Z": true, "2026-03-29T01:30:00Z": false }, // 03:30 summer time
    ],
  ];

  for (const [name, during, moments] of cases) {
    it(`holds ${name}`, () => {
      const found = window(during);
      assert.deepEqual(
        Object.fromEntries(
          Object.keys(moments).map((at) => [at, windowHolds(found, Date.parse(at))]),
        ),
        moments,
      );
    });
  }

  const zones = ["UTC", berlin, "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"];
  const anyZone = fc.constantFrom(...zones);
  const anyMoment = fc.date({
    min: new Date("2025-01-01T00:00:00Z"),
    max: new Date("2027-12-31T00:00:00Z"),
    noInvalidDate: true,
  });

  it("leaves neither gap nor overlap between a window and its complement", () => {
    const time = fc
      .tuple(fc.nat(23), fc.constantFrom("00", "15", "30"))
      .map(([hour, minute]) => `${String(hour).padStart(2, "0")}:${minute}`);
    fc.assert(
      fc.property(time, time, anyZone, anyMoment, (from, to, timeZone, moment) => {
        fc.pre(from !== to);
        const inside = windowHolds(window({ from, to, timeZone }), moment.getTime());
        const outside = windowHolds(window({ from: to, to: from, timeZone }), moment.getTime());
        assert.notEqual(inside, outside);
      }),
    );
  });

  it("finds an instant at which the zone's clocks show the local time, if there is one", () => {
    fc.assert(
      fc.property(anyZone, anyMoment, (timeZone, moment) => {
        const minute = Math.floor(moment.getTime() / 60_000) * 60_000;
        const local = localTime(minute, timeZone);
        const found = instantOf(local, timeZone);
        assert.equal(localTime(found, timeZone), local);
        assert(found <= minute, "the earlier of two");
      }),
    );
  });
});

/** What clocks in the zone show, by another way than the code's. */
function localTime(ms: number, timeZone: string): string {
  return new Date(ms).toLocaleString("sv-SE", { timeZone }).slice(0, 16).replace(" ", "T");
}
