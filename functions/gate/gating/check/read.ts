import type { z } from "zod";
import { isRecord } from "../schema/fields.ts";
import type { Path, Report } from "./report.ts";
import { didYouMean, quote, show } from "../schema/show.ts";

/** What could be read of an object. */
export interface Reading<Fields> {
  /** The fields that are right; those that are wrong or absent are left out. */
  fields: Fields;
  /** The keys that are wrong. */
  broken: ReadonlySet<string>;
}

/**
 * A reader of one kind of object, which reports everything that is wrong with it. The fields that
 * are right are handed on all the same, so that one error does not hide another that lies across
 * fields; null: it is no object.
 */
export function reader<Shape extends z.core.$ZodShape>(schema: z.ZodObject<Shape, z.core.$strict>) {
  const partial = schema.partial();
  type Fields = z.output<typeof partial>;
  return (raw: unknown, at: Path, report: Report): Reading<Fields> | null => {
    const issues = schema.safeParse(raw).error?.issues ?? [];
    for (const finding of findings(issues, [])) {
      report.field([...at, ...finding.path], finding.text(valueAt(raw, finding.path)));
    }
    if (!isRecord(raw)) return null;
    const broken = new Set(
      issues.flatMap(({ path }) => (path.length > 0 ? [String(path[0])] : [])),
    );
    const right = Object.entries(raw).filter(
      ([key]) => Object.hasOwn(schema.shape, key) && !broken.has(key),
    );
    return { fields: partial.parse(Object.fromEntries(right)), broken };
  };
}

interface Finding {
  path: (string | number)[];
  text: (found: unknown) => string;
}

function findings(issues: readonly z.core.$ZodIssue[], base: readonly PropertyKey[]): Finding[] {
  return issues.flatMap((issue) => {
    const path = [...base, ...issue.path].map((key) =>
      typeof key === "number" ? key : String(key),
    );
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({
        path: [...path, key],
        text: () => unknownKey(key, issue.message.split(", ")),
      }));
    }
    if (issue.code === "invalid_union" && issue.message === "Invalid input") {
      return findings(branchMeant(issue.errors), path);
    }
    return [{ path, text: (found: unknown) => wrong(issue.message, found) }];
  });
}

/** Of a union of one value and a list of them, the branch that was meant: a list if it is one. */
function branchMeant(
  errors: readonly (readonly z.core.$ZodIssue[])[],
): readonly z.core.$ZodIssue[] {
  const [one = [], many = []] = errors;
  const isList = !many.some((issue) => issue.path.length === 0 && issue.code === "invalid_type");
  return isList ? many : one;
}

/** "must be …, got …", or that it is required where nothing was written. */
export function wrong(must: string, found: unknown): string {
  return found === undefined ? `is required and ${must}` : `${must}, got ${show(found)}`;
}

function unknownKey(key: string, known: readonly string[]): string {
  const list = known.map((name) => `\`${name}\``).join(", ");
  return `is not a known key${didYouMean(key, known)} (known: ${list})`;
}

/** A name that is none of `known`. */
export function unknownName(must: string, found: string, known: readonly string[]): string {
  const list = known.length === 0 ? "there is none" : known.map(quote).join(", ");
  return `${must} (${list}), got ${quote(found)}${didYouMean(found, known)}`;
}

function valueAt(raw: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((value, key) => {
    if (Array.isArray(value)) return typeof key === "number" ? value[key] : undefined;
    return isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  }, raw);
}
