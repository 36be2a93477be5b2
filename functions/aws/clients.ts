import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SQSClient } from "@aws-sdk/client-sqs";
import { limited } from "./limits.ts";
import type { Limits } from "./limits.ts";

/** What a function allows the services that it stores in. */
export interface StoreLimits {
  dynamo: Limits;
  secrets: Limits;
  queue: Limits;
  /** How long a write that meets others under way is begun anew. */
  busyForMs: number;
}

/**
 * For whoever waits for an answer. Two attempts where the answer depends on it, one for the queue, which the sweep heals:
 * one hiccup is survived, and a longer one is told while the sender still listens.
 */
export const RECEIVER_LIMITS: StoreLimits = {
  dynamo: { attempts: 2, connectMs: 500, answerMs: 800 },
  secrets: { attempts: 2, connectMs: 500, answerMs: 600 },
  queue: { attempts: 1, connectMs: 500, answerMs: 600 },
  busyForMs: 1_000,
};

/**
 * For the worker, for whom nobody waits and who may just have done what must be recorded: what is not recorded is
 * uncertain. Ten attempts bridge several seconds whether DynamoDB refuses or is silent, within the function's minute.
 */
export const WORKER_LIMITS: StoreLimits = {
  dynamo: { attempts: 10, connectMs: 1_000, answerMs: 2_000 },
  secrets: { attempts: 3, connectMs: 1_000, answerMs: 1_000 },
  queue: { attempts: 3, connectMs: 1_000, answerMs: 2_000 },
  busyForMs: 10_000,
};

/** Where AWS is; in a function its environment tells. */
export interface AwsPlace {
  endpoint?: string;
  region?: string;
  credentials?: { accessKeyId: string; secretAccessKey: string };
}

/** A client for the ledger and the gating store. */
export function dynamoClient(limits: Limits, place: AwsPlace = {}): DynamoDBClient {
  return new DynamoDBClient({ ...place, ...limited(limits) });
}

export function secretsManagerClient(limits: Limits, place: AwsPlace = {}): SecretsManagerClient {
  return new SecretsManagerClient({ ...place, ...limited(limits) });
}

export function sqsClient(limits: Limits, place: AwsPlace = {}): SQSClient {
  return new SQSClient({ ...place, ...limited(limits) });
}
