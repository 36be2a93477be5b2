import { OWN_AGENT, ownAgent } from "../gate/proposal/incidents.ts";
import { RemoteError } from "../gate/ports/index.ts";
import type { PagerDuty } from "../gate/ports/index.ts";
import type { WorkerPorts } from "./ports.ts";

/** A token may be renewed for another user. */
const KNOWN_FOR_MS = 5 * 60_000;
/** What could not be read is not asked for with every run that is reported. */
const UNKNOWN_FOR_MS = 30_000;

interface Known {
  userId: Promise<string | null>;
  untilMs: number;
}

const known = new WeakMap<PagerDuty, Known>();

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

/** Who the gate's token says it is; null: nobody, or it cannot be read at the moment. Asked once for all who want to know. */
function ownUser({
  pagerDuty,
  clock,
  log,
}: Pick<WorkerPorts, "pagerDuty" | "clock" | "log">): Promise<string | null> {
  const nowMs = clock.now();
  const before = known.get(pagerDuty);
  if (before !== undefined && nowMs < before.untilMs) {
    return before.userId;
  }
  const asked: Known = { userId: Promise.resolve(null), untilMs: nowMs + KNOWN_FOR_MS };
  known.set(pagerDuty, asked);
  asked.userId = pagerDuty.ownUser().catch((error: unknown) => {
    if (!(error instanceof RemoteError)) {
      known.delete(pagerDuty);
      throw error;
    }
    log.warn("the gate's own user cannot be read", { problem: error.message });
    asked.untilMs = nowMs + UNKNOWN_FOR_MS;
    return null;
  });
  return asked.userId;
}
