import type { Known, Step } from "./known.ts";
import type { Proposal } from "../proposal/proposal.ts";
import { waitUntil, withChanges } from "./common.ts";
import { sharedBy } from "./shared.ts";
import { time } from "./texts.ts";

/** How often one that waits for another looks whether that is over. */
const WAIT_POLL_MS = 5_000;
const RETRY_MS = 1_000;

/** Waits while another execution has what this one needs. Null: nobody has. */
export function waitForShared(proposal: Proposal, known: Known, validUntilMs: number): Step | null {
  const needed = sharedBy(proposal);
  const { nowMs, holders } = known;
  if (needed.length === 0) {
    return null;
  }
  if (known.refused === "held") {
    // Somebody took it a moment ago; the next look tells who.
    return waitUntil(Math.min(nowMs + RETRY_MS, validUntilMs + 1));
  }
  if (holders === undefined) {
    return { kind: "look", look: { at: "holders", keys: needed.map(({ key }) => key) } };
  }
  const [first] = holders;
  if (first === undefined) {
    return null;
  }
  const { proposalId, untilMs } = first.holder;
  const what = needed.find(({ key }) => key === first.key)?.what ?? "need the same of";
  const text =
    untilMs === null
      ? `It waits until proposal ${proposalId} is over: both ${what} this incident.`
      : `It waits until ${time(proposal, untilMs)}: nobody can tell whether the run of proposal ${proposalId} is over, and both ${what} this incident.`;
  const againAtMs = Math.min(nowMs + WAIT_POLL_MS, untilMs ?? Infinity, validUntilMs + 1);
  if (proposal.waitsForRun?.text === text) {
    return waitUntil(againAtMs);
  }
  return {
    kind: "save",
    next: withChanges(proposal, nowMs, {
      waitsForRun: { sinceMs: proposal.waitsForRun?.sinceMs ?? nowMs, text },
      dueAtMs: againAtMs,
    }),
    facts: [{ type: "execution.waitsForRun", data: { for: proposalId, text } }],
  };
}
