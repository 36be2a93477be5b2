import * as z from "zod";
import type { RuleDecision } from "../gating/index.ts";
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

/** PagerDuty's own id; its incident number is another thing. */
export const INCIDENT_ID = /^(?!\d+$)[A-Za-z0-9]{1,64}$/;

/** Why that is no id of an incident: what was found, where it is the number that people call it by. */
export function incidentIdText(found: string): string {
  const number = /^(INC-)?\d{1,18}$/i.test(found) ? found : "INC-4421";
  return `must be PagerDuty's id of the incident, like "Q1A2B3C4D5E6F7"; "${number}" is its number`;
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

/** Why proposals cannot be listed by that incident; null: they can. A wrong id would look like an incident without any. */
export function incidentProblem(incidentId: string | undefined): string | null {
  return incidentId === undefined || INCIDENT_ID.test(incidentId)
    ? null
    : `${incidentIdText(incidentId)}, got "${incidentId}"`;
}

/** What a dry run would have done, in the words of lists. */
export const WOULD_HAVE: Readonly<Record<string, RuleDecision>> = {
  denied: "deny",
  asked: "requireApproval",
  allowed: "allow",
};

/** Null: no such word. */
export function wouldHaveOf(word: string): RuleDecision | null {
  return Object.hasOwn(WOULD_HAVE, word) ? (WOULD_HAVE[word] ?? null) : null;
}

/** What to tell when nothing was found of a service that the gating does not list: it may be a slip of the pen. */
export function unlistedText(service: string): string {
  return `the gating does not list a service "${service}", and no proposal names it`;
}
