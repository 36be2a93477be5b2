import * as z from "zod";
import type { SaveOptions } from "../gate/ports/index.ts";
import { ABSENT } from "./dynamoTable.ts";
import type { Condition, DynamoTable, Item, Write } from "./dynamoTable.ts";
import { brakeKey, goneAfter } from "./ledgerItems.ts";

/** Who has a place at a brake, and until when; `revision` rises with every write. */
const brakeShape = z.object({
  revision: z.number(),
  taken: z.record(z.string(), z.number().nullable()),
});

type Brake = z.output<typeof brakeShape>;

/** Holds for no item: tells of a full brake in its turn, after the other guards of the same transaction. */
const NEVER: Condition = {
  expression: "attribute_exists(pk) AND attribute_not_exists(pk)",
};

/** Until when each place at that brake is taken, of those that are at that time. */
export async function placesAt(
  table: DynamoTable,
  key: string,
  atMs: number,
): Promise<(number | null)[]> {
  return Object.values((await brakeAt(table, key))?.taken ?? {}).filter((untilMs) =>
    isTaken(untilMs, atMs),
  );
}

/** The writes that take and give back places; null: a brake is full. They hold only for what was read here. */
export async function placeWrites(
  table: DynamoTable,
  proposalId: string,
  { reserve = [], giveBack = [] }: Pick<SaveOptions, "reserve" | "giveBack">,
): Promise<{ writes: Write[]; full: Write | null }> {
  const writes: Write[] = [];
  let full: Write | null = null;
  for (const { key, limit, atMs, untilMs } of reserve) {
    const before = await brakeAt(table, key);
    const taken = Object.fromEntries(
      Object.entries(before?.taken ?? {}).filter(([, until]) => isTaken(until, atMs)),
    );
    if (Object.hasOwn(taken, proposalId)) {
      continue;
    }
    if (Object.keys(taken).length >= limit) {
      full ??= { check: brakeKey(key), condition: NEVER };
      continue;
    }
    writes.push(brakeWrite(key, before, { ...taken, [proposalId]: untilMs }));
  }
  for (const key of new Set(giveBack)) {
    const before = await brakeAt(table, key);
    if (before !== null && Object.hasOwn(before.taken, proposalId)) {
      const { [proposalId]: _own, ...taken } = before.taken;
      writes.push(brakeWrite(key, before, taken));
    }
  }
  return { writes, full };
}

function isTaken(untilMs: number | null, atMs: number): boolean {
  return untilMs === null || untilMs > atMs;
}

async function brakeAt(table: DynamoTable, key: string): Promise<Brake | null> {
  const item = await table.get(brakeKey(key));
  return item === null ? null : brakeShape.parse(item);
}

function brakeWrite(key: string, before: Brake | null, taken: Brake["taken"]): Write {
  const condition: Condition =
    before === null
      ? ABSENT
      : { expression: "revision = :before", values: { ":before": before.revision } };
  const untils = Object.values(taken);
  if (untils.length === 0 && before !== null) {
    return { remove: brakeKey(key), condition };
  }
  return {
    put: {
      ...brakeKey(key),
      revision: (before?.revision ?? 0) + 1,
      taken,
      ...expiryOf(untils),
    },
    condition,
  };
}

/** A place that has to be given back keeps the item. */
function expiryOf(untils: readonly (number | null)[]): Item {
  const times = untils.filter((untilMs) => untilMs !== null);
  return times.length < untils.length || times.length === 0 ? {} : goneAfter(Math.max(...times));
}
