import { canonicalJson, sha256 } from "../canonical.ts";
import type { GatingDefaults, Runbook, ServiceGating } from "./types.ts";

export { GatingError } from "./errors.ts";
export { evaluate, explainProposing, proposedRunbook } from "./evaluate.ts";
export { eventClaims, eventScope, proposerNameProblem } from "./eventProposals.ts";
export {
  eventType,
  isEventName,
  neededEvents,
  proposingEvents,
  subscribedEvents,
} from "./events.ts";
export { gatingJsonSchema, stackJsonSchema } from "./jsonSchema.ts";
export { checkParameters } from "./parameters.ts";
export { parseGating, parseServiceGating } from "./parse.ts";
export { detailKeys, reservedDetailKeys } from "./reserved.ts";
export type { DetailKey } from "./reserved.ts";
export { closest } from "./show.ts";
export type { GatingInput, ServiceGatingInput } from "./schema.ts";
export type * from "./types.ts";
export { refuseUnheard } from "./unheard.ts";

/** "sha256:…" of the gating; the order of keys does not matter, that of rules does. */
export function gatingHash(gating: ServiceGating): string {
  return sha256(canonicalJson(gating));
}

/** The gating of a service that is not listed: no rules, and only the runbooks of the defaults. */
export function gatingForUnlisted(defaults: GatingDefaults): ServiceGating {
  return {
    runbooks: defaults.runbooks,
    rules: [],
    otherwise: defaults.proposals,
    manualTask: defaults.manualTask,
  };
}

/** The runbook of that name, which may come from outside: "constructor" is no runbook. */
export function findRunbook(gating: ServiceGating, name: string): Runbook | null {
  return Object.hasOwn(gating.runbooks, name) ? (gating.runbooks[name] ?? null) : null;
}
