import assert from "node:assert/strict";
import fc from "fast-check";
import { eventClaims, evaluate, proposedRunbook } from "../../../../functions/gate/gating/index.ts";
import type { ServiceGating, Subject } from "../../../../functions/gate/gating/index.ts";
import { problemsOf, unchecked, withRules } from "./problemsOf.ts";
import { anyMatch, anySubject, values } from "../subjects.ts";

/** Which of the rules with these matches are refused as never matching, and by which they are covered. */
function covered(...matches: unknown[]): Record<number, string> {
  const rules = matches.map((match, index) => ({ name: `r${index}`, decision: "deny", match }));
  return Object.fromEntries(
    problemsOf(withRules(...rules)).map((line) => {
      const found =
        /^services\.db\.rules\[(\d+)\] \(r\d+\): can never match: everything it matches is taken by rules before it \((.*)\); move it above them, narrow them, or remove it$/.exec(
          line,
        );
      assert(found !== null, line);
      return [Number(found[1]), found[2] ?? ""];
    }),
  );
}

const weekend = { days: ["sat", "sun"], timeZone: "UTC" };
const weekdays = ["mon", "tue", "wed", "thu", "fri"];
const stretch = { start: "2020-12-20T00:00", end: "2020-12-21T00:00", timeZone: "UTC" };
const night = { from: "22:00", to: "06:00", timeZone: "UTC" };

