import type { EmbeddedParts } from "../embedded.ts";
import type { LocalQueue } from "../queue.ts";

/** A gate that comes to a proposal a minute after it was due takes no silence for an answer: time passes in smaller steps. */
const STEP_MS = 30_000;
const MAX_STEPS = 40;

/** Lets virtual time pass for all three at once, and does what is due by then. */
export async function skipTime(
  { clock, pagerDuty, cheqpoint }: Pick<EmbeddedParts, "clock" | "pagerDuty" | "cheqpoint">,
  queue: LocalQueue,
  ms: number,
): Promise<void> {
  const stepMs = Math.max(STEP_MS, Math.ceil(ms / MAX_STEPS));
  for (let leftMs = ms; leftMs > 0; leftMs -= stepMs) {
    clock.skip(Math.min(stepMs, leftMs));
    await pagerDuty.tick();
    await cheqpoint.tick();
    await queue.sweep();
    if (leftMs > stepMs) {
      await queue.idle();
    }
  }
}
