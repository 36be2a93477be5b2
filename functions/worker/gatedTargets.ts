import { startedId } from "../gate/proposal/incidents.ts";
import type { GatingStore } from "../gate/ports/index.ts";
import type { WorkerPorts } from "./ports.ts";

/** All gating is read at most so often, however many runs are reported; a change may be noticed so much later. */
const KNOWN_FOR_MS = 5_000;

const known = new WeakMap<
  GatingStore,
  { targets: Promise<ReadonlySet<string>>; untilMs: number }
>();

/**
 * Whether a runbook of any service starts that action or workflow. What is gated is the action: it needs an approval on
 * whichever incident it runs.
 */
export async function isGatedAnywhere(
  { gating, clock }: Pick<WorkerPorts, "gating" | "clock">,
  targetId: string,
): Promise<boolean> {
  const nowMs = clock.now();
  let found = known.get(gating);
  if (found === undefined || nowMs >= found.untilMs) {
    found = { targets: targetsOf(gating), untilMs: nowMs + KNOWN_FOR_MS };
    known.set(gating, found);
  }
  try {
    return (await found.targets).has(targetId);
  } catch (error) {
    known.delete(gating);
    throw error;
  }
}

async function targetsOf(gating: GatingStore): Promise<ReadonlySet<string>> {
  const [{ services }, unlisted] = await Promise.all([
    gating.inForce(),
    // The defaults' runbooks are those of a service that is not listed.
    gating.find({ id: null, name: null }),
  ]);
  const all = [...services.map((one) => one.gating), unlisted.gating];
  return new Set(
    all.flatMap(({ runbooks }) =>
      Object.values(runbooks).flatMap(({ target }) => startedId(target) ?? []),
    ),
  );
}
