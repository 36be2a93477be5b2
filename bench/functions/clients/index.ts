import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { dynamoClient, secretsManagerClient, sqsClient } from "../../../functions/aws/clients.ts";

const clients = [DynamoDBDocumentClient.from(dynamoClient()), secretsManagerClient(), sqsClient()];

/** What a function costs that only holds the AWS clients that the gate's functions hold. */
export const handler = (): Promise<{ statusCode: number; body: string }> =>
  Promise.resolve({ statusCode: 202, body: String(clients.length) });
