import { z } from "zod";
import type { TableDefinition } from "../../../functions/aws/tableDefinition.ts";
import { awsError } from "../fakeAws.ts";
import type { AwsAnswer, AwsCall } from "../fakeAws.ts";
import { Context, placeholders, readCondition, readUpdate } from "./expressions.ts";
import type { Test } from "./expressions.ts";
import { Refusal, compared, invalid, item as itemShape, textOf } from "./values.ts";
import type { Item } from "./values.ts";

/*
 * Tables of DynamoDB in memory, by the words of AWS's developer guide and API reference and knowing nothing of the
 * gate: conditions, transactions that conflict with whatever writes the same item meanwhile, idempotent tokens, sparse indexes
 * that may lag behind, pages that end early, items that are too large. What it does not know it refuses.
 * Not modelled: capacity and throttling, TTL, streams, reserved words, access control.
 */

export interface ModelOptions {
  /** By name. */
  tables: Readonly<Record<string, TableDefinition>>;
  /** For how long a transaction is under way, in which it conflicts with other writes of its items. Defaults to no time. */
  underWay?: () => Promise<unknown>;
  /** A page of a query ends after so many items, however many are asked for. Defaults to 20. */
  page?: number;
}

const condition = placeholders.extend({ ConditionExpression: z.string().optional() });
const put = condition.extend({ TableName: z.string(), Item: itemShape });
const byKey = condition.extend({ TableName: z.string(), Key: itemShape });
const update = byKey.extend({ UpdateExpression: z.string() });
const asksForOld = z.object({
  ReturnValuesOnConditionCheckFailure: z.enum(["ALL_OLD", "NONE"]).optional(),
});
const transaction = z.object({
  TransactItems: z.array(
    z.strictObject({
      Put: put.optional(),
      Update: update.optional(),
      Delete: byKey.optional(),
      ConditionCheck: byKey.extend({ ConditionExpression: z.string() }).optional(),
    }),
  ),
  ClientRequestToken: z.string().optional(),
});
const query = placeholders.extend({
  TableName: z.string(),
  IndexName: z.string().optional(),
  KeyConditionExpression: z.string(),
  ScanIndexForward: z.boolean().optional(),
  Limit: z.number().int().min(1).optional(),
  ExclusiveStartKey: itemShape.optional(),
  ConsistentRead: z.boolean().optional(),
  Select: z.string().optional(),
});
const batch = z.object({
  RequestItems: z.record(
    z.string(),
    z.object({ Keys: z.array(itemShape), ConsistentRead: z.boolean().optional() }),
  ),
});
const found = z.object({
  TableName: z.string(),
  Key: itemShape,
  ConsistentRead: z.boolean().optional(),
});

const LARGEST_ITEM_BYTES = 400 * 1024;
/** So many keys of a batch are answered, the others are left unprocessed. */
const BATCH_ANSWERED = 30;

class Table {
  readonly definition: TableDefinition;
  readonly items = new Map<string, Item>();
  /** What indexes show, and every read that does not ask to be consistent. */
  indexed: ReadonlyMap<string, Item> = this.items;

  constructor(definition: TableDefinition) {
    this.definition = definition;
  }

  keyOf(key: Item): string {
    const { hashKey, rangeKey } = this.definition;
    const names = rangeKey === undefined ? [hashKey] : [hashKey, rangeKey];
    const isWhole = names.every((name) => this.isKeyValue(name, key[name] ?? {}));
    if (!isWhole || Object.keys(key).length !== names.length) {
      throw invalid("The provided key element does not match the schema");
    }
    return JSON.stringify(names.map((name) => key[name]));
  }

  /** Of the declared type, not empty, and not longer than a key may be. */
  isKeyValue(name: string, value: Item[string]): boolean {
    const declared = this.definition.attributes.find((one) => one.name === name)?.type;
    const text = textOf(value);
    const longest = name === this.definition.hashKey ? 2_048 : 1_024;
    return declared === "S"
      ? text !== null && text !== "" && Buffer.byteLength(text) <= longest
      : Object.keys(value).join() === "N";
  }

