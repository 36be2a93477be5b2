import type { Clock, Ledger } from "../gate/ports/index.ts";
import type { Proposal } from "../gate/proposal/proposal.ts";
import type { MiddlewarePorts } from "./ports.ts";

const WAIT_POLL_MS = 300;
const ASK_AGAIN_AFTER_S = 5;

/** Longer than anybody is kept waiting: who waits now began in this span or in the one before. */
const SPAN_MS = 30_000;
/**
 * Each caller who waits holds one of the concurrent executions that AWS lets an account have, and webhooks need them too.
 * So at most twice `mostBegun` wait at the same time, over all instances: they are counted in the ledger, as proposals are.
 */
export function sharedWaits(
  ledger: Pick<Ledger, "admit">,
  clock: Clock,
  mostBegun: number,
): () => Promise<boolean> {
  const limits = { perMinute: mostBegun, perHour: mostBegun };
  return async () => {
    const nowMs = clock.now();
    const span = Math.floor(nowMs / SPAN_MS);
    return (await ledger.admit(`#waits/${span}`, limits, nowMs)) === null;
  };
}

/**
 * Until the proposal has its outcome, or that much time has gone since `sinceMs`, reads and writes included. Where too many
 * wait already the answer comes at once, with the time after which to ask again.
 */
export async function waitFor(
  ports: MiddlewarePorts,
  proposal: Proposal,
  waitMs: number,
  sinceMs: number,
): Promise<{ now: Proposal; headers: Record<string, string> }> {
  let now = proposal;
  if (now.outcome !== null || waitMs === 0) {
    return { now, headers: {} };
  }
  if (!(await mayWait(ports))) {
    return { now, headers: { "retry-after": `${Math.min(ASK_AGAIN_AFTER_S, waitMs / 1_000)}` } };
  }
  for (let slept = 0; now.outcome === null; slept += WAIT_POLL_MS) {
    const leftMs = waitMs - Math.max(slept, ports.clock.now() - sinceMs);
    if (leftMs <= 0) {
      break;
    }
    await ports.sleep(Math.min(WAIT_POLL_MS, leftMs));
    now = (await ports.ledger.get(proposal.id))?.proposal ?? now;
  }
  return { now, headers: {} };
}

/** Nobody is owed a wait: where it cannot be told whether there is room for one, there is none. */
async function mayWait({ mayWait: isRoom, log }: MiddlewarePorts): Promise<boolean> {
  try {
    return (await isRoom?.()) ?? true;
  } catch (error) {
    log.warn("waits not counted", { problem: String(error) });
    return false;
  }
}
