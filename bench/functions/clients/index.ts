import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import {
  dynamoClient,
  RECEIVER_LIMITS,
  secretsManagerClient,
  sqsClient,
} from "../../../functions/aws/clients.ts";

const clients = [
  DynamoDBDocumentClient.from(dynamoClient(RECEIVER_LIMITS.dynamo)),
  secretsManagerClient(RECEIVER_LIMITS.secrets),
  sqsClient(RECEIVER_LIMITS.queue),
];

/** What a function costs that only holds the AWS clients that the gate's functions hold. */
export const handler = (): Promise<{ statusCode: number; body: string }> =>
  Promise.resolve({ statusCode: 202, body: String(clients.length) });
