import * as z from "zod";
import { joinedNo } from "../gate/ledger/noes.ts";
import type { No, Seen } from "../gate/ports/index.ts";
import { gatingCheck } from "./dynamoGatingStore.ts";
import type { Item, Write } from "./dynamoTable.ts";
import { goneAfter, noKey, unchanged } from "./ledgerItems.ts";

/** Requires in a transaction that something is as it was seen: a part of the gating, or a human's no. */
export function seenCheck(seen: Seen, gatingTable: string | undefined): Write {
  const gating = gatingTable === undefined ? null : gatingCheck(gatingTable, seen);
  const { name, version } = seen;
  return gating ?? { check: noKey(name), condition: unchanged({ version: numberOrNull(version) }) };
}

const noShape = z.object({ atMs: z.number(), untilMs: z.number(), version: z.number() });

export function noOf(name: string, item: Item | null): { no: No | null; seen: Seen } {
  const kept = item === null ? null : noShape.parse(item);
  return {
    no: kept === null ? null : { atMs: kept.atMs, untilMs: kept.untilMs },
    seen: { name, version: kept === null ? null : String(kept.version) },
  };
}

/** Adds a no to what is kept, provided that it is still as it was read. */
export function noWrite(name: string, item: Item | null, added: No): Write {
  const { no, seen } = noOf(name, item);
  const version = numberOrNull(seen.version);
  const joined = joinedNo(no, added);
  return {
    put: {
      ...noKey(name),
      ...joined,
      version: (version ?? 0) + 1,
      ...goneAfter(Math.max(joined.atMs, joined.untilMs)),
    },
    condition: unchanged({ version }),
  };
}

function numberOrNull(version: string | null): number | null {
  return version === null ? null : Number(version);
}
