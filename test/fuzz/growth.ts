import type { Door } from "./doors.ts";
import { Dice } from "./dice.ts";
import { APPROVALS, CALLBACK, EVENTS, ORCHESTRATION, PROPOSAL } from "./corpus.ts";

/** What a sender may make long, as a text of about so many characters. */
const LONG: { readonly [shape: string]: (size: number) => unknown } = {
  "one text": (size) => "x".repeat(size),
  "hidden characters": (size) => "\u202e".repeat(size / 3),
  "emoji that are nearly whole": (size) => "👩\u200d".repeat(size / 8),
  spaces: (size) => " ".repeat(size),
  backslashes: (size) => "\\".repeat(size / 2),
  commas: (size) => ",".repeat(size),
  digits: (size) => "9".repeat(size),
  "line ends": (size) => "\r\n".repeat(size / 4),
  "a list": (size) => Array.from({ length: size / 4 }, () => "a"),
  "many names": (size) =>
    Object.fromEntries(Array.from({ length: size / 12 }, (_, i) => [`name${i}`, i])),
  "lists in lists": (size) =>
    Array.from({ length: Math.min(size / 2, 2_000) }).reduce<unknown>((inner) => [inner], 1),
};

/** Samples of a door, as they would be with something long in the place of each field. */
const SAMPLES: { readonly [door: string]: readonly object[] } = {
  event: EVENTS.slice(0, 5),
  "orchestration body": ORCHESTRATION.slice(0, 1),
  "proposal body": PROPOSAL.slice(0, 1),
  modifiedDetails: APPROVALS.slice(0, 1),
  callback: CALLBACK.slice(0, 1),
};

/** The largest that the routes of proposals take. */
export const SIZES = { small: 4_000, large: 60_000 };

export interface Growth {
  door: string;
  what: string;
  /** How much longer the large one takes. */
  ratio: number;
}

/** How the time grows with the size, for each thing that can be long. */
export async function growths(doors: readonly Door[]): Promise<Growth[]> {
  const found: Growth[] = [];
  for (const door of doors) {
    for (const [what, of] of [...texts(door.name)]) {
      const small = await costOf(door, of(SIZES.small));
      const large = await costOf(door, of(SIZES.large));
      found.push({ door: door.name, what, ratio: large / Math.max(small, 0.02) });
    }
  }
  return found;
}

function* texts(door: string): Generator<[string, (size: number) => Buffer]> {
  if (door === "signature") {
    yield ["commas", (size) => Buffer.from(",".repeat(size))];
    yield ["spaces", (size) => Buffer.from(" ".repeat(size))];
    yield ["signatures", (size) => Buffer.from(`v1=${"0".repeat(64)},`.repeat(size / 68))];
    yield ["one long signature", (size) => Buffer.from(`v1=${"0".repeat(size)}`)];
  }
  for (const [number, sample] of (SAMPLES[door] ?? []).entries()) {
    for (const path of pathsOf(sample)) {
      for (const [shape, make] of Object.entries(LONG)) {
        const what = `${shape} as ${path.join(".")} of sample ${number}`;
        yield [what, (size) => Buffer.from(JSON.stringify(put(sample, path, make(size))))];
      }
    }
  }
}

/** The names of all that is no object of its own, down to the third level. */
function pathsOf(value: unknown, above: readonly string[] = []): string[][] {
  if (typeof value !== "object" || value === null || Array.isArray(value) || above.length === 4) {
    return [[...above]];
  }
  return Object.entries(value).flatMap(([name, inner]) => pathsOf(inner, [...above, name]));
}

function put(value: unknown, [name, ...rest]: readonly string[], long: unknown): unknown {
  if (name === undefined) {
    return long;
  }
  const inner = typeof value === "object" && value !== null ? value : {};
  const before: unknown = Object.entries(inner).find(([key]) => key === name)?.[1];
  return { ...inner, [name]: put(before, rest, long) };
}

/** CPU milliseconds of one case, from as many as it takes to be measurable. What it is judged as does not matter here. */
async function costOf(door: Door, bytes: Buffer): Promise<number> {
  const dice = new Dice(1, 7);
  let times = 0;
  const before = process.cpuUsage();
  let spentMs = 0;
  while (spentMs < 3 && times < 200) {
    await door.knock(bytes, dice).catch(() => undefined);
    times += 1;
    const { user, system } = process.cpuUsage(before);
    spentMs = (user + system) / 1_000;
  }
  return spentMs / times;
}
