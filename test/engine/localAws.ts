import assert from "node:assert/strict";

/** Why there is no local AWS to deploy to; null when there is one. A real account is never used. */
export function missingAws(): string | null {
  const endpoint = process.env["AWS_ENDPOINT_URL"];
  if (endpoint === undefined) {
    return "skipped: AWS_ENDPOINT_URL names no local AWS";
  }
  return /^http:\/\/(127\.0\.0\.1|localhost)(:|\/|$)/.test(endpoint)
    ? null
    : "skipped: AWS_ENDPOINT_URL is not on this machine";
}

const endpoint = (): string => process.env["AWS_ENDPOINT_URL"] ?? "";
const region = (): string => process.env["AWS_REGION"] ?? "us-east-1";

/** One call of an AWS JSON API; a local AWS checks no signature. */
export async function awsCall(
  service: string,
  target: string,
  version: "1.0" | "1.1",
  body: object,
): Promise<Record<string, unknown>> {
  const answer = await fetch(endpoint(), {
    method: "POST",
    headers: {
      "x-amz-target": target,
      "content-type": `application/x-amz-json-${version}`,
      authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/${region()}/${service}/aws4_request, SignedHeaders=host, Signature=0`,
    },
    body: JSON.stringify(body),
  });
  assert.ok(answer.ok, `${target} answered ${answer.status}`);
  return (await answer.json()) as Record<string, unknown>;
}

/** Names of everything that a gate could leave behind. */
export async function inventory(): Promise<string[]> {
  const names = (value: unknown, key?: string): string[] =>
    ((value ?? []) as (string | Record<string, string>)[]).map((entry) =>
      typeof entry === "string" ? entry : (entry[key ?? ""] ?? ""),
    );
  const tables = await awsCall("dynamodb", "DynamoDB_20120810.ListTables", "1.0", {});
  const queues = await awsCall("sqs", "AmazonSQS.ListQueues", "1.0", {});
  const secrets = await awsCall("secretsmanager", "secretsmanager.ListSecrets", "1.1", {});
  const logs = await awsCall("logs", "Logs_20140328.DescribeLogGroups", "1.1", {});
  const functions = await (await fetch(`${endpoint()}/2015-03-31/functions`)).json();
  const apis = await (await fetch(`${endpoint()}/v2/apis`)).json();
  return [
    ...names(tables["TableNames"]),
    ...names(queues["QueueUrls"]),
    ...names(secrets["SecretList"], "Name"),
    ...names(logs["logGroups"], "logGroupName"),
    ...names((functions as Record<string, unknown>)["Functions"], "FunctionName"),
    ...names((apis as Record<string, unknown>)["items"], "apiId"),
  ].sort();
}