describe("rules that can never match", () => {
  const cases: readonly (readonly [string, unknown[], Record<number, string>])[] = [
    ["after a rule that matches everything", [undefined, { priority: "P1" }], { 1: "r0" }],
    ["after the same rule", [{ priority: "P1" }, { priority: "P1" }], { 1: "r0" }],
    [
      "whatever the capitals of a priority",
      [{ priority: "P1" }, { priority: ["p1"] }],
      { 1: "r0" },
    ],
    [
      "after a wider one",
      [{ priority: ["P1", "P2"] }, { priority: "P2", urgency: "high" }],
      { 1: "r0" },
    ],
    [
      "after two that share it out",
      [{ priority: "P1" }, { priority: "P2" }, { priority: ["P1", "P2"] }],
      { 2: "r0, r1" },
    ],
    [
      "after rules for every runbook, of which there are no others",
      [{ runbook: "failover" }, { runbook: ["restart", "page"] }, undefined],
      { 2: "r0, r1" },
    ],
    [
      "after the rule for a runbook's action",
      [{ action: "restart_service" }, { runbook: "restart" }],
      { 1: "r0" },
    ],
    [
      "when two fields share it out crosswise",
      [
        { urgency: "high", priority: ["P1", "P2"] },
        { urgency: "low" },
        { urgency: ["high", "low"], priority: "P1" },
      ],
      { 2: "r0, r1" },
    ],
    [
      "when regions are shared out",
      [{ region: "a" }, { region: "b" }, { region: ["a", "b"] }],
      { 2: "r0, r1" },
    ],
    [
      "under the same title pattern and window",
      [
        { titlePattern: ["x", "y"], during: [weekend, night] },
        { titlePattern: "x", during: night, priority: "P1" },
      ],
      { 1: "r0" },
    ],
    [
      "in a window that is the same, written otherwise",
      [
        { during: { days: "sat", timeZone: "UTC" } },
        { during: [{ days: ["sat", "sat"], from: "00:00", to: "24:00", timeZone: "UTC" }] },
      ],
      { 1: "r0" },
    ],
    [
      "in a window that lies inside another",
      [{ during: night }, { during: { days: "sun", from: "23:00", to: "02:00", timeZone: "UTC" } }],
      { 1: "r0" },
    ],
    [
      "in a window that several of one rule make up",
      [
        {
          during: [
            { from: "18:00", to: "02:00", timeZone: "UTC" },
            { days: ["mon", "tue"], from: "01:00", to: "06:00", timeZone: "UTC" },
          ],
        },
        { during: { days: "mon", from: "22:00", to: "06:00", timeZone: "UTC" } },
      ],
      { 1: "r0" },
    ],
    [
      "after windows that make up the whole week",
      [{ during: [weekend, { days: weekdays, timeZone: "UTC" }] }, undefined],
      { 1: "r0" },
    ],
    [
      "in the same stretch",
      [{ during: [night, stretch] }, { during: stretch, priority: "P1" }],
      { 1: "r0" },
    ],
    [
      "with a pattern after one without",
      [{ priority: "P1" }, { priority: "P1", titlePattern: "x" }],
      { 1: "r0" },
    ],
  ];
  for (const [name, matches, expected] of cases) {
    it(`are refused ${name}`, () => {
      assert.deepEqual(covered(...matches), expected);
    });
  }

  const reachable: readonly (readonly [string, unknown[]])[] = [
    ["something the earlier leave over", [{ priority: "P1" }, { priority: ["P1", "P2"] }]],
    ["no urgency, which both urgencies leave over", [{ urgency: ["high", "low"] }, undefined]],
    ["something from proposers", [{ proposer: ["a", "b"] }, { proposer: ["b", "c"] }]],
    ["a region of its own", [{ region: "a" }, { region: ["a", "b"] }]],
    ["no region", [{ region: ["a", "b"] }, undefined]],
    [
      "another pattern",
      [{ titlePattern: "x" }, { titlePattern: "y" }, { titlePattern: ["x", "z"] }],
    ],
    ["no pattern", [{ titlePattern: "x" }, undefined]],
    [
      "a minute more",
      [
        { during: { days: "mon", from: "22:00", to: "06:00", timeZone: "UTC" } },
        { during: { days: "mon", from: "22:00", to: "06:01", timeZone: "UTC" } },
      ],
    ],
    [
      "the same hours of another zone",
      [{ during: night }, { during: { ...night, timeZone: "Europe/Berlin" } }],
    ],
    ["no window", [{ during: [weekend, stretch] }, undefined]],
    ["another stretch", [{ during: stretch }, { during: { ...stretch, end: "2026-12-22T00:00" } }]],
    ["another window", [{ during: weekend }, { during: [weekend, night] }]],
    ["proposers that differ in capitals", [{ proposer: "bot" }, { proposer: "Bot" }]],
  ];
  for (const [name, matches] of reachable) {
    it(`do not include one that has ${name}`, () => {
      assert.deepEqual(covered(...matches), {});
    });
  }

  it("are not looked for beyond what can be told in a moment", () => {
    const many = Array.from({ length: 99 }, (_, index) => ({ region: `r${index}` }));
    assert.deepEqual(covered(undefined, ...many.slice(0, 90), { priority: "P1" })[91], "r0");
    assert.deepEqual(covered(undefined, ...many), {});
  });

  it("are compared even when another rule is wrong", () => {
    assert.deepEqual(
      problemsOf(
        withRules(
          { name: "a", decision: "deny", match: { priority: [] } },
          { name: "b", decision: "deny" },
          { name: "c", decision: "deny", sla: "1s" },
        ),
      ),
      [
        "services.db.rules[0] (a): `match.priority` must hold at least one value or be left out, got an empty list",
        'services.db.rules[2] (c): `sla` must be between 1m and 7d, got "1s"',
        "services.db.rules[2] (c): can never match: everything it matches is taken by rules before it (b); move it above them, narrow them, or remove it",
      ],
    );
  });

  describe("between events and proposers", () => {
    const on = (event: string, more: object = {}) => ({ match: { event, ...more } });
    const proposing = { propose: "failover", decision: "requireApproval" };
    const unproposed =
      "can never match: no rule with `propose` proposes such a thing for an event; write `propose` in it, or match what proposers propose";
    const cases: readonly (readonly [string, object[], Record<number, string>])[] = [
      [
        "an event of which another rule proposes something",
        [
          { ...on("incident.triggered", { urgency: "high" }), decision: "deny" },
          { ...on("custom:incident.triggered"), ...proposing },
          { decision: "allow" },
        ],
        {},
      ],
      [
        "the same for another runbook, or another event",
        [
          { ...on("incident.triggered", { runbook: "page" }), decision: "deny" },
          { ...on("incident.resolved"), decision: "deny" },
          { match: { proposer: "pagerduty", runbook: "restart" }, decision: "deny" },
          { ...on("incident.triggered"), ...proposing },
        ],
        { 0: unproposed, 1: unproposed, 2: unproposed },
      ],
      [
        "a runbook that is proposed where another is already",
        [
          { ...on("incident.triggered", { runbook: "failover" }), ...proposing },
          { ...on("incident.triggered", { priority: "P1" }), ...proposing, propose: "page" },
        ],
        {
          1: '`propose` must be for events that no rule before it proposes for (r0 does for all of them), got "page"',
        },
      ],
      [
        "one that is proposed for what the other leaves over",
        [
          {
            ...on("incident.triggered", { runbook: "failover", titlePattern: "x" }),
            ...proposing,
          },
          { ...on("incident.triggered"), ...proposing, propose: "page" },
        ],
        {},
      ],
      [
        "an `allow` that only a missing claim leads to",
        [
          { match: { severity: "critical" }, decision: "deny" },
          { match: { region: ["eu", "us"] }, decision: "requireApproval" },
          { ...on("incident.triggered"), ...proposing, decision: "allow" },
          { decision: "allow" },
        ],
        {
          2: "can never allow: whatever it matches lacks a claim that stricter rules before it (r0) look at, and is asked about; move it above them, or narrow them",
        },
      ],
      [
        "an `allow` that another field keeps from such rules, or that stands above them",
        [
          { ...on("incident.triggered", { priority: "P2" }), ...proposing, decision: "allow" },
          { match: { severity: "critical", runbook: "page" }, decision: "deny" },
          { ...on("incident.triggered"), ...proposing, decision: "allow" },
        ],
        {},
      ],
    ];
    for (const [name, rules, expected] of cases) {
      it(`are told for ${name}`, () => {
        const named = rules.map((rule, index) => ({ name: `r${index}`, ...rule }));
        assert.deepEqual(
          problemsOf(withRules(...named)),
          Object.entries(expected).map(
            ([index, text]) => `services.db.rules[${index}] (r${index}): ${text}`,
          ),
        );
      });
    }

    it("are not told while it is open what another rule proposes", () => {
      const rules = [
        { name: "a", ...on("incident.triggered"), decision: "deny" },
        { name: "b", ...on("incident.triggered"), ...proposing, propose: "failovr" },
      ];
      assert.deepEqual(problemsOf(withRules(...rules)), [
        'services.db.rules[1] (b): `propose` must be a runbook of this service ("failover", "restart", "page"), got "failovr"; did you mean `failover`?',
        "services.db.rules[1] (b): can never match: everything it matches is taken by rules before it (a); move it above them, narrow them, or remove it",
      ]);
    });
  });

  it("are never reached by any proposal", () => {
    const rules = fc.array(anyMatch, { minLength: 2, maxLength: 4 }).map((matches) =>
      matches.map((match, index) => ({
        name: `r${index}`,
        decision: "deny",
        // Rules with one field are wide, so that they cover others often enough.
        match: Object.fromEntries(Object.entries(match).slice(0, 1 + (index % 2))),
      })),
    );
    let refusals = 0;
    fc.assert(
      fc.property(
        rules,
        fc.array(anySubject, { minLength: 20, maxLength: 20 }),
        (written, subjects) => {
          const found = uselessOf(written);
          const gating = unchecked(...written);
          refusals += found.size;
          for (const subject of subjects) {
            const possible = asProposed(gating, subject);
            if (possible === null) continue;
            const { rule } = evaluate(gating, possible);
            assert(rule === null || !found.has(rule), `${rule} was reached`);
          }
        },
      ),
      { numRuns: 150, seed: 4421 },
    );
    assert(refusals > 10, `only ${refusals} refusals were put to the test`);
  });

  it("are all found where no pattern or window hides them, and no others", () => {
    const { event, priority, severity, region, runbook } = values;
    const some = <Value>(from: readonly Value[]) => fc.subarray([...from], { minLength: 1 });
    const read = { priority: some(priority), runbook: some(runbook) };
    const two = region.slice(0, 2);
    const match = fc.oneof(
      fc.record({ severity: some(severity), region: some(two), ...read }, { requiredKeys: [] }),
      fc.record({ event: some(event), ...read }, { requiredKeys: ["event"] }),
    );
    const decision = fc.constantFrom("allow", "deny", "requireApproval");
    const rule = fc.record({ match, decision, isProposing: fc.boolean() });
    const seen: Record<string, number> = {};
    fc.assert(
      fc.property(fc.array(rule, { minLength: 2, maxLength: 5 }), (drawn) => {
        const rules = drawn.map(({ isProposing, ...rest }, index) => ({
          name: `r${index}`,
          ...rest,
          ...("event" in rest.match && isProposing
            ? { propose: rest.match.runbook?.[0] ?? "page" }
            : {}),
        }));
        const gating = unchecked(...rules);
        const matched = new Set<string | undefined>();
        const allowing = new Set<string | null>();
        const proposers = new Set<string | undefined>();
        for (const subject of everySubject(two)) {
          proposers.add(proposedRunbook(gating, subject)?.rule);
          const possible = asProposed(gating, subject);
          if (possible === null) continue;
          const { rule, decision, trace } = evaluate(gating, possible);
          matched.add(trace.find((entry) => entry.matched)?.rule);
          if (decision === "allow") allowing.add(rule);
        }
        const expected = rules.flatMap(({ name, decision, propose }): [string, string][] => {
          if (propose !== undefined && !proposers.has(name)) return [[name, "outrun"]];
          if (!matched.has(name)) return [[name, "unmatched"]];
          return decision === "allow" && !allowing.has(name) ? [[name, "overruled"]] : [];
        });
        assert.deepEqual([...uselessOf(rules)], expected);
        for (const [, kind] of expected) seen[kind] = (seen[kind] ?? 0) + 1;
      }),
      { numRuns: 300, seed: 4421 },
    );
    assert.deepEqual(Object.keys(seen).sort(), ["outrun", "overruled", "unmatched"]);
  });
});

