import * as z from "zod";
import type { Proposal } from "./proposal.ts";

/** Where a page of proposals ended: the next one begins with what is older. */
export interface Position {
  receivedAtMs: number;
  id: string;
}

const position = z.tuple([z.number(), z.string()]);

/** A `cursor` that no page of this gate ended with. */
export class CursorError extends Error {
  override readonly name = "CursorError";
}

export function encodeCursor(proposal: Proposal): string {
  return Buffer.from(JSON.stringify([proposal.receivedAtMs, proposal.id])).toString("base64url");
}

export function decodeCursor(cursor: string): Position {
  try {
    const [receivedAtMs, id] = position.parse(
      JSON.parse(Buffer.from(cursor, "base64url").toString("utf8")),
    );
    return { receivedAtMs, id };
  } catch {
    throw new CursorError("`cursor` must be the `cursor` of the page before, or absent");
  }
}

const DEFAULT_PAGE = 50;
const LARGEST_PAGE = 200;

export function pageSize(limit: number | undefined): number {
  return Math.min(Math.max(Math.trunc(limit ?? DEFAULT_PAGE), 1), LARGEST_PAGE);
}

/** The incident under which a proposal is listed. */
export function incidentOf(proposal: Proposal): string | null {
  return proposal.incident?.id ?? proposal.request.incidentId;
}
