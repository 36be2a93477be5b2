import assert from "node:assert/strict";
import { z } from "zod";

/** One thing that a function did, as IAM sees it. */
export interface Use {
  /** Name of the function. */
  by: string;
  action: string;
  /** `table/<name>`, `table/<name>/index/<name>`, `queue/<name>` or `secret/<arn>`. */
  resource: string;
  /** The partition key: what `dynamodb:LeadingKeys` is about. Null: there is none. */
  partition: string | null;
}

const attribute = z.looseObject({ S: z.string().optional() });
const item = z.record(z.string(), attribute);
const keyed = z.looseObject({
  TableName: z.string(),
  Key: item.optional(),
  Item: item.optional(),
});
const requests = z.looseObject({
  TableName: z.string().optional(),
  IndexName: z.string().optional(),
  Key: item.optional(),
  Item: item.optional(),
  KeyConditionExpression: z.string().optional(),
  ExpressionAttributeNames: z.record(z.string(), z.string()).optional(),
  ExpressionAttributeValues: item.optional(),
  RequestItems: z.record(z.string(), z.looseObject({ Keys: z.array(item) })).optional(),
  TransactItems: z.array(z.record(z.string(), keyed)).optional(),
  QueueUrl: z.string().optional(),
  SecretId: z.string().optional(),
});

/** What a call of an AWS JSON API is to IAM. */
export function usesOf(by: string, target: string, input: unknown): Use[] {
  const operation = target.split(".").at(-1) ?? "";
  const asked = requests.parse(input);
  const onTable = (
    action: string,
    table: string | undefined,
    key: z.infer<typeof item> | undefined,
  ): Use => ({
    by,
    action: `dynamodb:${action}`,
    resource: `table/${table ?? ""}`,
    partition: key?.["pk"]?.S ?? null,
  });
  switch (target.split(".")[0] ?? "") {
    case "AmazonSQS":
      return [
        {
          by,
          // There is no action for batches.
          action: `sqs:${operation.replace(/Batch$/, "")}`,
          resource: `queue/${asked.QueueUrl?.split("/").at(-1) ?? ""}`,
          partition: null,
        },
      ];
    case "secretsmanager":
      return [
        {
          by,
          action: `secretsmanager:${operation}`,
          resource: `secret/${asked.SecretId ?? ""}`,
          partition: null,
        },
      ];
    case "DynamoDB_20120810":
      switch (operation) {
        case "GetItem":
        case "PutItem":
        case "UpdateItem":
        case "DeleteItem":
          return [onTable(operation, asked.TableName, asked.Key ?? asked.Item)];
        case "Scan":
          return [onTable(operation, asked.TableName, undefined)];
        case "Query": {
          // The first condition is that on the partition.
          const value = /=\s*(:\w+)/.exec(asked.KeyConditionExpression ?? "")?.[1] ?? "";
          const use = onTable(operation, asked.TableName, undefined);
          return [
            {
              ...use,
              resource: `${use.resource}${asked.IndexName === undefined ? "" : `/index/${asked.IndexName}`}`,
              partition: asked.ExpressionAttributeValues?.[value]?.S ?? null,
            },
          ];
        }
        case "BatchGetItem":
          return Object.entries(asked.RequestItems ?? {}).flatMap(([table, { Keys }]) =>
            Keys.map((key) => onTable(operation, table, key)),
          );
        case "TransactWriteItems":
          return (asked.TransactItems ?? []).flatMap((each) =>
            Object.entries(each).map(([kind, { TableName, Key, Item }]) =>
              onTable(
                kind === "ConditionCheck" ? "ConditionCheckItem" : `${kind}Item`,
                TableName,
                Key ?? Item,
              ),
            ),
          );
      }
  }
  assert.fail(`${by} asks for ${target}, which no test knows`);
}
