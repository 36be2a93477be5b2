import { createHash } from "node:crypto";

/** How tokens are kept and compared: never as themselves. */
export function sha256Hex(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}
