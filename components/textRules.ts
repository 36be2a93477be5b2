/** What a text must look like, and how a message says so. */
export type TextRule = readonly [pattern: RegExp, rule: string];

/*
 * Shared by the components' arguments and the stack's configuration: each names its own field, and the same texts are
 * good in both.
 */
export const EMAIL: TextRule = [/^[^\s@]+@[^\s@]+$/, "the e-mail address of a PagerDuty user"];
export const PAGERDUTY_ID: TextRule = [/^[A-Z0-9]{4,40}$/, 'a PagerDuty id such as "PIJ90N7"'];
export const KEY_ARN: TextRule = [/^arn:[a-z-]+:kms:.+:key\/.+/, "the ARN of a KMS key"];
export const TOPIC_ARN: TextRule = [/^arn:[a-z-]+:sns:.+/, "the ARN of an SNS topic"];
export const CERTIFICATE_ARN: TextRule = [/^arn:[a-z-]+:acm:.+/, "the ARN of an ACM certificate"];
export const DOMAIN_NAME: TextRule = [
  /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/,
  'a domain name such as "gate.example.com"',
];
export const ZONE_ID: TextRule = [
  /^Z[A-Z0-9]{3,31}$/,
  'the id of a Route 53 zone such as "Z08931231Q3PHS"',
];
export const TRUSTSTORE: TextRule = [
  /^s3:\/\/[a-z0-9][a-z0-9.-]+\/.+/,
  'an S3 address such as "s3://bucket/truststore.pem"',
];
/** Whoever gets a token. */
export const CALLER_NAME: TextRule = [
  /^[a-z0-9][a-z0-9._-]{0,62}$/,
  'small letters, digits, ".", "_" and "-"',
];
