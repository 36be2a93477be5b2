import { createHash } from "node:crypto";

/** Deeper nesting than any document of the gate; keeps hostile input from exhausting the stack. */
const MAX_DEPTH = 200;

/**
 * JSON text that depends only on the value: keys in code-unit order, no white space. A property
 * that is undefined is left out; everything else that JSON cannot carry (NaN, Infinity, undefined
 * in a list, functions, dates, class instances, cycles) throws a TypeError, because a digest over a
 * value that was silently changed would vouch for something else.
 */
export function canonicalJson(value: unknown): string {
  return write(value, 0);
}

/** "sha256:" and the lower-case hex digest of the text's UTF-8 bytes. */
export function sha256(text: string): string {
  return `sha256:${createHash("sha256").update(text, "utf8").digest("hex")}`;
}

function write(value: unknown, depth: number): string {
  if (depth > MAX_DEPTH) {
    throw new TypeError(`canonical JSON must not be nested more than ${MAX_DEPTH} levels deep`);
  }
  if (value === null || typeof value === "boolean" || typeof value === "string") {
    return JSON.stringify(value);
  }
  if (typeof value === "number") {
    if (!Number.isFinite(value)) {
      throw new TypeError(`canonical JSON must not contain ${String(value)}`);
    }
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) {
    // Array.from visits the holes of a sparse list too, so that they are refused like undefined.
    return `[${Array.from(value, (item: unknown) => write(item, depth + 1)).join(",")}]`;
  }
  if (isPlainObject(value)) {
    // The default order is that of code units.
    let members = "";
    for (const key of Object.keys(value).sort()) {
      const member = value[key];
      if (member !== undefined) {
        members += `${members === "" ? "" : ","}${JSON.stringify(key)}:${write(member, depth + 1)}`;
      }
    }
    return `{${members}}`;
  }
  const kind = typeof value === "object" ? "an object that is not plain" : typeof value;
  throw new TypeError(`canonical JSON must not contain ${kind}`);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
