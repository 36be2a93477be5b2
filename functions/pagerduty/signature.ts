import { createHmac, timingSafeEqual } from "node:crypto";

/** PagerDuty writes lower-case hex; anything else is another version of the scheme or a forgery. */
const V1 = /^v1=([0-9a-f]{64})$/;

/**
 * True when one signature of `x-pagerduty-signature` is the HMAC-SHA256 of the untouched body under one of the secrets.
 * The header carries several signatures, and a gate several secrets, while a secret is being rotated.
 */
export function verifyPagerDutySignature(
  rawBody: Uint8Array,
  header: string | undefined,
  secrets: readonly string[],
): boolean {
  const signatures = signaturesOf(header);
  let matched = false;
  for (const secret of secrets) {
    // An empty key is one that anybody knows.
    if (secret === "") continue;
    const expected = digest(rawBody, secret);
    // Every pair is compared, so that the time taken tells nothing about which one matched.
    for (const signature of signatures) {
      matched = timingSafeEqual(expected, signature) || matched;
    }
  }
  return matched;
}

/** Whether the header holds a signature at all, right or wrong. */
export function hasPagerDutySignature(header: string | undefined): boolean {
  return signaturesOf(header).length > 0;
}

/** The header that PagerDuty would send for this body. */
export function signPagerDuty(rawBody: Uint8Array, secret: string): string {
  return `v1=${digest(rawBody, secret).toString("hex")}`;
}

function signaturesOf(header: string | undefined): Buffer[] {
  return (header ?? "").split(",").flatMap((part) => {
    const hex = V1.exec(part.trim())?.[1];
    return hex === undefined ? [] : [Buffer.from(hex, "hex")];
  });
}

/** The key is the secret's text itself, not what it may encode. */
function digest(rawBody: Uint8Array, secret: string): Buffer {
  return createHmac("sha256", Buffer.from(secret, "utf8")).update(rawBody).digest();
}
