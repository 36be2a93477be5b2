import { cut } from "./cut.ts";
import { spelledOut } from "./printable.ts";

/** What a JSON text says; `problem` goes on after "the body". */
export type ReadJson = { ok: true; value: unknown } | { ok: false; problem: string };

const DEEPEST = 100;
const LONGEST_KEY = 60;

/** Text of these bytes; null: they are not UTF-8. What stands for a broken byte would be another text than was sent. */
export function utf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/**
 * Reads a JSON text that has one meaning. Of a key that stands twice in an object one reader takes the first and another
 * the last. Takes time in proportion to the text, whatever it says.
 */
export function readJson(text: string, deepest = DEEPEST): ReadJson {
  // Told from the text, before anything walks through what it says.
  if (depthOf(text) > deepest) {
    return { ok: false, problem: `must not be nested more than ${deepest} levels deep` };
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, problem: "is not JSON" };
  }
  const twice = keyTwice(text);
  return twice === null
    ? { ok: true, value }
    : {
        ok: false,
        problem: `must have each key of an object once, got \`${cut(spelledOut(twice), LONGEST_KEY)}\` twice`,
      };
}

/** Reads the bytes of a body. */
export function readJsonBytes(bytes: Uint8Array, deepest = DEEPEST): ReadJson {
  const text = utf8(bytes);
  return text === null ? { ok: false, problem: NOT_UTF8 } : readJson(text, deepest);
}

export const NOT_UTF8 = "must be UTF-8, and is not";

/** The texts and brackets of a JSON text, in their order: all that its keys and its depth are told from. */
const TOKENS = /"(?:[^"\\]|\\.)*"?|[[\]{}]/gs;

function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === "{" || token === "[") {
      depth += 1;
      deepest = Math.max(deepest, depth);
    } else if (token === "}" || token === "]") {
      depth -= 1;
    }
  }
  return deepest;
}

const KEY_ENDS = /\s*:/y;

/** The first key that stands twice in one object of a text that is JSON; null: none does. */
function keyTwice(text: string): string | null {
  const open: Set<string>[] = [];
  for (const { 0: token, index } of text.matchAll(TOKENS)) {
    if (token === "{" || token === "[") {
      open.push(new Set());
    } else if (token === "}" || token === "]") {
      open.pop();
    } else {
      KEY_ENDS.lastIndex = index + token.length;
      if (KEY_ENDS.test(text)) {
        const key = String(JSON.parse(token));
        const keys = open.at(-1);
        if (keys?.has(key) === true) {
          return key;
        }
        keys?.add(key);
      }
    }
  }
  return null;
}
