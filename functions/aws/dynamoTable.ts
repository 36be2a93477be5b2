import { setTimeout as sleep } from "node:timers/promises";
import {
  ConditionalCheckFailedException,
  TransactionCanceledException,
  TransactionConflictException,
} from "@aws-sdk/client-dynamodb";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  BatchGetCommand,
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
} from "@aws-sdk/lib-dynamodb";
import type { QueryCommandInput, TransactWriteCommandInput } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import type { Clock } from "../gate/ports/index.ts";

export type Item = Record<string, unknown>;
export interface Key {
  pk: string;
  sk: string;
}

/** One part of a transaction, without the table's name. */
export type Write =
  | { put: Item; condition?: Condition }
  | { update: Key; expression: string; condition?: Condition; names?: Names; values: Item }
  | { remove: Key; condition?: Condition }
  /** `table`: another one than the ledger's. */
  | { check: Key | { pk: string }; condition: Condition; table?: string };

export interface Condition {
  expression: string;
  names?: Names;
  values?: Item;
}

export type Names = Record<string, string>;

export const ABSENT: Condition = { expression: "attribute_not_exists(pk)" };

/** What the ledger needs of its table; everything is read strongly consistent except through an index. */
export interface DynamoTable {
  get(key: Key): Promise<Item | null>;
  getAll(keys: readonly Key[]): Promise<Item[]>;
  put(item: Item): Promise<void>;
  /** False when the key is taken. A repetition by the SDK, whose first answer was lost, still counts as new. */
  putNew(item: Item): Promise<boolean>;
  remove(key: Key): Promise<void>;
  /** Null when all was written; else which of the writes had a condition that failed, and nothing was written. */
  transact(writes: readonly Write[]): Promise<boolean[] | null>;
  query(input: Omit<QueryCommandInput, "TableName" | "Select">): AsyncGenerator<Item>;
}

/** Reasons to do a cancelled transaction again: another write was under way on the same item, or there was no capacity. */
const PASSING_REASONS = new Set([
  "TransactionConflict",
  "ThrottlingError",
  "ProvisionedThroughputExceeded",
]);
/** More than any time that is allowed takes; for a clock that stands still. */
const BUSY_ATTEMPTS = 500;
const LONGEST_PAUSE_MS = 100;
const BATCH = 100;

/**
 * `busyForMs`: how long a write that meets transactions under way is begun anew. The SDK repeats neither a transaction nor
 * a single write for that; and everything that runs checks the kill switch in its transaction, so that under load there
 * is nearly always one when the switch is to be thrown.
 */
export function dynamoTable(
  client: DynamoDBClient,
  tableName: string,
  { clock, busyForMs }: { clock: Clock; busyForMs: number },
): DynamoTable {
  const documents = DynamoDBDocumentClient.from(client);

  const untilFree = async <T>(
    write: () => Promise<T>,
    isBusy: (error: unknown) => boolean,
  ): Promise<T> => {
    const startedAtMs = clock.now();
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await write();
      } catch (error) {
        const isOver = attempt >= BUSY_ATTEMPTS || clock.now() - startedAtMs >= busyForMs;
        if (isOver || !isBusy(error)) {
          throw error;
        }
        await pause(attempt - 1);
      }
    }
  };
  const alone = <T>(write: () => Promise<T>): Promise<T> =>
    untilFree(write, (error) => error instanceof TransactionConflictException);

  return {
    async get(key) {
      if (!isPossible(key)) {
        return null;
      }
      const { Item: item } = await documents.send(
        new GetCommand({ TableName: tableName, Key: key, ConsistentRead: true }),
      );
      return item ?? null;
    },

    async getAll(keys) {
      const items: Item[] = [];
      let wanted: Key[] = [...keys];
      for (let round = 0; wanted.length > 0; round += 1) {
        const asked = wanted.slice(0, BATCH);
        const { Responses: found, UnprocessedKeys: left } = await documents.send(
          new BatchGetCommand({
            RequestItems: { [tableName]: { Keys: asked, ConsistentRead: true } },
          }),
        );
        items.push(...(found?.[tableName] ?? []));
        const again = (left?.[tableName]?.Keys ?? []).map((key) => keyOf(key));
        if (again.length > 0) {
          await pause(round);
        }
        wanted = [...again, ...wanted.slice(BATCH)];
      }
      return items;
    },

    async put(item) {
      await alone(() => documents.send(new PutCommand({ TableName: tableName, Item: item })));
    },

    async putNew(item) {
      const writer = crypto.randomUUID();
      try {
        await alone(() =>
          documents.send(
            new PutCommand({
              TableName: tableName,
              Item: { ...item, writer },
              ConditionExpression: ABSENT.expression,
              ReturnValuesOnConditionCheckFailure: "ALL_OLD",
            }),
          ),
        );
        return true;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) {
          return error.Item?.["writer"]?.S === writer;
        }
        throw error;
      }
    },

    async remove(key) {
      await alone(() => documents.send(new DeleteCommand({ TableName: tableName, Key: key })));
    },

    async transact(writes) {
      const items = writes.map((write) => transactItem(tableName, write));
      const codesOf = (error: TransactionCanceledException): string[] =>
        writes.map((_, i) => error.CancellationReasons?.[i]?.Code ?? "None");
      // What failed beside a passing reason may look different then, so that it is not taken for an answer.
      const isBusy = (error: unknown): boolean =>
        error instanceof TransactionCanceledException &&
        codesOf(error).some((code) => PASSING_REASONS.has(code));
      try {
        await untilFree(
          () => documents.send(new TransactWriteCommand({ TransactItems: items })),
          isBusy,
        );
        return null;
      } catch (error) {
        if (!(error instanceof TransactionCanceledException) || isBusy(error)) {
          throw error;
        }
        const failed = codesOf(error).map((code) => code === "ConditionalCheckFailed");
        if (!failed.includes(true)) {
          throw error;
        }
        return failed;
      }
    },

    async *query(input) {
      let from: Item | undefined;
      do {
        const { Items: items = [], LastEvaluatedKey: last } = await documents.send(
          new QueryCommand({
            ...input,
            TableName: tableName,
            ...(from === undefined ? {} : { ExclusiveStartKey: from }),
          }),
        );
        yield* items;
        from = last;
      } while (from !== undefined);
    },
  };
}

