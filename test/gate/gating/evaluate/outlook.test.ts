import assert from "node:assert/strict";
import fc from "fast-check";
import {
  evaluate,
  GatingError,
  outlook,
  parseServiceGating,
} from "../../../../functions/gate/gating/index.ts";
import type { Outlook, Subject } from "../../../../functions/gate/gating/index.ts";

const runbooks = { restart: { automationAction: "01A" }, scale: { automationAction: "01B" } };
const some = <T>(values: readonly T[]) => fc.subarray<T>([...values], { minLength: 1 });
const maybe = <T>(values: readonly T[]) => fc.option(some(values), { nil: undefined });

const anyRule = fc.record(
  {
    match: fc.record(
      {
        runbook: maybe(["restart", "scale"]),
        priority: maybe(["P1", "P2"]),
        severity: maybe(["high", "low"]),
        urgency: maybe(["high", "low"]),
        region: maybe(["eu", "us"]),
        proposer: maybe(["agent", "other"]),
        titlePattern: maybe(["db", "api"]),
      },
      { requiredKeys: [] },
    ),
    decision: fc.constantFrom("allow", "deny", "requireApproval"),
    dryRun: fc.constantFrom(true, undefined),
  },
  { requiredKeys: ["match", "decision"] },
);

const anySubject: fc.Arbitrary<Subject> = fc.record({
  event: fc.constant(null),
  action: fc.constant("run_auto_remediation_runbook"),
  runbook: fc.constantFrom("restart", "scale"),
  proposer: fc.constantFrom("agent", "other", "third"),
  priority: fc.constantFrom("P1", "p2", "P3", null),
  // Claimed: what is left out may be asked about more strictly, which only the proposal itself will tell.
  severity: fc.constantFrom("high", "low", "odd"),
  urgency: fc.constantFrom("high" as const, "low" as const),
  regions: some(["eu", "us", "ap"]),
  title: fc.constantFrom("db is slow", "api is slow", "slow"),
  atMs: fc.constant(Date.UTC(2026, 10, 23)),
});

describe("outlook", () => {
  it("tells for every proposal what it is answered when it is made", () => {
    fc.assert(
      fc.property(fc.array(anyRule, { maxLength: 6 }), anySubject, (rules, subject) => {
        const gating = parsed(rules);
        fc.pre(gating !== null);
        const { runbook, proposer, atMs, action } = subject;
        const answers = outlook(gating, { runbook, proposer, atMs, action });
        const first = answers.find(({ when }) => fits(when, subject));
        const { rule, decision } = evaluate(gating, subject);
        assert.deepEqual([first?.rule, first?.decision], [rule, decision]);
      }),
      { numRuns: 500 },
    );
  });
});

/** Null: rules that the gate refuses, such as one that can never match. */
function parsed(rules: readonly object[]) {
  try {
    return parseServiceGating("payments-db", {
      runbooks,
      rules: rules.map((rule, index) => ({ name: `r${index}`, ...rule })),
      otherwise: "deny",
    });
  } catch (error) {
    if (error instanceof GatingError) return null;
    throw error;
  }
}

function fits(when: Outlook["when"], subject: Subject): boolean {
  const { priority, severity, urgency, region, titlePattern } = when;
  return (
    (priority === undefined || priority.includes(subject.priority?.toUpperCase() ?? "")) &&
    (severity === undefined || severity.includes(subject.severity ?? "")) &&
    (urgency === undefined || urgency.includes(subject.urgency ?? "")) &&
    (region === undefined || region.some((one) => subject.regions.includes(one))) &&
    (titlePattern === undefined || titlePattern.some((text) => subject.title.includes(text)))
  );
}
