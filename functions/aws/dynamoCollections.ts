import * as z from "zod";
import type { Collection, SaveOptions } from "../gate/ports/index.ts";
import { ABSENT } from "./dynamoTable.ts";
import type { DynamoTable, Write } from "./dynamoTable.ts";
import { collectionKey } from "./ledgerItems.ts";

/** `count` is a word of DynamoDB's own. */
const shape = z.object({ generation: z.number(), incidentId: z.string(), counted: z.number() });

export async function collectionOf(table: DynamoTable, key: string): Promise<Collection | null> {
  const item = await table.get(collectionKey(key));
  if (item === null) {
    return null;
  }
  const { counted, ...rest } = shape.parse(item);
  return { ...rest, count: counted };
}

/** Holds only where the collection is as it was seen. */
export function collectWrite({ key, before, next }: NonNullable<SaveOptions["collect"]>): Write {
  const { count, ...rest } = next;
  return {
    put: { ...collectionKey(key), ...rest, counted: count },
    condition:
      before === null
        ? ABSENT
        : {
            expression: "generation = :generation AND counted = :counted",
            values: { ":generation": before.generation, ":counted": before.count },
          },
  };
}
