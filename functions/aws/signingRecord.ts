import * as z from "zod";

/*
 * What the secret of the webhooks' signatures holds: a subscription's signing secret is told only once, in PagerDuty's
 * answer to its creation, so what is known of it is kept beside it.
 */

const scope = z.object({
  /** How people call it: "account", "team-payments", "service-db". */
  key: z.string().min(1),
  type: z.enum(["account_reference", "team_reference", "service_reference"]),
  /** Null for the account. */
  id: z.string().nullable(),
});

/** The subscriptions that a gate wants to have. */
export const wantedShape = z.object({
  url: z.url(),
  /** As people see it in PagerDuty; no other gate's is the same. */
  description: z.string().min(1).max(255),
  events: z.array(z.string().min(1)).min(1),
  scopes: z.array(scope).min(1),
  /** A changed one makes new subscriptions with new signing secrets. */
  serial: z.string(),
});
export type Wanted = z.output<typeof wantedShape>;
export type WantedScope = Wanted["scopes"][number];

const keyShape = z.object({
  /** Of the subscription; null where an earlier release kept the secret alone. */
  id: z.string().nullable(),
  scope: z.string(),
  serial: z.string(),
  secret: z.string().min(1),
  /** Until when deliveries that were signed with it are still taken; null: it is in use. */
  goodUntilMs: z.number().nullable(),
});
export type SigningKey = z.output<typeof keyShape>;

const recordShape = z.object({
  /** Null: the subscriptions were given up. */
  wanted: wantedShape.nullable(),
  keys: z.array(keyShape),
});
export type SigningRecord = z.output<typeof recordShape>;

/** Earlier releases stored the secrets alone. */
const legacyShape = z.array(z.string().min(1)).min(1);

/** What the secret must be, to stand after its name. */
export const SIGNING_RECORD = "a JSON record of webhook subscriptions and their signing secrets";

/** For the secret's text as JSON. */
export const signingRecord = z.union([
  recordShape,
  legacyShape.transform((secrets): SigningRecord => ({
    wanted: null,
    keys: secrets.map((secret) => ({
      id: null,
      scope: "",
      serial: "",
      secret,
      goodUntilMs: null,
    })),
  })),
]);

/** The secrets that deliveries may be signed with at that time, those in use first. */
export function goodSecrets({ keys }: SigningRecord, nowMs: number): string[] {
  return keys
    .filter(({ goodUntilMs }) => goodUntilMs === null || nowMs < goodUntilMs)
    .sort((a, b) => Number(a.goodUntilMs !== null) - Number(b.goodUntilMs !== null))
    .map(({ secret }) => secret);
}
