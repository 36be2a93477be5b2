import { randomBytes } from "node:crypto";
import type { Ids } from "./gate/ports/index.ts";

/** Lower case without vowels and look-alikes: ids that can be read out over the phone and spell nothing. */
const ALPHABET = "23456789bcdfghjkmnpqrstvwxz";

function random(length: number): string {
  let text = "";
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      // Rejecting the top keeps every character equally likely.
      if (byte < ALPHABET.length * 9 && text.length < length) {
        text += ALPHABET[byte % ALPHABET.length];
      }
    }
  }
  return text;
}

/** Ids from the system's random source. */
export const randomIds: Ids = {
  proposalId: () => `prop_${random(16)}`,
  attemptId: () => `att_${random(16)}`,
  token: () => randomBytes(32).toString("base64url"),
};
