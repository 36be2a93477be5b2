import type { Effect } from "../gate/lifecycle/known.ts";
import { RemoteError, type Permission } from "../gate/ports/index.ts";
import type { EffectResult } from "../gate/lifecycle/results.ts";
import type { WorkerPorts } from "./ports.ts";

/** While Cheqpoint is polled it is given this long to decide inline; it allows 10 s at most. */
const INLINE_WAIT_MS = 2_000;

/** Does one effect, once; an execution only with a permission that is asked right before it is sent. */
export async function perform(
  ports: WorkerPorts,
  effect: Effect,
  callbackToken: string,
  permission: Permission,
): Promise<EffectResult> {
  try {
    return await attempt(ports, effect, callbackToken, permission);
  } catch (error) {
    if (error instanceof RemoteError) {
      ports.metrics.count("RemoteFailure");
      return { ok: false, error };
    }
    // A fault of our own after a claim: whether anything was sent is unknown, and that is what is recorded.
    ports.log.error("effect failed unexpectedly", { effect: effect.kind, problem: String(error) });
    return {
      ok: false,
      error: new RemoteError(
        `unexpected: ${error instanceof Error ? error.message : String(error)}`,
        {
          nothingDone: false,
          retryable: true,
        },
      ),
    };
  }
}

/** A process may stand still between its claim and the call; what may be claimed anew after its lease must be answered by then. */
function assertFresh({ clock, settings }: WorkerPorts, claimedAtMs: number): void {
  const lateMs = clock.now() - claimedAtMs;
  if (lateMs >= settings.leaseMs / 2) {
    throw new RemoteError(`not sent: ${lateMs} ms had gone since everything was checked`, {
      nothingDone: true,
      retryable: true,
    });
  }
}

async function attempt(
  ports: WorkerPorts,
  effect: Effect,
  callbackToken: string,
  permission: Permission,
): Promise<EffectResult> {
  const { cheqpoint, pagerDuty, publicUrl } = ports;
  if (effect.kind === "execute") {
    permission.stillFresh();
  } else {
    assertFresh(ports, effect.claimedAtMs);
  }
  switch (effect.kind) {
    case "submit": {
      const receipt = await cheqpoint.submit({
        ...effect.request,
        ...(effect.delivery === "callback"
          ? { callbackUrl: `${publicUrl}/cheqpoint/callback/${callbackToken}` }
          : { maxWaitMs: INLINE_WAIT_MS }),
      });
      return { ok: true, kind: "submit", receipt };
    }
    case "execute":
      return { ok: true, kind: "execute", ...(await pagerDuty.execute(effect.order, permission)) };
    case "note": {
      const { id } = await pagerDuty.addNote(effect.incidentId, effect.content);
      return { ok: true, kind: "duty", ref: id };
    }
    case "createIncident": {
      const { id } = await pagerDuty.createIncident(effect.incident);
      return { ok: true, kind: "duty", ref: id };
    }
    case "resolve":
      await pagerDuty.resolveIncident(effect.incidentId, effect.resolution);
      return { ok: true, kind: "duty", ref: effect.incidentId };
  }
}
