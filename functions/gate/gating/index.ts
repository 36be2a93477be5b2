import { canonicalJson, sha256 } from "../text/canonical.ts";
import type { GatingDefaults, Runbook, ServiceGating } from "./schema/types.ts";

export { casesJsonSchema } from "./cases/caseSchema.ts";
export { CasesError, parseCases } from "./cases/readCases.ts";
export { runCase } from "./cases/runCase.ts";
export type { CaseResult } from "./cases/runCase.ts";
export { reached } from "./cases/coverage.ts";
export { GatingError } from "./check/errors.ts";
export { compileGating, offsets } from "./evaluate/compile.ts";
export type { Answered, CompiledGating } from "./evaluate/compile.ts";
export { evaluate, explainProposing, proposedRunbook, wouldPropose } from "./evaluate/evaluate.ts";
export { outlook } from "./evaluate/outlook.ts";
export type { OpenCondition, Outlook } from "./evaluate/outlook.ts";
export { eventClaims, eventScope, proposerNameProblem } from "./schema/eventProposals.ts";
export {
  eventType,
  isEventName,
  neededEvents,
  proposingEvents,
  subscribedEvents,
} from "./schema/events.ts";
export { gatingJsonSchema, stackJsonSchema } from "./schema/jsonSchema.ts";
export { checkParameters } from "./evaluate/parameters.ts";
export { parseGating, parseServiceGating } from "./check/parse.ts";
export { incidentAppearsWithinMs } from "./schema/normalise.ts";
export { detailKeys, reservedDetailKeys } from "./schema/reserved.ts";
export type { DetailKey } from "./schema/reserved.ts";
export { defaultProposerLimits, largestProposerLimits } from "./schema/proposerLimits.ts";
export {
  everyRuleByName,
  everyRuleInOrder,
  rulesByName,
  rulesInOrder,
} from "./schema/ruleOrder.ts";
export { closest } from "./schema/show.ts";
export { gatingForUnlisted } from "./schema/unlisted.ts";
export type { GatingInput, ServiceGatingInput } from "./schema/schema.ts";
export type * from "./schema/types.ts";
export { refuseUnheard } from "./check/unheard.ts";
export { gatingWarnings } from "./check/warnings.ts";

/** "sha256:…" of the gating; the order of keys does not matter, that of rules does. */
export function gatingHash(gating: ServiceGating): string {
  return sha256(canonicalJson(gating));
}

export function defaultsHash(defaults: GatingDefaults): string {
  return sha256(canonicalJson(defaults));
}

/** Of all gating together, by the hashes of its services and its defaults. */
export function gatingDigest(
  services: readonly { listedAs: string; hash: string }[],
  defaults: string,
): string {
  const hashes = Object.fromEntries(services.map(({ listedAs, hash }) => [listedAs, hash]));
  return sha256(canonicalJson({ services: hashes, defaults }));
}

/** The runbook of that name, which may come from outside: "constructor" is no runbook. */
export function findRunbook(gating: ServiceGating, name: string): Runbook | null {
  return Object.hasOwn(gating.runbooks, name) ? (gating.runbooks[name] ?? null) : null;
}
