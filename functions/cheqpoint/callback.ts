import { createHmac, timingSafeEqual } from "node:crypto";
import * as z from "zod";
import { readJsonBytes } from "../gate/text/json.ts";

/**
 * True when `x-cheqpoint-signature` is the HMAC-SHA256 of the untouched body. How Cheqpoint writes it is not documented:
 * hex and base64 are taken, with and without `sha256=`.
 */
export function verifyCheqpointSignature(
  rawBody: Uint8Array,
  header: string | undefined,
  secret: string,
): boolean {
  // An empty key is one that anybody knows.
  if (secret === "") return false;
  const digest = createHmac("sha256", Buffer.from(secret, "utf8")).update(rawBody).digest();
  const given = Buffer.from((header ?? "").trim().replace(/^sha256=/, ""), "utf8");
  // The written forms are compared, not the decoded bytes: base64 has several spellings of the same bytes.
  const hex = equal(given, digest.toString("hex"));
  const base64 = equal(given, digest.toString("base64"));
  return hex || base64;
}

function equal(given: Buffer, expected: string): boolean {
  const bytes = Buffer.from(expected, "utf8");
  // The length is the sender's own and tells nothing.
  return given.length === bytes.length && timingSafeEqual(given, bytes);
}

/** What a callback claims; only worth a look at the approval itself. */
export interface CallbackClaim {
  /** In upper case; null when there is none that could be one. */
  status: string | null;
  /** Cheqpoint's id of the request; it does not have to tell it. */
  approvalId: string | null;
}

const told = z.string().regex(/^[\x21-\x7e]{1,200}$/);
const claim = z.object({
  status: z
    .string()
    .regex(/^[A-Za-z_]{1,32}$/)
    .nullish()
    .catch(null),
  approvalId: told.nullish().catch(null),
  id: told.nullish().catch(null),
});

/** Never throws: a body that cannot be read, or may be read in two ways, claims nothing. */
export function parseCallback(body: Uint8Array): CallbackClaim {
  const read = readJsonBytes(body);
  const { status, approvalId, id } = (read.ok ? claim.safeParse(read.value).data : null) ?? {};
  return { status: status?.toUpperCase() ?? null, approvalId: approvalId ?? id ?? null };
}