/** Why rules are refused as useless, by name. */
function uselessOf(rules: readonly object[]): Map<string, string> {
  return new Map(
    problemsOf(withRules(...rules)).map((line): [string, string] => {
      const found =
        /\((r\d+)\): (?:(can never match)|(`propose` must be for events)|(can never allow))/.exec(
          line,
        );
      const [, name, unmatched, outrun] = found ?? [];
      assert(name !== undefined, line);
      if (unmatched !== undefined) return [name, "unmatched"];
      return [name, outrun === undefined ? "overruled" : "outrun"];
    }),
  );
}

/** The proposal as it can come: one from an event has what the gate itself proposes; null: it proposes nothing. */
function asProposed(gating: ServiceGating, subject: Subject): Subject | null {
  if (subject.event === null) return subject;
  const event = { ...subject, ...eventClaims, regions: [] };
  const found = proposedRunbook(gating, event);
  const runbook = found === null ? undefined : gating.runbooks[found.runbook];
  return runbook === undefined ? null : { ...event, runbook: runbook.name, action: runbook.action };
}

/** Every proposal that differs in event, priority, severity, regions or runbook. */
function* everySubject(regions: readonly string[]): Generator<Subject> {
  const [base] = fc.sample(anySubject, { numRuns: 1, seed: 1 });
  assert(base !== undefined);
  const some = [[], ["other"], [...regions], ...regions.map((region) => [region])];
  for (const priority of [...values.priority, null]) {
    for (const event of [...values.event, "incident.resolved"]) yield { ...base, event, priority };
    for (const severity of [...values.severity, "other", null]) {
      for (const regions of some) {
        for (const runbook of values.runbook) {
          yield { ...base, event: null, priority, severity, regions, runbook };
        }
      }
    }
  }
}
