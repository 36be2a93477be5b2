import { z } from "zod";
import { SIGNING_RECORD, signingRecord } from "../../functions/aws/signingRecord.ts";
import { secretsManagerOf } from "../deployed/awsClients.ts";
import { AwsError, awsErrorOf } from "../deployed/awsErrors.ts";
import { checks, told, type Check } from "./check.ts";
import type { Subject } from "./subject.ts";

const jsonText = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: "custom", message: "no JSON" });
    return z.NEVER;
  }
});
const tokens = jsonText.pipe(z.record(z.string().min(1), z.string().min(16)));

/** What each secret has to be. */
const SHAPES: Readonly<Record<string, { shape: z.ZodType; what: string }>> = {
  webhook: {
    shape: jsonText.pipe(signingRecord),
    what: SIGNING_RECORD,
  },
  proposers: { shape: tokens, what: "a JSON object of tokens by name" },
  operators: { shape: tokens, what: "a JSON object of tokens by name" },
};
const TEXT = { shape: z.string().min(1), what: "a text" };

const EMPTY = "has no current value";

export interface FoundSecrets {
  checks: Check[];
  /** Values of those that are credentials of the gate itself, by name: to be tried, never told. */
  credentials: ReadonlyMap<string, string>;
}

/** What the gate itself shows to others. */
const CREDENTIALS: readonly string[] = ["pagerduty-token", "cheqpoint-key"];

/** Whether each secret has a current value of its form. No value is printed or told in part. */
export async function secretsOf({ target, secretArns }: Subject): Promise<FoundSecrets> {
  const credentials = new Map<string, string>();
  if (target === null) {
    return { checks: [], credentials };
  }
  if (secretArns === null || Object.keys(secretArns).length === 0) {
    return {
      checks: [
        checks("secrets").warn("not looked at: nothing tells where they are", "use --stack"),
      ],
      credentials,
    };
  }
  const { DescribeSecretCommand, GetSecretValueCommand } =
    await import("@aws-sdk/client-secrets-manager");
  const { region } = target;
  const client = await secretsManagerOf(target);
  const one = async ([name, arn]: [string, string]): Promise<Check> => {
    const { ok, warn, fail } = checks(`secrets.${name}`);
    const subject = { what: `secret ${arn}`, region };
    try {
      const about = await client.send(new DescribeSecretCommand({ SecretId: arn }));
      if (about.DeletedDate !== undefined) {
        return fail("is being deleted", `aws secretsmanager restore-secret --secret-id ${arn}`);
      }
      const stages = Object.values(about.VersionIdsToStages ?? {}).flat();
      if (!stages.includes("AWSCURRENT")) {
        return fail(EMPTY, "run `pulumi up`");
      }
    } catch (error) {
      const known = awsErrorOf(error, subject);
      return known instanceof AwsError && known.kind === "missing"
        ? fail("does not exist", "run `pulumi up`")
        : warn(`cannot be seen: ${told(known)}`);
    }
    try {
      const { SecretString: value } = await client.send(
        new GetSecretValueCommand({ SecretId: arn, VersionStage: "AWSCURRENT" }),
      );
      if (value === undefined || value === "") {
        return fail(EMPTY, "run `pulumi up`");
      }
      if (CREDENTIALS.includes(name)) {
        credentials.set(name, value);
      }
      const { shape, what } = SHAPES[name] ?? TEXT;
      return shape.safeParse(value).success
        ? ok(`has a current value: ${what}`)
        : fail(`its current value must be ${what}`, "run `pulumi up`");
    } catch (error) {
      // Whoever runs this need not be allowed to read secrets.
      const known = awsErrorOf(error, subject);
      return known instanceof AwsError && known.kind === "denied"
        ? ok("has a current value; these credentials may not read it")
        : warn(`has a current value, which could not be read: ${told(known)}`);
    }
  };
  return { checks: await Promise.all(Object.entries(secretArns).map(one)), credentials };
}
