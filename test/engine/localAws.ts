import assert from "node:assert/strict";

/** Why there is no local AWS to deploy to; null when there is one. A real account is never used. */
export function missingAws(): string | null {
  const endpoint = process.env["AWS_ENDPOINT_URL"];
  if (endpoint === undefined) {
    return "no local AWS: AWS_ENDPOINT_URL is not set";
  }
  return /^http:\/\/(127\.0\.0\.1|localhost)(:|\/|$)/.test(endpoint)
    ? null
    : "no local AWS: AWS_ENDPOINT_URL is not on this machine";
}

const endpoint = (): string => process.env["AWS_ENDPOINT_URL"] ?? "";
const region = (): string => process.env["AWS_REGION"] ?? "us-east-1";

/** A local AWS checks no signature, but reads the service from it. */
const credential = (service: string): string =>
  `AWS4-HMAC-SHA256 Credential=test/20260101/${region()}/${service}/aws4_request, SignedHeaders=host, Signature=0`;

/** One call of an AWS JSON API. */
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
      authorization: credential(service),
    },
    body: JSON.stringify(body),
  });
  assert.ok(answer.ok, `${target} answered ${answer.status}`);
  return (await answer.json()) as Record<string, unknown>;
}

/** One call of an AWS Query API. */
export async function queriedText(
  service: string,
  version: string,
  action: string,
  parameters: Readonly<Record<string, string>> = {},
): Promise<string> {
  const answer = await fetch(endpoint(), {
    method: "POST",
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      authorization: credential(service),
    },
    body: new URLSearchParams({ Action: action, Version: version, ...parameters }).toString(),
  });
  assert.ok(answer.ok, `${action} answered ${answer.status}`);
  return answer.text();
}

/** The names found in an answer between `<tag>` and its end. */
async function queried(
  service: string,
  version: string,
  action: string,
  tag: string,
): Promise<string[]> {
  const text = await queriedText(service, version, action);
  return [...text.matchAll(new RegExp(`<${tag}>([^<]*)</${tag}>`, "g"))].map(
    ([, name = ""]) => name,
  );
}

async function listed(service: string, path: string): Promise<Record<string, unknown>> {
  const answer = await fetch(`${endpoint()}${path}`, {
    headers: { authorization: credential(service) },
  });
  assert.ok(answer.ok, `${path} answered ${answer.status}`);
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
  const groups = await awsCall("logs", "Logs_20140328.DescribeLogGroups", "1.1", {});
  const functions = await listed("lambda", "/2015-03-31/functions");
  const mappings = await listed("lambda", "/2015-03-31/event-source-mappings");
  const apis = await listed("apigateway", "/v2/apis");
  const schedules = await listed("scheduler", "/schedules");
  return [
    ...names(tables["TableNames"]),
    ...names(queues["QueueUrls"]),
    ...names(secrets["SecretList"], "Name"),
    ...names(groups["logGroups"], "logGroupName"),
    ...names(functions["Functions"], "FunctionName"),
    ...names(mappings["EventSourceMappings"], "UUID"),
    ...names(apis["items"], "apiId"),
    ...names(schedules["Schedules"], "Name"),
    ...(await queried("iam", "2010-05-08", "ListRoles", "RoleName")),
    ...(await queried("sns", "2010-03-31", "ListTopics", "TopicArn")),
    ...(await queried("sns", "2010-03-31", "ListSubscriptions", "SubscriptionArn")),
    ...(await queried("monitoring", "2010-08-01", "DescribeAlarms", "AlarmName")),
    ...(await queried("monitoring", "2010-08-01", "ListDashboards", "DashboardName")),
  ].sort();
}

/** The value before the current one of the only secret with that beginning of its name. */
export async function previousSecret(prefix: string): Promise<string> {
  const [name, ...others] = (await inventory()).filter((found) => found.startsWith(prefix));
  assert.ok(name !== undefined && others.length === 0, `one secret ${prefix}`);
  const { SecretString } = await awsCall("secretsmanager", "secretsmanager.GetSecretValue", "1.1", {
    SecretId: name,
    VersionStage: "AWSPREVIOUS",
  });
  return String(SecretString);
}

/** A secret's value, by its name or ARN. */
export async function currentSecret(name: string): Promise<string> {
  const { SecretString } = await awsCall("secretsmanager", "secretsmanager.GetSecretValue", "1.1", {
    SecretId: name,
  });
  return String(SecretString);
}

/** A variable of a function's environment. */
export async function environmentOf(functionName: string, variable: string): Promise<string> {
  const found = await listed("lambda", `/2015-03-31/functions/${functionName}/configuration`);
  const { Variables } = found["Environment"] as { Variables: Record<string, string> };
  const value = Variables[variable];
  assert.ok(value !== undefined, `${functionName} has ${variable}`);
  return value;
}

/** What functions have logged so far, as one text. */
export async function logged(): Promise<string> {
  const { logGroups } = await awsCall("logs", "Logs_20140328.DescribeLogGroups", "1.1", {});
  const lines: string[] = [];
  for (const { logGroupName } of logGroups as { logGroupName: string }[]) {
    const { events } = await awsCall("logs", "Logs_20140328.FilterLogEvents", "1.1", {
      logGroupName,
    });
    lines.push(...(events as { message: string }[]).map(({ message }) => message));
  }
  return lines.join("\n");
}
