import { hiddenCharacter } from "../../text/printable.ts";
import { isRecord } from "../schema/fields.ts";
import { alternatives, didYouMean, show } from "../schema/show.ts";
import type { ParameterSpec, ParameterValue, Runbook } from "../schema/types.ts";

/** The parameters that a proposal carries, or everything that is wrong with what was passed. */
export type CheckedParameters =
  { ok: true; value: Record<string, ParameterValue> } | { ok: false; problems: string[] };

/**
 * Checks what a proposer passed against the runbook's parameters and fills in the defaults. What
 * the runbook does not know is refused.
 */
export function checkParameters(runbook: Runbook, input: unknown): CheckedParameters {
  const passed = input ?? {};
  if (!isRecord(passed)) {
    return { ok: false, problems: [`\`parameters\` must be an object, got ${show(passed)}`] };
  }
  const names = Object.keys(runbook.parameters);
  const problems = Object.keys(passed)
    .filter((name) => !Object.hasOwn(runbook.parameters, name))
    .map((name) => unknownParameter(runbook, name, names));
  const value: [string, ParameterValue][] = [];
  for (const [name, spec] of Object.entries(runbook.parameters)) {
    const given = Object.hasOwn(passed, name) ? passed[name] : undefined;
    const taken = given === undefined ? spec.default : given;
    if (taken === null && given === undefined) {
      if (spec.required) {
        problems.push(`\`parameters.${name}\` is required and must be ${described(spec)}`);
      }
    } else if (accepts(spec, taken)) {
      value.push([name, taken]);
    } else {
      problems.push(`\`parameters.${name}\` must be ${described(spec)}, got ${show(taken)}`);
    }
  }
  return problems.length > 0
    ? { ok: false, problems }
    : { ok: true, value: Object.fromEntries(value) };
}

/** Whether the value may be passed. */
export function accepts(spec: ParameterSpec, value: unknown): value is ParameterValue {
  return isOfType(spec, value) && (spec.enum === null || spec.enum.includes(value));
}

/** Whether the value is of the type and inside its limits, whatever `enum` says. */
export function isOfType(spec: ParameterSpec, value: unknown): value is ParameterValue {
  switch (spec.type) {
    case "boolean":
      return typeof value === "boolean";
    case "string":
      return (
        typeof value === "string" &&
        (spec.maxLength === null || value.length <= spec.maxLength) &&
        hiddenCharacter(value) === null
      );
    case "integer":
      return Number.isSafeInteger(value) && isInRange(spec, value);
    case "number":
      return Number.isFinite(value) && isInRange(spec, value);
  }
}

/** What is allowed, to stand after "must be". */
export function described(spec: ParameterSpec): string {
  if (spec.enum !== null) return alternatives(spec.enum.map((value) => show(value)));
  return describedType(spec);
}

/** What the type and its limits allow, to stand after "must be". */
export function describedType(spec: ParameterSpec): string {
  switch (spec.type) {
    case "boolean":
      return "true or false";
    case "string":
      return `text of at most ${spec.maxLength ?? 0} characters without invisible and control characters`;
    case "integer":
    case "number":
      return `a ${spec.type === "integer" ? "whole number" : "number"}${range(spec)}`;
  }
}

function range(spec: ParameterSpec): string {
  if (spec.minimum !== null && spec.maximum !== null) {
    return ` between ${spec.minimum} and ${spec.maximum}`;
  }
  if (spec.minimum !== null) return ` of at least ${spec.minimum}`;
  return spec.maximum !== null ? ` of at most ${spec.maximum}` : "";
}

function isInRange(spec: ParameterSpec, value: unknown): boolean {
  return (
    typeof value === "number" &&
    (spec.minimum === null || value >= spec.minimum) &&
    (spec.maximum === null || value <= spec.maximum)
  );
}

function unknownParameter(runbook: Runbook, name: string, names: readonly string[]): string {
  const known =
    names.length === 0
      ? "it takes none"
      : `it takes ${names.map((known) => `\`${known}\``).join(", ")}`;
  return `\`parameters\` of runbook \`${runbook.name}\` must not hold ${show(name)}: ${known}${didYouMean(name, names)}`;
}
