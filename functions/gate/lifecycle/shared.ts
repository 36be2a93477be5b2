import type { SaveOptions } from "../ports/index.ts";
import { sharedFields, sharedStart, type Shared } from "../proposal/shared.ts";
import type { Proposal } from "../proposal/proposal.ts";

/** As long as a run is followed: one of which nobody can tell whether it is over may read its fields until then. */
export const FIELDS_KEPT_MS = 24 * 3_600_000;
/** A request that was sent starts its run by then, whatever the clocks say. */
const START_KEPT_MS = 5 * 60_000;

type LetGo = NonNullable<SaveOptions["letGo"]>;

/** What this execution must have alone. */
export function sharedBy({ incident, weighing }: Proposal): Shared[] {
  return incident === null || weighing === null
    ? []
    : [
        ...sharedStart(incident.id, weighing.runbook),
        ...sharedFields(incident.id, weighing.runbook),
      ];
}

/** For the claim's write. */
export function holdAll(proposal: Proposal, atMs: number): SaveOptions {
  const keys = sharedBy(proposal).map(({ key }) => key);
  return keys.length === 0 ? {} : { hold: { keys, atMs } };
}

/** Once its own run is known by an id, that of another cannot be taken for it. */
export function letStartGo({ incident, weighing }: Proposal): LetGo {
  return incident === null || weighing?.runbook.target.kind !== "automationAction"
    ? []
    : sharedStart(incident.id, weighing.runbook).map(({ key }) => ({ key, untilMs: null }));
}

/** What an execution gives back when its proposal ends. */
export function letGoAtEnd(
  { incident, weighing, execution, outcome }: Proposal,
  nowMs: number,
): LetGo {
  if (incident === null || weighing === null || execution === null || outcome === null) {
    return [];
  }
  // A workflow that was accepted and whose end nobody told of may be under way.
  const isOver = outcome.kind !== "uncertain" && outcome.reason !== "accepted";
  const letGo = (shared: Shared[], keptMs: number): LetGo =>
    shared.map(({ key }) => ({ key, untilMs: isOver ? null : nowMs + keptMs }));
  return [
    ...letGo(sharedStart(incident.id, weighing.runbook), START_KEPT_MS),
    ...letGo(sharedFields(incident.id, weighing.runbook), FIELDS_KEPT_MS),
  ];
}

/** A run that was reported as over after its proposal ended leaves its fields to others. */
export function letFieldsGo({ incident, weighing }: Proposal): LetGo {
  return incident === null || weighing === null
    ? []
    : sharedFields(incident.id, weighing.runbook).map(({ key }) => ({ key, untilMs: null }));
}
