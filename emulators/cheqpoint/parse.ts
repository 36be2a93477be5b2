import { z } from "zod";

/** Input that cannot be accepted; its message is safe to send to the caller. */
export class InvalidInput extends Error {
  override readonly name = "InvalidInput";
}

/** A plain JSON object. */
export type JsonObject = Record<string, unknown>;

export const jsonObject = z.record(z.string(), z.unknown(), { error: must("be an object") });
export const text = z.string({ error: must("be a string") }).min(1, "must not be empty");
export const flag = z.boolean({ error: must("be true or false") });

/** An integer from `min` to `max`. */
export function integer(min: number, max = Number.MAX_SAFE_INTEGER): z.ZodInt {
  const error = must(
    max === Number.MAX_SAFE_INTEGER
      ? `be an integer of at least ${min}`
      : `be an integer from ${min} to ${max}`,
  );
  return z.int({ error }).min(min, { error }).max(max, { error });
}

/** One of the given words. */
export function oneOf<const T extends readonly [string, ...string[]]>(words: T) {
  return z.enum(words, { error: must(`be one of ${words.map((w) => `"${w}"`).join(", ")}`) });
}

/** An http(s) address; the message does not repeat it, because callback paths carry secrets. */
export const httpUrl = text.refine((value) => isHttpUrl(value), {
  error: "must be an absolute http or https URL",
});

/** A zod error message that tells what is allowed and what was found. */
export function must(rule: string): (issue: { input?: unknown }) => string {
  return ({ input }) =>
    input === undefined ? "is required" : `must ${rule}, got ${describe(input)}`;
}

/** Parses `body` as JSON and by `schema`; throws {@link InvalidInput} naming the first bad field. */
export function parseBody<T>(schema: z.ZodType<T>, body: string): T {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new InvalidInput("The body is not valid JSON.");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new InvalidInput(`The body must be a JSON object, got ${describe(value)}.`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  if (issue === undefined) throw new InvalidInput("The body is not acceptable.");
  if (issue.code === "unrecognized_keys") {
    throw new InvalidInput(`\`${issue.keys[0] ?? ""}\` is not a known field.`);
  }
  const path = issue.path.map(String).join(".");
  throw new InvalidInput(path === "" ? `${issue.message}.` : `\`${path}\` ${issue.message}.`);
}

/** JSON with sorted keys, so that equal content gives equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

function describe(input: unknown): string {
  if (input === null) return "null";
  if (Array.isArray(input)) return "an array";
  if (typeof input === "number" || typeof input === "boolean") return String(input);
  if (typeof input === "string") return "a string";
  return "an object";
}

function isHttpUrl(value: string): boolean {
  return URL.canParse(value) && ["http:", "https:"].includes(new URL(value).protocol);
}
