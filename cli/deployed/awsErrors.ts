import { z } from "zod";
import { CliError } from "../errors.ts";

/** What failed in AWS, for people. Nothing of a request or a credential is repeated. */
export class AwsError extends CliError {
  /** `credentials`: there are none, or they are not good; `denied`: they may not do this. */
  readonly kind: "credentials" | "denied" | "missing" | "other";

  constructor(kind: AwsError["kind"], message: string, hint: string | null) {
    super(message, { hint });
    this.kind = kind;
  }
}

export interface AwsSubject {
  /** "DynamoDB table gate-ledger". */
  what: string;
  region: string | null;
}

const shape = z.object({
  name: z.string().catch(""),
  message: z.string().catch(""),
  code: z.string().optional().catch(undefined),
});

const NO_CREDENTIALS = /CredentialsProviderError|TokenProviderError/;
const BAD_CREDENTIALS =
  /UnrecognizedClientException|InvalidSignatureException|IncompleteSignature|InvalidClientTokenId|InvalidAccessKeyId/;
const EXPIRED = /ExpiredToken|RequestExpired/;
const UNREACHABLE = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ECONNRESET|EHOSTUNREACH|ENETUNREACH)$/;

/** Tells an error of the AWS SDK in the CLI's words; what is none is left as it is. */
export function awsErrorOf(error: unknown, { what, region }: AwsSubject): unknown {
  if (error instanceof CliError || !(error instanceof Error)) {
    return error;
  }
  const { name, message, code } = shape.parse({
    name: error.name,
    message: error.message,
    code: "code" in error ? error.code : undefined,
  });
  const where = region === null ? "" : ` in ${region}`;
  if (NO_CREDENTIALS.test(name)) {
    return new AwsError(
      "credentials",
      "there are no AWS credentials",
      "log in (`aws sso login`), or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    );
  }
  if (EXPIRED.test(name)) {
    return new AwsError(
      "credentials",
      "the AWS credentials have expired",
      "log in again, for example with `aws sso login`",
    );
  }
  if (BAD_CREDENTIALS.test(name)) {
    return new AwsError(
      "credentials",
      "AWS does not accept the credentials",
      "check AWS_PROFILE and the AWS_* variables that are set",
    );
  }
  if (/AccessDenied/.test(name)) {
    return new AwsError(
      "denied",
      `these AWS credentials may not use the ${what}${where}`,
      "use a role that may read it (and write, for the kill switch)",
    );
  }
  if (/Region is missing/i.test(message)) {
    return new CliError("no AWS region is known", {
      exitCode: 2,
      hint: "set --region or AWS_REGION",
    });
  }
  if (
    name === "QueueDoesNotExist" ||
    (name === "ResourceNotFoundException" && !/index/i.test(message))
  ) {
    return new AwsError(
      "missing",
      `there is no ${what}${where}`,
      "check the name, --region and the AWS account that the credentials belong to",
    );
  }
  if (name === "ValidationException" || name === "ResourceNotFoundException") {
    return new AwsError(
      "other",
      `the ${what}${where} is not a gate's`,
      "use the stack's outputs `ledgerTableName` and `gatingTableName`",
    );
  }
  if (UNREACHABLE.test(code ?? "") || name === "TimeoutError") {
    return new AwsError(
      "other",
      `AWS does not answer${where}`,
      "check the network, --region and AWS_ENDPOINT_URL",
    );
  }
  return new AwsError("other", `the ${what}${where} could not be used: ${name}`, null);
}
