import assert from "node:assert/strict";
import fc from "fast-check";
import {
  compileGating,
  evaluate,
  proposedRunbook,
} from "../../../../functions/gate/gating/index.ts";
import type { ServiceGating, Subject } from "../../../../functions/gate/gating/index.ts";
import { unchecked } from "../check/problemsOf.ts";
import { anyMatch, anySubject, tuesday } from "../subjects.ts";

const HOUR_MS = 3_600_000;

const anyRule = fc.record(
  {
    match: anyMatch,
    decision: fc.constantFrom("allow", "deny", "requireApproval"),
    onExpiry: fc.constantFrom("approve", "reject"),
    sla: fc.constantFrom("5m", "1h"),
    dryRun: fc.boolean(),
    propose: fc.constantFrom("failover", "page", "restart"),
    onDeny: fc.constantFrom("note", "page"),
  },
  { requiredKeys: ["match", "decision"] },
);

const anyGating = fc
  .record({
    rules: fc.array(anyRule, { maxLength: 7 }),
    otherwise: fc.constantFrom("allow", "deny", "requireApproval"),
    onDeny: fc.constantFrom(undefined, "note"),
  })
  .map(({ rules, otherwise, onDeny }): ServiceGating => {
    const named = rules.map((rule, index) => ({ ...rule, name: `r${index}` }));
    return { ...unchecked(...named), otherwise, ...(onDeny === undefined ? {} : { onDeny }) };
  });

describe("a compiled gating", () => {
  it("answers as evaluate does, whatever the rules and the proposal", () => {
    fc.assert(
      fc.property(anyGating, fc.array(anySubject, { minLength: 1, maxLength: 5 }), (own, all) => {
        const compiled = compileGating(own);
        // Twice: what it kept must not answer for another.
        for (const subject of [...all, ...all]) {
          const { rule, decision, terms } = evaluate(own, subject);
          assert.deepEqual(compiled.answer(subject), { rule, decision, terms });
          const { action: _action, runbook: _runbook, ...event } = subject;
          const proposed = proposedRunbook(own, event);
          assert.deepEqual(
            compiled.proposed(event),
            proposed === null ? null : { rule: proposed.rule, runbook: proposed.runbook },
          );
        }
      }),
      { numRuns: 400 },
    );
  });

  it("keeps to every window at every quarter of an hour, over summer time and years", () => {
    const windows = [
      { days: ["sat", "sun"], timeZone: "Europe/Berlin" },
      { days: ["fri"], from: "22:30", to: "06:15", timeZone: "America/St_Johns" },
      { from: "00:00", to: "24:00", days: ["mon"], timeZone: "Asia/Kathmandu" },
      { start: "2026-10-25T01:30", end: "2026-10-25T03:30", timeZone: "Europe/Berlin" },
    ];
    for (const during of windows) {
      const own = unchecked({ name: "w", decision: "deny", match: { during } });
      const compiled = compileGating(own);
      for (const start of [
        Date.parse("2026-10-23T22:00:00Z"),
        Date.parse("2011-03-11T22:00:00Z"),
      ]) {
        for (let atMs = start; atMs < start + 100 * HOUR_MS; atMs += HOUR_MS / 4) {
          for (const at of [atMs - 1, atMs]) {
            const subject = { ...fixed, atMs: at };
            assert.equal(compiled.answer(subject).rule, evaluate(own, subject).rule);
          }
        }
      }
    }
  });
});

const fixed = {
  event: null,
  action: "restart_service",
  runbook: "restart",
  proposer: "healer",
  priority: null,
  severity: null,
  urgency: null,
  regions: [],
  title: "",
  atMs: tuesday,
} satisfies Subject;
