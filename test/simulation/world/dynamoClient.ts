import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  TransactionCanceledException,
  TransactionConflictException,
} from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import type { AwsAnswer, AwsCall } from "../../aws/fakeAws.ts";

type Ask = (call: AwsCall) => Promise<AwsAnswer>;
interface Sender {
  send(command: { input: object }): Promise<unknown>;
}

/** The document client that belongs to one of our clients. */
const documentsOf = new WeakMap<object, Sender>();
const { from } = DynamoDBDocumentClient;
DynamoDBDocumentClient.from = (client, translateConfig) => {
  const own = documentsOf.get(client);
  return own === undefined
    ? from.call(DynamoDBDocumentClient, client, translateConfig)
    : Object.assign(Object.create(DynamoDBDocumentClient.prototype) as DynamoDBDocumentClient, own);
};

let tokens = 0;

/**
 * A client without the SDK's own machinery, which takes far longer than what histories want to see of it. What it does is
 * done here: names of the operations, attribute values, errors of their classes, one token for each transaction.
 */
export function dynamoClientOf(ask: Ask): DynamoDBClient {
  const answerTo = async (command: { input: object }, isPlain: boolean): Promise<unknown> => {
    const operation = operationOf(command);
    const input: Record<string, unknown> = { ...(isPlain ? command.input : wired(command.input)) };
    if (operation === "TransactWriteItems") {
      input["ClientRequestToken"] ??= `token ${++tokens}`;
    }
    const { body } = await ask({ operation, input });
    if ("__type" in body) {
      throw errorOf(body);
    }
    return isPlain ? body : unwired(body);
  };
  const client = Object.assign(Object.create(DynamoDBClient.prototype) as DynamoDBClient, {
    send: (command: { input: object }) => answerTo(command, true),
  });
  documentsOf.set(client, { send: (command) => answerTo(command, false) });
  return client;
}

const OPERATIONS: Readonly<Record<string, string>> = {
  GetCommand: "GetItem",
  GetItemCommand: "GetItem",
  PutCommand: "PutItem",
  UpdateCommand: "UpdateItem",
  DeleteCommand: "DeleteItem",
  QueryCommand: "Query",
  ScanCommand: "Scan",
  BatchGetCommand: "BatchGetItem",
  TransactWriteCommand: "TransactWriteItems",
};

function operationOf(command: object): string {
  const { name } = command.constructor;
  const operation = OPERATIONS[name];
  if (operation === undefined) {
    throw new Error(`the simulation does not know ${name}`);
  }
  return operation;
}

const refusal = z.object({
  __type: z.string(),
  message: z.string(),
  Item: z.record(z.string(), z.unknown()).optional(),
  CancellationReasons: z.array(z.object({ Code: z.string() })).optional(),
});

function errorOf(body: unknown): Error {
  const { __type: type, message, Item, CancellationReasons } = refusal.parse(body);
  const facts = { message, $metadata: {} };
  switch (type.split("#").at(-1)) {
    case "ConditionalCheckFailedException":
      return Object.assign(new ConditionalCheckFailedException(facts), { Item });
    case "TransactionCanceledException":
      return Object.assign(new TransactionCanceledException(facts), { CancellationReasons });
    case "TransactionConflictException":
      return new TransactionConflictException(facts);
    default:
      return new Error(`${type}: ${message}`);
  }
}

/** Where attribute values stand in inputs; what is not named stays as it is. */
const MAPS = ["Item", "Key", "ExpressionAttributeValues", "ExclusiveStartKey"];

function wired(input: unknown): Record<string, unknown> {
  const entries = Object.entries(input as object).map(([name, value]: [string, unknown]) => {
    if (value === undefined) {
      return [name, value];
    }
    if (MAPS.includes(name)) {
      return [name, plainItem(value as object)];
    }
    if (name === "Keys" && Array.isArray(value)) {
      return [name, value.map((key: object) => plainItem(key))];
    }
    if (name === "TransactItems" && Array.isArray(value)) {
      return [name, value.map(wired)];
    }
    const isNested = ["Put", "Update", "Delete", "ConditionCheck", "RequestItems"].includes(name);
    const isTable = typeof value === "object" && value !== null && "Keys" in value;
    return [name, isNested || isTable ? wired(value) : value];
  });
  return Object.fromEntries(entries) as Record<string, unknown>;
}

/** An item as attribute values. */
export function plainItem(item: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(item).flatMap(([name, value]: [string, unknown]) =>
      value === undefined ? [] : [[name, attributeOf(value)]],
    ),
  );
}

function attributeOf(value: unknown): object {
  switch (typeof value) {
    case "string":
      return { S: value };
    case "number":
      return { N: String(value) };
    case "boolean":
      return { BOOL: value };
    default:
      if (value instanceof Uint8Array) {
        return { B: Buffer.from(value).toString("base64") };
      }
      return value === null
        ? { NULL: true }
        : Array.isArray(value)
          ? { L: value.map(attributeOf) }
          : { M: plainItem(value as object) };
  }
}

function unwired(body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const items = (list: unknown): unknown =>
    Array.isArray(list) ? list.map((one: object) => valuesOf(one)) : list;
  const tables = (value: unknown, of: (one: unknown) => unknown): unknown =>
    Object.fromEntries(
      Object.entries(value ?? {}).map(([name, one]: [string, unknown]) => [name, of(one)]),
    );
  return {
    ...body,
    ...("Item" in body ? { Item: valuesOf(body["Item"] as object) } : {}),
    ...("Items" in body ? { Items: items(body["Items"]) } : {}),
    ...("LastEvaluatedKey" in body
      ? { LastEvaluatedKey: valuesOf(body["LastEvaluatedKey"] as object) }
      : {}),
    ...("Responses" in body ? { Responses: tables(body["Responses"], items) } : {}),
    ...("UnprocessedKeys" in body
      ? {
          UnprocessedKeys: tables(body["UnprocessedKeys"], (one) => ({
            ...(one as object),
            Keys: items((one as { Keys: unknown }).Keys),
          })),
        }
      : {}),
  };
}

function valuesOf(item: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(item).map(([name, value]: [string, object]) => [name, valueOf(value)]),
  );
}

function valueOf(attribute: object): unknown {
  const [[kind, value] = ["", null]] = Object.entries(attribute) as [string, unknown][];
  switch (kind) {
    case "N":
      return Number(value);
    case "NULL":
      return null;
    case "B":
      return new Uint8Array(Buffer.from(value as string, "base64"));
    case "L":
      return (value as object[]).map(valueOf);
    case "M":
      return valuesOf(value as object);
    default:
      return value;
  }
}
