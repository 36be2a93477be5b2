import { LOOK_GOOD_FOR_MS, type Known } from "../gate/lifecycle/known.ts";
import { nextStep } from "../gate/lifecycle/index.ts";
import { RemoteError, type Permission } from "../gate/ports/index.ts";
import type { Proposal } from "../gate/proposal/proposal.ts";
import { look } from "./look.ts";
import type { WorkerPorts } from "./ports.ts";

/** What was asked of a remote system this short a time ago need not be asked again before it is sent. */
const ASKED_JUST_NOW_MS = 2_000;
const MAX_LOOKS = 12;

/**
 * The last look before an execution is sent: whether it would be claimed at this moment. Between claim and request a
 * process may stand still, and the custom fields are written; the kill switch, the gating, a human's no, the validity
 * and the lease may all have changed by then.
 * @param before The record that was claimed, as it was before, and what was known of it then.
 */
export function permissionOf(
  ports: WorkerPorts,
  before: Proposal,
  known: Known,
  claimedAtMs: number,
): Permission {
  const { clock, settings } = ports;
  const untilMs = Math.min(
    claimedAtMs + settings.leaseMs - 1,
    before.decision?.validUntilMs ?? claimedAtMs,
  );
  let oldestMs = oldestIn(known) ?? claimedAtMs;

  return {
    async look() {
      let now: Known = justNow(known, clock.now());
      for (let round = 0; round < MAX_LOOKS; round += 1) {
        const step = nextStep(before, now);
        if (step.kind === "look") {
          now = await look(ports, before, now, step.look);
          continue;
        }
        if (step.kind === "effect" && step.effect.kind === "execute") {
          oldestMs = oldestIn(now) ?? clock.now();
          return;
        }
        break;
      }
      throw notSent("what was true when it was claimed is no longer");
    },

    stillFresh() {
      const nowMs = clock.now();
      if (nowMs > untilMs) {
        throw notSent(`${nowMs - claimedAtMs} ms had gone since it was claimed`);
      }
      if (Math.abs(nowMs - oldestMs) > LOOK_GOOD_FOR_MS) {
        throw notSent(`the last look at what may forbid it was ${nowMs - oldestMs} ms old`);
      }
    },
  };
}

/** The store is asked anew; PagerDuty and Cheqpoint are, where it is not a moment since they were. */
function justNow({ settings, fresh, incident, approvals, askedAtMs = {} }: Known, nowMs: number) {
  const known: Known = { nowMs, settings, fresh, hints: [], askedAtMs: {} };
  const isRecent = (atMs: number | undefined): atMs is number =>
    atMs !== undefined && Math.abs(nowMs - atMs) <= ASKED_JUST_NOW_MS;
  const asked: Known["askedAtMs"] = {};
  if (incident !== undefined && isRecent(askedAtMs.incident)) {
    known.incident = incident;
    asked.incident = askedAtMs.incident;
  }
  if (approvals !== undefined && isRecent(askedAtMs.approvals)) {
    known.approvals = approvals;
    asked.approvals = askedAtMs.approvals;
  }
  return { ...known, askedAtMs: asked };
}

function oldestIn({ askedAtMs = {} }: Known): number | null {
  const times = Object.values(askedAtMs);
  return times.length === 0 ? null : Math.min(...times);
}

/** Nothing was done: it is looked at from the start again, and whatever forbids it is found there. */
function notSent(why: string): RemoteError {
  return new RemoteError(`not sent: ${why}`, { nothingDone: true, retryable: true });
}
