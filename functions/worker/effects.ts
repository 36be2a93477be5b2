import type { Effect } from "../gate/lifecycle/known.ts";
import { RemoteError } from "../gate/ports/index.ts";
import type { EffectResult } from "../gate/lifecycle/results.ts";
import type { WorkerPorts } from "./ports.ts";

/** While Cheqpoint is polled it is given this long to decide inline; it allows 10 s at most. */
const INLINE_WAIT_MS = 2_000;

/** Does one effect, once. */
export async function perform(
  ports: WorkerPorts,
  effect: Effect,
  callbackToken: string,
): Promise<EffectResult> {
  try {
    return await attempt(ports, effect, callbackToken);
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

/** A process may stand still between its claim and the call; by then others have taken the claim for lost. */
function assertFresh({ clock, settings }: WorkerPorts, { kind, claimedAtMs }: Effect): void {
  const lateMs = clock.now() - claimedAtMs;
  // What may be claimed anew after its lease must be answered by then; an execution never is.
  const freshForMs = kind === "execute" ? settings.leaseMs : settings.leaseMs / 2;
  if (lateMs >= freshForMs) {
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
): Promise<EffectResult> {
  const { cheqpoint, pagerDuty, publicUrl } = ports;
  const check = (): void => assertFresh(ports, effect);
  check();
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
      return { ok: true, kind: "execute", ...(await pagerDuty.execute(effect.order, check)) };
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
