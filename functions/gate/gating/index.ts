import { canonicalJson, sha256 } from "../canonical.ts";
import type {
  Evaluation,
  Gating,
  GatingDefaults,
  ParameterValue,
  Runbook,
  ServiceGating,
  Subject,
  TraceEntry,
} from "./types.ts";

export { GatingError } from "./errors.ts";
export type { Problem } from "./errors.ts";
export { incidentEvents } from "./events.ts";
export { reservedDetailKeys } from "./reserved.ts";
export type { GatingInput, ServiceGatingInput } from "./schema.ts";
export type * from "./types.ts";

export function parseGating(_input: unknown): Gating {
  throw new Error("not implemented");
}
export function parseServiceGating(_service: string, _input: unknown): ServiceGating {
  throw new Error("not implemented");
}
export function evaluate(_gating: ServiceGating, _subject: Subject): Evaluation {
  throw new Error("not implemented");
}
export function proposedRunbook(
  _gating: ServiceGating,
  _event: Omit<Subject, "action" | "runbook">,
): { runbook: string; rule: string; trace: TraceEntry[] } | null {
  throw new Error("not implemented");
}
export function gatingHash(gating: ServiceGating): string {
  return sha256(canonicalJson(gating));
}
export function gatingForUnlisted(_defaults: GatingDefaults): ServiceGating {
  throw new Error("not implemented");
}
/** The runbook of that name; safe for names that come from outside. */
export function findRunbook(gating: ServiceGating, name: string): Runbook | null {
  return Object.hasOwn(gating.runbooks, name) ? (gating.runbooks[name] ?? null) : null;
}
export function checkParameters(
  _runbook: Runbook,
  _input: unknown,
): { ok: true; value: Record<string, ParameterValue> } | { ok: false; problems: string[] } {
  throw new Error("not implemented");
}
export function gatingJsonSchema(): object {
  throw new Error("not implemented");
}
