import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { SQSClient } from "@aws-sdk/client-sqs";
import { limited } from "../../functions/aws/limits.ts";
import type { DeployedTarget } from "./target.ts";

type Place = Pick<DeployedTarget, "region" | "endpoint">;

/** A person waits, perhaps on a poor line: half a minute at most for one call. */
const LIMITS = { attempts: 3, connectMs: 5_000, answerMs: 10_000 };

// Loaded only when they are needed: the SDK takes longer to load than most commands to run.

export async function dynamoOf(place: Place, limits = LIMITS): Promise<DynamoDBClient> {
  const { DynamoDBClient: Client } = await import("@aws-sdk/client-dynamodb");
  return new Client({ ...placed(place), ...limited(limits) });
}

export async function secretsManagerOf(
  place: Place,
  limits = LIMITS,
): Promise<SecretsManagerClient> {
  const { SecretsManagerClient: Client } = await import("@aws-sdk/client-secrets-manager");
  return new Client({ ...placed(place), ...limited(limits) });
}

export async function sqsOf(place: Place, limits = LIMITS): Promise<SQSClient> {
  const { SQSClient: Client } = await import("@aws-sdk/client-sqs");
  return new Client({ ...placed(place), ...limited(limits) });
}

function placed({ region, endpoint }: Place) {
  return {
    ...(region === null ? {} : { region }),
    ...(endpoint === null ? {} : { endpoint }),
  };
}
