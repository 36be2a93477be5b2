import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { CreateTableCommand, DeleteTableCommand } from "@aws-sdk/client-dynamodb";
import { missingAws } from "./localAws.ts";
import type { TableDefinition } from "../../functions/aws/tableDefinition.ts";

/** Why tests against DynamoDB are left out; null when there is one on this machine. With REQUIRE_ENGINE set there must be one. */
export function whyNoDynamo(): string | null {
  const missing = missingAws();
  if (missing !== null && (process.env["REQUIRE_ENGINE"] ?? "") !== "") {
    throw new Error(`the engine tests are required, but there is ${missing}`);
  }
  return missing === null ? null : `skipped: ${missing}`;
}

let tables = 0;

/** Makes an empty table as the stack would. */
export async function createTable(
  client: DynamoDBClient,
  definition: TableDefinition,
): Promise<{ name: string; remove(): Promise<void> }> {
  tables += 1;
  const name = `gate-test-${process.pid}-${Date.now()}-${tables}`;
  await client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: definition.attributes.map((attribute) => ({
        AttributeName: attribute.name,
        AttributeType: attribute.type,
      })),
      KeySchema: keySchema(definition),
      ...(definition.indexes.length === 0
        ? {}
        : {
            GlobalSecondaryIndexes: definition.indexes.map((index) => ({
              IndexName: index.name,
              KeySchema: keySchema(index),
              Projection: { ProjectionType: index.projection },
            })),
          }),
    }),
  );
  const remove = async (): Promise<void> => {
    await client.send(new DeleteTableCommand({ TableName: name }));
  };
  return { name, remove };
}

function keySchema(of: { hashKey: string; rangeKey?: string }) {
  return [
    { AttributeName: of.hashKey, KeyType: "HASH" as const },
    ...(of.rangeKey === undefined
      ? []
      : [{ AttributeName: of.rangeKey, KeyType: "RANGE" as const }]),
  ];
}
