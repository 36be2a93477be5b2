import * as z from "zod";
import { alternatives } from "./show.ts";
import { DurationError, parseDuration } from "../../text/duration.ts";

/**
 * Builders for the leaves of the gating schema. Each says in its error what is allowed and leaves
 * it to the reader to name the place and what was found. What a refinement checks is told to
 * editors through `meta`, because JSON Schema cannot see into a function.
 */

/** Text that `pattern` accepts. */
export function text(must: string, pattern: RegExp) {
  return z
    .string({ error: (issue) => (isScalar(issue.input) ? `${must}, written in quotes` : must) })
    .refine((value) => pattern.test(value), { error: must })
    .meta({ pattern: pattern.source });
}

/** Text of 1 to `max` characters. */
export function prose(max: number) {
  const must = `must be text of 1 to ${max} characters`;
  return z
    .string({ error: (issue) => (isScalar(issue.input) ? `${must}, written in quotes` : must) })
    .refine((value) => value.trim() !== "" && value.length <= max, { error: must })
    .meta({ minLength: 1, maxLength: max });
}

/** A PagerDuty id. */
export function pagerDutyId(what: string, example: string) {
  return text(
    `must be the PagerDuty id of ${what} such as "${example}" (capital letters and digits)`,
    /^[A-Z0-9]{1,64}$/,
  );
}

/** A duration between two durations. */
export function duration(min: string, max: string) {
  const low = parseDuration(min);
  const high = parseDuration(max);
  const range = `must be between ${min} and ${max}`;
  const form = `must be a duration such as "5m" between ${min} and ${max}`;
  return z
    .string({ error: form })
    .refine((value) => isBetween(value, low, high), {
      error: (issue) => (durationOf(issue.input) === null ? form : range),
    })
    .meta({ pattern: "^(?=.)(\\d+d)?(\\d+h)?(\\d+m)?(\\d+s)?$" });
}

/** A number between two numbers, both included. */
export function numberBetween(min: number, max: number) {
  const must = `must be a number between ${min} and ${max}`;
  return z
    .number({ error: (issue) => unquoted(must, issue.input) })
    .refine((value) => value >= min && value <= max, { error: must })
    .meta({ minimum: min, maximum: max });
}

/** A whole number between two whole numbers, both included. */
export function integerBetween(min: number, max: number) {
  const must = `must be a whole number between ${min} and ${max}`;
  return z
    .number({ error: (issue) => unquoted(must, issue.input) })
    .refine((value) => Number.isInteger(value) && value >= min && value <= max, { error: must })
    .meta({ type: "integer", minimum: min, maximum: max });
}

/**
 * An object with no other keys than these. For an unknown key the error is the list of the known
 * ones, from which the reader makes a sentence.
 */
export function strict<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
  must = "must be an object",
) {
  const known = Object.keys(shape).join(", ");
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? known : must),
  });
}

/** Whether `value` can be looked into by key. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** true or false. */
export function flag() {
  return z.boolean({ error: (issue) => unquoted("must be true or false", issue.input) });
}

/** One of a few words. */
export function oneOf<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words, { error: `must be ${alternatives(words)}` });
}

/** One value, or a list of 1 to `max` of them. */
export function oneOrMany<Item extends z.ZodType>(item: Item, max = 100) {
  return z.union([item, list(item, max)]);
}

/** A list of 1 to `max` values. */
export function list<Item extends z.ZodType>(item: Item, max = 100) {
  return z
    .array(item, { error: "must be a list" })
    .min(1, { error: "must hold at least one value or be left out" })
    .max(max, { error: `must hold at most ${max} values` });
}

/** Milliseconds of a written duration; null: it is none. */
export function durationOf(value: unknown): number | null {
  if (typeof value !== "string") return null;
  try {
    return parseDuration(value);
  } catch (error) {
    if (error instanceof DurationError) return null;
    throw error;
  }
}

function isBetween(value: string, low: number, high: number): boolean {
  const ms = durationOf(value);
  return ms !== null && ms >= low && ms <= high;
}

function isScalar(input: unknown): boolean {
  return typeof input === "number" || typeof input === "boolean";
}

function unquoted(must: string, input: unknown): string {
  return typeof input === "string" ? `${must}, written without quotes` : must;
}
