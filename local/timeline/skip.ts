import type { EmbeddedParts } from "../embedded.ts";
import type { LocalQueue } from "../queue.ts";

/** Lets virtual time pass for all three at once, and does what is due by then. */
export async function skipTime(
  { clock, pagerDuty, cheqpoint }: Pick<EmbeddedParts, "clock" | "pagerDuty" | "cheqpoint">,
  queue: LocalQueue,
  ms: number,
): Promise<void> {
  clock.skip(ms);
  await pagerDuty.tick();
  await cheqpoint.tick();
  await queue.sweep();
}
