import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { eventText } from "../../../functions/gate/telling/eventText.ts";
import { ROOT } from "../../cli/support.ts";

const CASES: [string, Record<string, unknown>, string][] = [
  [
    "proposal.received",
    {
      proposer: "pagerduty",
      request: { runbook: "failover", service: "payments-db" },
      source: { kind: "event", eventType: "incident.triggered" },
    },
    "pagerduty proposed failover for payments-db, on PagerDuty's event incident.triggered",
  ],
  ["proposal.joined", { proposer: "ci" }, "ci proposed the same; this one answers for it"],
  ["proposal.weighed", { rule: "p1", decision: "deny" }, "Rule p1 denies it"],
  [
    "proposal.weighed",
    { rule: "p1", decision: "allow", wouldHave: { rule: "freeze", decision: "deny" } },
    "Rule p1 allows it; without dry runs rule freeze would have denied it",
  ],
  [
    "proposal.weighed",
    { rule: null, decision: "requireApproval" },
    "No rule matched, so the default asks for an approval",
  ],
  [
    "decision.approved",
    { by: "human", rule: null, note: "Go.", changed: ["max_replicas"] },
    "Approved by a reviewer, with max_replicas changed: “Go.”",
  ],
  [
    "decision.approved",
    { by: "autoRule", rule: "low-risk", note: null, changed: [] },
    "Approved by Cheqpoint's rule low-risk, without a human",
  ],
  [
    "decision.rejected",
    { by: "policy", rule: "freeze", note: null, changed: [] },
    "Rejected by gating rule freeze",
  ],
  ["decision.expired", { by: "gate" }, "Nobody decided in time"],
  ["decision.expired", { onExpiry: "approve" }, "Nobody decided in time; the rule approves then"],
  [
    "execution.claimed",
    { claim: 2, target: { kind: "automationAction", actionId: "01A" } },
    "The gate is about to run PagerDuty automation action 01A (try 2)",
  ],
  ["execution.claimed", { claim: 1, target: {} }, "The gate is about to run it"],
  ["execution.uncertain", { problem: "timeout" }, "Nobody can tell yet whether it ran: timeout"],
  ["execution.held", { reason: null }, "The kill switch holds it"],
  ["manualTask.done", { ref: "Q1" }, "Manual task for the on-call engineer: done (Q1)"],
  [
    "escalation.failed",
    { problem: "503", try: 1 },
    "Escalation, because nobody had decided: failed, tried again: 503",
  ],
  ["noteEnded.claimed", { try: 3 }, "Note on the incident on how it ended: begun (try 3)"],
  ["outcome.suppressed", { text: "Nobody decided." }, "Nobody decided."],
  ["something.new", {}, "something.new"],
  ["constructor", {}, "constructor"],
];

describe("Words for audit events", () => {
  for (const [type, data, text] of CASES) {
    it(`says "${text}"`, () => assert.equal(eventText({ type, data }).text, text));
  }

  it("has words for every event that the lifecycle writes, whatever its data", () => {
    const folder = `${ROOT}functions/gate/`;
    const types = new Set(
      readdirSync(folder, { recursive: true, encoding: "utf8" })
        // The gating writes none; its fields are called so as well.
        .filter((name) => name.endsWith(".ts") && !name.startsWith("gating"))
        .flatMap((name) => [
          ...readFileSync(`${folder}${name}`, "utf8").matchAll(
            /"((?:proposal|approval|decision|execution|outcome|manualTask|escalation|noteEnded|noteMerged)\.[a-zA-Z]+)"/g,
          ),
        ])
        .map((match) => match[1] ?? ""),
    );
    assert.ok(types.size >= 20, `found ${types.size}`);
    for (const type of types) {
      const { text } = eventText({ type, data: {} });
      assert.notEqual(text, type);
      assert.match(text, /\S/);
    }
  });
});
