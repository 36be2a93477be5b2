import { gunzipSync, gzipSync } from "node:zlib";
import * as z from "zod";

/** A record as an item's attribute: text, or gzip of it where that is smaller. */
export type Packed = string | Uint8Array;

export const packed = z.union([z.string(), z.instanceof(Uint8Array)]);

/** Below this, writing costs the same either way and text can be read in the console. */
const PACK_FROM_BYTES = 2_048;

/** DynamoDB refuses items over 400 KB; the rest of the item is small. */
const LARGEST_BYTES = 380_000;

export function pack(what: string, text: string): Packed {
  const bytes = Buffer.from(text, "utf8");
  const zipped = bytes.byteLength < PACK_FROM_BYTES ? null : gzipSync(bytes);
  const smaller = zipped !== null && zipped.byteLength < bytes.byteLength ? zipped : null;
  const size = (smaller ?? bytes).byteLength;
  if (size > LARGEST_BYTES) {
    throw new Error(`${what} has ${size} bytes, a record must have at most ${LARGEST_BYTES}`);
  }
  return smaller ?? text;
}

export function unpack(value: Packed): string {
  return typeof value === "string" ? value : gunzipSync(value).toString("utf8");
}
