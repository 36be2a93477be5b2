import { randomBytes, randomInt, randomUUID } from "node:crypto";

const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const MIXED = `${UPPER}abcdefghijklmnopqrstuvwxyz`;

function pick(alphabet: string, length: number): string {
  let text = "";
  for (let index = 0; index < length; index++) {
    text += alphabet.charAt(randomInt(alphabet.length));
  }
  return text;
}

/** An object's id as PagerDuty makes them: `Q` and 13 capitals or digits. */
export function objectId(): string {
  return `Q${pick(UPPER, 13)}`;
}

/** The id of an event orchestration rule: 8 hexadecimal digits. */
export function shortId(): string {
  return randomBytes(4).toString("hex");
}

/** An id of an event, action or invocation: 26 characters that start with `01`. */
export function longId(): string {
  return `01${pick(UPPER, 24)}`;
}

export function webhookId(): string {
  return randomUUID();
}

/** An `incident_key` or `dedup_key` for a caller that gave none. */
export function dedupKey(): string {
  return randomBytes(16).toString("hex");
}

/** A routing key: 32 hexadecimal digits. */
export function integrationKey(): string {
  return randomBytes(16).toString("hex");
}

export function signingSecret(): string {
  return pick(MIXED, 64);
}

export function apiToken(): string {
  return pick(MIXED, 20);
}