/** DynamoDB refuses longer keys, so that nothing can have one. */
const LONGEST_PK_BYTES = 2_048;
const LONGEST_SK_BYTES = 1_024;

export function isPossible({ pk, sk }: Key): boolean {
  return Buffer.byteLength(pk) <= LONGEST_PK_BYTES && Buffer.byteLength(sk) <= LONGEST_SK_BYTES;
}

const keyShape = z.object({ pk: z.string(), sk: z.string() });

export function keyOf(item: unknown): Key {
  return keyShape.parse(item);
}

/** The first `limit` items, or all. */
export async function collect<T>(items: AsyncGenerator<T>, limit = Infinity): Promise<T[]> {
  const found: T[] = [];
  if (limit > 0) {
    for await (const item of items) {
      found.push(item);
      if (found.length >= limit) {
        break;
      }
    }
  }
  return found;
}

/** Waits for a short, random time, longer with every round. */
export async function pause(round: number): Promise<void> {
  await sleep(Math.random() * Math.min(LONGEST_PAUSE_MS, 10 * 2 ** round));
}

type TransactItem = NonNullable<TransactWriteCommandInput["TransactItems"]>[number];

function transactItem(tableName: string, write: Write): TransactItem {
  const condition = conditionOf(write.condition);
  if ("put" in write) {
    return { Put: { TableName: tableName, Item: write.put, ...condition } };
  }
  if ("remove" in write) {
    return { Delete: { TableName: tableName, Key: write.remove, ...condition } };
  }
  if ("check" in write) {
    const { expression, names, values } = write.condition;
    return {
      ConditionCheck: {
        TableName: write.table ?? tableName,
        Key: write.check,
        ConditionExpression: expression,
        ...attributes(names, values),
      },
    };
  }
  return {
    Update: {
      TableName: tableName,
      Key: write.update,
      UpdateExpression: write.expression,
      ...conditionOf(write.condition),
      ...attributes(
        { ...write.names, ...write.condition?.names },
        { ...write.values, ...write.condition?.values },
      ),
    },
  };
}

function conditionOf(condition: Condition | undefined) {
  return condition === undefined
    ? {}
    : {
        ConditionExpression: condition.expression,
        ...attributes(condition.names, condition.values),
      };
}

function attributes(names: Names | undefined, values: Item | undefined) {
  return {
    ...(isEmpty(names) ? {} : { ExpressionAttributeNames: names }),
    ...(isEmpty(values) ? {} : { ExpressionAttributeValues: values }),
  };
}

function isEmpty(record: object | undefined): record is undefined {
  return record === undefined || Object.keys(record).length === 0;
}
