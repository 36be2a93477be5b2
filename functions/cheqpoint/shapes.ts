import * as z from "zod";
import type { ApprovalReading, SubmitReceipt } from "../gate/ports/index.ts";
import { cut } from "../gate/text/cut.ts";
import { printable, printableLines } from "../gate/text/printable.ts";

/** A field that may be absent: of whatever form, it never makes the rest unreadable. */
function optional<T extends z.ZodType>(type: T) {
  return type.nullish().catch(null);
}

const text = optional(z.string());

/** The answer to a submission. Its id is `approvalId` on the current endpoint, `id` on an older one. */
export const receiptShape = z
  .object({ approvalId: text, id: text, status: text, reviewUrl: text })
  .transform((wire): SubmitReceipt => ({
    approvalId: kept(wire.approvalId) ?? kept(wire.id),
    reviewUrl: kept(webAddress(wire.reviewUrl)),
    status: receiptStatus(wire.status),
  }));

/** The answer to reading one approval back. It must be about that one: `otherApproval`. */
export const readingShape = z
  .object({
    id: z.string().catch(""),
    status: z.string(),
    details: z.unknown().optional(),
    modifiedDetails: z.unknown().optional(),
    responseNotes: text,
    decisionNote: text,
    decisionReasonCode: text,
    autoDecided: z.unknown().optional(),
    autoDecisionRuleName: text,
    decidedAt: text,
    retryable: z.unknown().optional(),
  })
  .transform((wire, context): ApprovalReading => ({
    id: wire.id,
    status: readingStatus(wire.status),
    details: detailsOf(wire, context),
    modifiedDetails: wire.modifiedDetails ?? null,
    notes: notesOf(wire.responseNotes, wire.decisionNote),
    reasonCode: named(wire.decisionReasonCode),
    autoDecided: saysYes(wire.autoDecided),
    autoDecisionRuleName: named(wire.autoDecisionRuleName),
    decidedAtMs: epochMs(wire.decidedAt),
    retryable: wire.retryable === true,
  }));

/** What is wrong with a reading that was asked for by this id; null: nothing. */
export function otherApproval(approvalId: string): (reading: ApprovalReading) => string | null {
  return ({ id }) =>
    id === approvalId ? null : `\`id\`: Invalid input: expected ${JSON.stringify(approvalId)}`;
}

/** As it was sent: a schema would drop a key such as `__proto__`, and what was altered would look like what was asked. */
function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What an approval is of has to be told; a no is a no whatever is told beside it. */
function detailsOf(
  { status, details }: { status: string; details?: unknown },
  context: z.RefinementCtx,
): Record<string, unknown> {
  if (isRecord(details)) return details;
  if (readingStatus(status) === "REJECTED") return {};
  const found =
    details === undefined ? "undefined" : Array.isArray(details) ? "array" : typeof details;
  context.addIssue({
    code: "custom",
    path: ["details"],
    message: `Invalid input: expected record, received ${found}`,
  });
  return z.NEVER;
}

function receiptStatus(status: string | null | undefined): SubmitReceipt["status"] {
  switch (readingStatus(status ?? "")) {
    case "PENDING":
      return "pending";
    case "APPROVED":
    case "REJECTED":
      return "decided";
    case "UNKNOWN":
      return "unknown";
  }
}

/** Cheqpoint writes it in both cases; nothing else than the case may differ. */
function readingStatus(status: string): ApprovalReading["status"] {
  if (/^approved$/i.test(status)) return "APPROVED";
  if (/^rejected$/i.test(status)) return "REJECTED";
  if (/^pending$/i.test(status)) return "PENDING";
  return "UNKNOWN";
}

/** What is neither absent nor a plain no counts as a rule's decision, which permits less than a human's. */
function saysYes(autoDecided: unknown): boolean {
  return autoDecided !== undefined && autoDecided !== null && autoDecided !== false;
}

/** More than a note on the incident could show beside the gate's own lines; a record of the ledger has its limits too. */
const LONGEST_NOTE = 4_000;
const LONGEST_NAME = 200;
const LONGEST_ADDRESS = 2_000;

/** Both names of the reviewer's note, the same text once. Nobody can be told to mend or shorten it. */
function notesOf(...notes: (string | null | undefined)[]): string[] {
  return [
    ...new Set(
      notes.flatMap((note) => filled(cut(printableLines(note ?? "").trim(), LONGEST_NOTE)) ?? []),
    ),
  ];
}

/** What cannot be cut is taken for absent where it is too long for a record. */
function kept(value: string | null | undefined): string | null {
  const found = filled(value);
  return found !== null && found.length > LONGEST_ADDRESS ? null : found;
}

function named(value: string | null | undefined): string | null {
  return filled(cut(printable(value ?? "").trim(), LONGEST_NAME));
}

function filled(value: string | null | undefined): string | null {
  return value === undefined || value === "" ? null : value;
}

/** People follow it from notes and pages: nothing but a web address. */
function webAddress(url: string | null | undefined): string | null {
  return url !== null && url !== undefined && /^https?:\/\//i.test(url) ? url : null;
}

const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/;

function epochMs(time: string | null | undefined): number | null {
  if (time === null || time === undefined || !ISO_TIME.test(time)) return null;
  const atMs = Date.parse(time);
  return Number.isNaN(atMs) ? null : atMs;
}

const errorBody = z.object({ error: z.string() });

/** The one known form of an error answer. */
export function reasonOf(body: unknown): string | null {
  return errorBody.safeParse(body).data?.error ?? null;
}
