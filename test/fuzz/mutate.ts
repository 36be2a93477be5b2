import type { Dice } from "./dice.ts";

/** What a sender may write that nobody expects. As JSON, for some of it no value could hold. */
const HOSTILE: readonly string[] = [
  "null",
  "true",
  "false",
  "0",
  "-1",
  "-0",
  "3",
  "1e21",
  "1e999",
  "-1e999",
  "9007199254740993",
  "0.1",
  '""',
  '" "',
  '"approved"',
  '"REJECTED"',
  '"UNKNOWN"',
  '"incident.resolved"',
  '"payments-db"',
  '"failover"',
  '"__proto__"',
  '"constructor"',
  '"toString"',
  '"a\\u0000b"',
  '"a\\u202eb"',
  '"a\\nb"',
  '"a\\r\\nb"',
  '"\\ud800"',
  '"\\u2800"',
  '"../../proposals/x"',
  '"%2e%2e%2f"',
  '"2026-11-23T10:00:00Z"',
  '"9999-99-99T99:99:99Z"',
  '"NaN"',
  '"1e5"',
  '"PINC1"',
  '"Decision: approved"',
  "[]",
  "{}",
  '["a","b"]',
  '[null,[[]],{"a":[]}]',
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  '{"toString":1,"valueOf":2}',
  '{"toJSON":"x","length":1e9}',
  '{"then":"x"}',
  `"${"x".repeat(5_000)}"`,
  `"${"\\u202e".repeat(300)}"`,
  `"${"👩‍👩‍👧".repeat(200)}"`,
  `"${"9".repeat(400)}"`,
  "9".repeat(400),
  "[".repeat(12) + "]".repeat(12),
  "[".repeat(400) + "]".repeat(400),
  `{${Array.from({ length: 60 }, (_, i) => `"k${i}":${i}`).join(",")}}`,
];
const NAMES: readonly string[] = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "toJSON",
  "then",
  "length",
  "",
  " ",
  "max_replicas",
  "service",
  "status",
  "approvalId",
  "id",
  "incident_id",
  "event",
  "data",
  "type",
];
const PIECES: readonly string[] = [
  '"',
  "\\",
  "\\u",
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "\u0000",
  "\ufeff",
  "\u202e",
  "\ud83d",
  "v1=",
  "v1=,",
  " ",
  "null",
  "e999",
];

/** Marks where a value of another place stands until the text is written. */
const HOLE = "\u0001hole";
type Tree = Readonly<Record<string, unknown>> | readonly unknown[];

/** A text of JSON with one to four things changed, and now and then broken as a text as well. */
export function mutated(sample: unknown, dice: Dice): Buffer {
  let value = sample;
  const holes: string[] = [];
  for (let left = 1 + dice.below(4); left > 0; left -= 1) {
    value = changed(value, dice, holes);
  }
  let text = JSON.stringify(value) ?? "null";
  for (const hole of holes) {
    text = text.replace(JSON.stringify(HOLE), () => hole);
  }
  return dice.once(3) ? broken(text, dice) : Buffer.from(text);
}

/** Somewhere inside it. */
function changed(value: unknown, dice: Dice, holes: string[]): unknown {
  if (typeof value !== "object" || value === null || dice.once(6)) {
    return hostile(dice, holes);
  }
  const isList = Array.isArray(value);
  const entries = Object.entries(value as Tree);
  const at = entries.length === 0 ? -1 : dice.below(entries.length);
  const [name, inner] = entries[at] ?? ["", null];
  switch (dice.below(6)) {
    case 0:
      entries.splice(at, 1);
      break;
    case 1:
      entries.push([dice.pick(NAMES), hostile(dice, holes)]);
      break;
    case 2:
      entries.push([dice.pick(NAMES), inner]);
      break;
    case 3:
      entries[Math.max(at, 0)] = [name, [inner]];
      break;
    default:
      entries[Math.max(at, 0)] = [name, changed(inner, dice, holes)];
  }
  // Not `fromEntries`: a name such as `__proto__` has to be there as any other.
  return isList ? entries.map(([, one]) => one) : objectOf(entries);
}

function objectOf(entries: readonly (readonly [string, unknown])[]): object {
  const made: object = {};
  for (const [name, value] of entries) {
    Object.defineProperty(made, name, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return made;
}

function hostile(dice: Dice, holes: string[]): string {
  holes.push(dice.pick(HOSTILE));
  return HOLE;
}

/** Bytes lost, doubled, turned over or put in, as by a sender that writes no JSON. */
export function broken(text: string, dice: Dice): Buffer {
  const bytes = Buffer.from(text);
  const at = dice.below(bytes.length + 1);
  const length = dice.below(16);
  switch (dice.below(6)) {
    case 0:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 1:
      return bytes.subarray(0, at);
    case 2:
      return Buffer.concat([
        bytes.subarray(0, at),
        bytes.subarray(at, at + length),
        bytes.subarray(at),
      ]);
    case 3:
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from(dice.pick(PIECES)),
        bytes.subarray(at),
      ]);
    case 4:
      return Buffer.concat([bytes, Buffer.from(dice.pick(PIECES))]);
    default: {
      const turned = Buffer.from(bytes);
      if (turned.length > 0) {
        const where = at % turned.length;
        turned[where] = (turned[where] ?? 0) ^ (1 << dice.below(8));
      }
      return turned;
    }
  }
}
