import { z } from "zod";
import { ON_EXPIRY } from "./approval.ts";
import { flag, integer, oneOf, text } from "./parse.ts";

/** What a Cheqpoint workspace sets in its dashboard. Kept in the data file. */
export const settingsSchema = z.strictObject({
  /** Pending requests older than this are decided by `onExpiry`; `null` = never. */
  expireAfterMs: integer(1).nullable(),
  /** What expiry does where the request itself does not say. */
  onExpiry: oneOf(ON_EXPIRY),
  /** Whether a rejection by expiry reads `autoDecided: true`; not documented, so it can be set. */
  expiryIsAutoDecided: flag,
  /** More requests than this within an hour are rejected at once; `null` = no limit. */
  maxRequestsHour: integer(0).nullable(),
  /** Identical requests closer together than this are rejected; 0 = off. */
  loopWindowMs: integer(0),
  /** The assistant's kill switch: nothing can be submitted while it is on. */
  killSwitch: flag,
  /** How long the inbound endpoint waits when the caller names neither wait nor callback. */
  defaultWaitMs: integer(0, 10_000),
  /** Which field of the read-back carries the reviewer's note. */
  noteField: oneOf(["decisionNote", "responseNotes", "both"]),
  /** Whether callbacks are signed; needs a webhook secret. */
  signCallbacks: flag,
});
export type Settings = z.infer<typeof settingsSchema>;

export const DEFAULT_SETTINGS: Settings = {
  expireAfterMs: 24 * 60 * 60 * 1000,
  onExpiry: "reject",
  expiryIsAutoDecided: true,
  maxRequestsHour: 50,
  loopWindowMs: 2000,
  killSwitch: false,
  defaultWaitMs: 0,
  noteField: "decisionNote",
  signCallbacks: true,
};

/** A change of settings: any of them, and the webhook secret, which is never read back. */
export const settingsChange = settingsSchema.partial().extend({
  webhookSecret: text.nullable().optional(),
});

/** `base` with those of `change` that are stated. */
export function withChanges(
  base: Settings,
  change: { [K in keyof Settings]?: Settings[K] | undefined },
): Settings {
  const stated = Object.entries(change).filter(([, value]) => value !== undefined);
  return settingsSchema.parse({ ...base, ...Object.fromEntries(stated) });
}
