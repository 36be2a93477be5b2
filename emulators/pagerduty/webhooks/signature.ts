import { createHmac } from "node:crypto";

/** The value of `X-PagerDuty-Signature` for a body: the secret is the key as it is written. */
export function signatureOf(secret: string, body: string | Uint8Array): string {
  return `v1=${createHmac("sha256", Buffer.from(secret, "utf8")).update(body).digest("hex")}`;
}