  assertFits(item: Item): void {
    // In JSON an item is larger than DynamoDB counts it.
    if (Buffer.byteLength(JSON.stringify(item)) > LARGEST_ITEM_BYTES * 1.4) {
      throw invalid("Item size has exceeded the maximum allowed size");
    }
    for (const index of this.definition.indexes) {
      for (const name of [index.hashKey, index.rangeKey]) {
        const value = name === undefined ? undefined : item[name];
        if (value !== undefined && !this.isKeyValue(name ?? "", value)) {
          throw invalid(`One or more parameter values are not valid: index key ${name}`);
        }
      }
    }
  }
}

/** One write that was read: which item, on what condition, and what it is then; null: it is removed; undefined: it stays. */
interface Write {
  table: Table;
  /** In its table. */
  key: string;
  /** Among all. */
  id: string;
  test: Test;
  change: (before: Item) => Item | null | undefined;
}

export class DynamoModel {
  readonly #options: ModelOptions;
  readonly #tables: ReadonlyMap<string, Table>;
  /** Items of transactions that are under way. */
  readonly #underWay = new Set<string>();
  readonly #tokens = new Map<string, string>();
  /** How often a write met a transaction that was under way. */
  conflicts = 0;

  constructor(options: ModelOptions) {
    this.#options = options;
    this.#tables = new Map(
      Object.entries(options.tables).map(([name, definition]) => [name, new Table(definition)]),
    );
  }

  /** Indexes, and reads that are not consistent, show what is there now until `catchUp`. */
  lag(): void {
    this.#tables.forEach((table) => (table.indexed = new Map(table.items)));
  }

  catchUp(): void {
    this.#tables.forEach((table) => (table.indexed = table.items));
  }

  /** The answer to a call of a client. */
  async answer({ operation, input }: AwsCall): Promise<AwsAnswer> {
    try {
      return { body: await this.#done(operation, input) };
    } catch (error) {
      if (error instanceof Refusal) {
        return awsError(`com.amazonaws.dynamodb.v20120810#${error.type}`, {
          message: error.message,
          ...error.facts,
        });
      }
      throw error;
    }
  }

  async #done(operation: string, input: unknown): Promise<Readonly<Record<string, unknown>>> {
    switch (operation) {
      case "GetItem": {
        const { TableName, Key, ConsistentRead: isConsistent } = found.parse(input);
        const table = this.#table(TableName);
        const shows = isConsistent === true ? table.items : table.indexed;
        const item = shows.get(table.keyOf(Key));
        return item === undefined ? {} : { Item: item };
      }
      case "Scan": {
        const { TableName } = found.pick({ TableName: true }).parse(input);
        return { Items: [...this.#table(TableName).items.values()] };
      }
      case "BatchGetItem":
        return this.#batchGet(batch.parse(input));
      case "Query":
        return this.#query(query.parse(input));
      case "PutItem":
        return this.#alone(this.#put(put.parse(input)), input);
      case "UpdateItem":
        return this.#alone(this.#update(update.parse(input)), input);
      case "DeleteItem":
        return this.#alone(this.#remove(byKey.parse(input)), input);
      case "TransactWriteItems":
        return this.#transact(transaction.parse(input));
      default:
        throw invalid(`the model does not know ${operation}`);
    }
  }

  #table(name: string): Table {
    const table = this.#tables.get(name);
    if (table === undefined) {
      throw new Refusal("ResourceNotFoundException", "Requested resource not found");
    }
    return table;
  }

  // --- writes ---------------------------------------------------------------------------------------------------

  #alone(write: Write, input: unknown): Readonly<Record<string, unknown>> {
    if (this.#underWay.has(write.id)) {
      this.conflicts += 1;
      throw new Refusal("TransactionConflictException", "Transaction is ongoing for the item");
    }
    const before = write.table.items.get(write.key);
    if (!write.test(before ?? {})) {
      const asked = asksForOld.parse(input).ReturnValuesOnConditionCheckFailure === "ALL_OLD";
      throw new Refusal(
        "ConditionalCheckFailedException",
        "The conditional request failed",
        asked && before !== undefined ? { Item: before } : {},
      );
    }
    this.#apply(write);
    return {};
  }

  async #transact({
    TransactItems: parts,
    ClientRequestToken: token,
  }: z.output<typeof transaction>): Promise<Readonly<Record<string, unknown>>> {
    if (parts.length < 1 || parts.length > 100) {
      throw invalid("Member must have length less than or equal to 100");
    }
    const asked = JSON.stringify(parts);
    const known = token === undefined ? undefined : this.#tokens.get(token);
    if (known !== undefined) {
      if (known !== asked) {
        throw new Refusal("IdempotentParameterMismatchException", "another request had this token");
      }
      return {};
    }
    const writes = parts.map((part) => this.#partOf(part));
    const ids = writes.map(({ id }) => id);
    if (new Set(ids).size < ids.length) {
      throw invalid("Transaction request cannot include multiple operations on one item");
    }
    this.#cancelUnless(ids, (id) => !this.#underWay.has(id), "TransactionConflict");
    ids.forEach((id) => this.#underWay.add(id));
    try {
      await this.#options.underWay?.();
      this.#cancelUnless(
        writes,
        ({ table, key, test }) => test(table.items.get(key) ?? {}),
        "ConditionalCheckFailed",
      );
      writes.forEach((write) => this.#apply(write));
    } finally {
      ids.forEach((id) => this.#underWay.delete(id));
    }
    if (token !== undefined) {
      this.#tokens.set(token, asked);
    }
    return {};
  }

  #cancelUnless<T>(parts: readonly T[], holds: (part: T) => boolean, code: string): void {
    const reasons = parts.map((part) => ({ Code: holds(part) ? "None" : code }));
    if (reasons.every(({ Code }) => Code === "None")) {
      return;
    }
    this.conflicts += code === "TransactionConflict" ? 1 : 0;
    throw new Refusal(
      "TransactionCanceledException",
      `Transaction cancelled [${reasons.map(({ Code }) => Code).join(", ")}]`,
      { CancellationReasons: reasons },
    );
  }

  #partOf(part: z.output<typeof transaction>["TransactItems"][number]): Write {
    const { Put, Update, Delete, ConditionCheck } = part;
    const writes = [
      ...(Put === undefined ? [] : [this.#put(Put)]),
      ...(Update === undefined ? [] : [this.#update(Update)]),
      ...(Delete === undefined ? [] : [this.#remove(Delete)]),
      ...(ConditionCheck === undefined ? [] : [this.#check(ConditionCheck)]),
    ];
    const [write] = writes;
    if (write === undefined || writes.length > 1) {
      throw invalid("TransactItems can only contain one of Check, Put, Update or Delete");
    }
    return write;
  }

  #put(asked: z.output<typeof put>): Write {
    const context = new Context(asked);
    const test = this.#test(asked, context);
    context.assertAllUsed();
    const { Item: next } = asked;
    const table = this.#table(asked.TableName);
    const { hashKey, rangeKey } = table.definition;
    const key = Object.fromEntries(
      Object.entries(next).filter(([name]) => name === hashKey || name === rangeKey),
    );
    return { ...this.#place(asked.TableName, key), test, change: () => next };
  }

  #update(asked: z.output<typeof update>): Write {
    const context = new Context(asked);
    const test = this.#test(asked, context);
    const change = readUpdate(asked.UpdateExpression, context);
    context.assertAllUsed();
    return {
      ...this.#place(asked.TableName, asked.Key),
      test,
      change: (before) => change({ ...before, ...asked.Key }),
    };
  }

  #remove(asked: z.output<typeof byKey>): Write {
    return { ...this.#check(asked), change: () => null };
  }

  #check(asked: z.output<typeof byKey>): Write {
    const context = new Context(asked);
    const test = this.#test(asked, context);
    context.assertAllUsed();
    return { ...this.#place(asked.TableName, asked.Key), test, change: () => undefined };
  }

  #test({ ConditionExpression: text }: z.output<typeof condition>, context: Context): Test {
    return text === undefined ? () => true : readCondition(text, context);
  }

  #place(name: string, item: Item): Pick<Write, "table" | "key" | "id"> {
    const table = this.#table(name);
    const key = table.keyOf(item);
    return { table, key, id: `${name} ${key}` };
  }

  #apply({ table, key, change }: Write): void {
    const next = change(table.items.get(key) ?? {});
    if (next === null) {
      table.items.delete(key);
    } else if (next !== undefined) {
      table.assertFits(next);
      table.items.set(key, next);
    }
  }

  // --- reads ----------------------------------------------------------------------------------------------------

  #batchGet({ RequestItems: asked }: z.output<typeof batch>): Readonly<Record<string, unknown>> {
    const [name = "", ...others] = Object.keys(asked);
    const table = this.#table(name);
    const { Keys: keys = [], ...how } = asked[name] ?? { Keys: [] };
    if (others.length > 0) {
      throw invalid("the model reads batches of one table only");
    }
    if (keys.length < 1 || keys.length > 100) {
      throw invalid("Too many items requested for the BatchGetItem call");
    }
    const wanted = keys.map((key) => table.keyOf(key));
    if (new Set(wanted).size < wanted.length) {
      throw invalid("Provided list of item keys contains duplicates");
    }
    const shows = how.ConsistentRead === true ? table.items : table.indexed;
    const items = wanted.slice(0, BATCH_ANSWERED).flatMap((key) => shows.get(key) ?? []);
    const left = keys.slice(BATCH_ANSWERED);
    return {
      // In no particular order.
      Responses: { [name]: items.toReversed() },
      UnprocessedKeys: left.length === 0 ? {} : { [name]: { ...how, Keys: left } },
    };
  }

  #query(asked: z.output<typeof query>): Readonly<Record<string, unknown>> {
    const { page = 20 } = this.#options;
    const table = this.#table(asked.TableName);
    const { definition } = table;
    const index =
      asked.IndexName === undefined
        ? null
        : definition.indexes.find(({ name }) => name === asked.IndexName);
    if (index === undefined) {
      throw invalid(`The table does not have the specified index: ${asked.IndexName}`);
    }
    if (index !== null && asked.ConsistentRead === true) {
      throw invalid("Consistent reads are not supported on global secondary indexes");
    }
    const { hashKey, rangeKey } = index ?? definition;
    const context = new Context(asked);
    const test = readCondition(asked.KeyConditionExpression, context);
    context.assertAllUsed();
    const isForward = asked.ScanIndexForward ?? true;
    const order = (a: Item, b: Item): number => {
      const names = [rangeKey, definition.hashKey, definition.rangeKey];
      const differences = names.map((name) =>
        name === undefined ? 0 : (compared(a[name] ?? {}, b[name] ?? {}) ?? 0),
      );
      return (isForward ? 1 : -1) * (differences.find((difference) => difference !== 0) ?? 0);
    };
    const from = asked.ExclusiveStartKey;
    const all = [...(asked.ConsistentRead === true ? table.items : table.indexed).values()]
      .filter((one) => [hashKey, rangeKey].every((name) => name === undefined || name in one))
      .filter(test)
      .sort(order)
      .filter((one) => from === undefined || order(one, from) > 0);
    const size = Math.min(asked.Limit ?? Infinity, page);
    const items = all.slice(0, size).map((one) => shown(one, definition, index));
    const last = items.at(-1);
    // As on AWS, a page that is full says that there may be more, also where there is none.
    const isFull = items.length === size && last !== undefined;
    return {
      Count: items.length,
      ...(asked.Select === "COUNT" ? {} : { Items: items }),
      ...(isFull ? { LastEvaluatedKey: positionOf(last, definition, index) } : {}),
    };
  }
}

type Index = TableDefinition["indexes"][number];

function shown(one: Item, definition: TableDefinition, index: Index | null): Item {
  return index?.projection === "KEYS_ONLY" ? positionOf(one, definition, index) : one;
}

function positionOf(one: Item, definition: TableDefinition, index: Index | null): Item {
  const names = [definition.hashKey, definition.rangeKey, index?.hashKey, index?.rangeKey];
  return Object.fromEntries(Object.entries(one).filter(([name]) => names.includes(name)));
}
