import * as z from "zod";
import type { Holder, SaveOptions } from "../gate/ports/index.ts";
import type { DynamoTable, Write } from "./dynamoTable.ts";
import { goneAfter, holdKey } from "./ledgerItems.ts";

/** Has a key alone, unless another proposal has it at that time. */
export function haveWrite(key: string, proposalId: string, atMs: number): Write {
  return {
    update: holdKey(key),
    expression: "SET proposalId = :id REMOVE untilMs, expiresAt",
    values: { ":id": proposalId },
    condition: {
      expression: "attribute_not_exists(proposalId) OR proposalId = :id OR untilMs <= :at",
      values: { ":at": atMs },
    },
  };
}

/** Only for those that are this proposal's: another's stays as it is. */
export async function letGoWrites(
  table: DynamoTable,
  proposalId: string,
  letGo: SaveOptions["letGo"],
): Promise<Write[]> {
  const given = [...new Map(letGo?.map((one) => [one.key, one])).values()];
  const holders = await Promise.all(given.map(({ key }) => holderOf(table, key)));
  const own = given.filter((_, i) => holders[i]?.proposalId === proposalId);
  const condition = { expression: "proposalId = :id", values: { ":id": proposalId } };
  return own.map(({ key, untilMs }) =>
    untilMs === null
      ? { remove: holdKey(key), condition }
      : {
          update: holdKey(key),
          expression: "SET untilMs = :until, expiresAt = :expiresAt",
          values: { ":until": untilMs, ":expiresAt": goneAfter(untilMs).expiresAt },
          condition,
        },
  );
}

export async function holderOf(table: DynamoTable, key: string): Promise<Holder | null> {
  const item = await table.get(holdKey(key));
  if (item === null) {
    return null;
  }
  const { proposalId, untilMs } = holderShape.parse(item);
  return { proposalId, untilMs: untilMs ?? null };
}

const holderShape = z.object({ proposalId: z.string(), untilMs: z.number().nullish() });
