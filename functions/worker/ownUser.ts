import { OWN_AGENT, ownAgent } from "../gate/proposal/incidents.ts";
import { RemoteError } from "../gate/ports/index.ts";
import type { PagerDuty } from "../gate/ports/index.ts";
import type { WorkerPorts } from "./ports.ts";

/** A token may be renewed for another user. */
const KNOWN_FOR_MS = 5 * 60_000;
/** What could not be read is not asked for with every run that is reported. */
const UNKNOWN_FOR_MS = 30_000;

const known = new WeakMap<PagerDuty, { userId: string | null; untilMs: number }>();

/** Whether that user is the gate's own; null where that cannot be told. */
export async function isByGate(
  ports: Pick<WorkerPorts, "ledger" | "pagerDuty" | "clock" | "log">,
  agentId: string | null,
): Promise<boolean | null> {
  if (agentId === null) {
    return null;
  }
  const { ledger } = ports;
  if ((await ledger.link(ownAgent(agentId))) !== null) {
    return true;
  }
  const userId = await ownUser(ports);
  if (userId !== null) {
    return userId === agentId;
  }
  return (await ledger.link(OWN_AGENT)) === null ? null : false;
}

/** Who the gate's token says it is; null: nobody, or it cannot be read at the moment. */
async function ownUser({
  pagerDuty,
  clock,
  log,
}: Pick<WorkerPorts, "pagerDuty" | "clock" | "log">): Promise<string | null> {
  const before = known.get(pagerDuty);
  const nowMs = clock.now();
  if (before !== undefined && nowMs < before.untilMs) {
    return before.userId;
  }
  try {
    const userId = await pagerDuty.ownUser();
    known.set(pagerDuty, { userId, untilMs: nowMs + KNOWN_FOR_MS });
    return userId;
  } catch (error) {
    if (!(error instanceof RemoteError)) {
      throw error;
    }
    log.warn("the gate's own user cannot be read", { problem: error.message });
    known.set(pagerDuty, { userId: null, untilMs: nowMs + UNKNOWN_FOR_MS });
    return null;
  }
}
