import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SQSClient } from "@aws-sdk/client-sqs";

/*
 * PagerDuty waits five seconds for an answer and its receiver may run for four. In the worst case it reads a secret,
 * writes a delivery and sends to the queue, one after the other; two attempts each of the first two, and one of the
 * last, which the sweep heals, stay below that.
 */

/** A client for the ledger and the gating store. */
export function dynamoClient(): DynamoDBClient {
  return new DynamoDBClient({ maxAttempts: 2, requestHandler: within(800) });
}

export function secretsManagerClient(): SecretsManagerClient {
  return new SecretsManagerClient({ maxAttempts: 2, requestHandler: within(600) });
}

export function sqsClient(): SQSClient {
  return new SQSClient({ maxAttempts: 1, requestHandler: within(600) });
}

function within(requestTimeout: number) {
  return { connectionTimeout: 500, requestTimeout, throwOnRequestTimeout: true };
}
