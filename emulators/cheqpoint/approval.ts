import { z } from "zod";
import type { JsonObject } from "./parse.ts";

export const RISK_LEVELS = ["low", "medium", "high"] as const;
export const ON_EXPIRY = ["reject", "approve"] as const;

/** Rule names that the emulator itself decides under. */
export const LOOP_PROTECTION = "loop-protection";
export const HOURLY_LIMIT = "max-requests-hour";
export const EXPIRY_APPROVAL = "on-expiry";

/** One approval request with everything that is known about it. */
export const approvalSchema = z.object({
  id: z.string(),
  endpoint: z.enum(["inbound", "request"]),
  action: z.string(),
  summary: z.string(),
  details: z.record(z.string(), z.unknown()),
  justification: z.string().nullable(),
  riskLevel: z.enum(RISK_LEVELS),
  riskScore: z.number().nullable(),
  priority: z.string(),
  agentName: z.string().nullable(),
  callbackUrl: z.string().nullable(),
  createdAtMs: z.number(),
  expiresAtMs: z.number().nullable(),
  onExpiry: z.enum(ON_EXPIRY).nullable(),
  status: z.enum(["PENDING", "APPROVED", "REJECTED"]),
  modifiedDetails: z.record(z.string(), z.unknown()).nullable(),
  decisionNote: z.string().nullable(),
  autoDecided: z.boolean(),
  autoDecisionRuleName: z.string().nullable(),
  decidedBy: z.enum(["human", "rule", "expiry", "limit"]).nullable(),
  decidedAtMs: z.number().nullable(),
  retryable: z.boolean(),
});
export type Approval = z.infer<typeof approvalSchema>;

/** Where a reviewer's note appears on the read-back: Cheqpoint's pages use both names. */
export type NoteField = "decisionNote" | "responseNotes" | "both";

/** The answer of `POST /api/webhooks/inbound`: lower case, `reviewUrl` only while pending. */
export function inboundAnswer(approval: Approval, reviewUrl: string): JsonObject {
  if (approval.status === "PENDING") {
    return { status: "pending", approvalId: approval.id, reviewUrl };
  }
  return {
    status: approval.status.toLowerCase(),
    approvalId: approval.id,
    modifiedDetails: approval.modifiedDetails,
    decisionNote: approval.decisionNote,
  };
}

/** The answer of `GET /api/approvals/{id}`. */
export function readBackAnswer(approval: Approval, noteField: NoteField): JsonObject {
  return {
    id: approval.id,
    status: approval.status,
    details: approval.details,
    modifiedDetails: approval.modifiedDetails,
    responseNotes: noteField === "decisionNote" ? null : approval.decisionNote,
    decisionNote: noteField === "responseNotes" ? null : approval.decisionNote,
    decisionReasonCode: null,
    autoDecided: approval.autoDecided,
    autoDecisionRuleName: approval.autoDecisionRuleName,
    decidedAt: isoOrNull(approval.decidedAtMs),
    retryable: approval.retryable,
  };
}

/** The callback body. It deliberately has no id: receivers map the URL to their own record. */
export function callbackBody(approval: Approval): string {
  return JSON.stringify({
    status: approval.status,
    details: approval.details,
    modifiedDetails: approval.modifiedDetails,
    decisionNote: approval.decisionNote,
  });
}

/** What the inbox page and the emulator's own list show. */
export function inboxView(approval: Approval, reviewUrl: string): JsonObject {
  const { createdAtMs, expiresAtMs, decidedAtMs, callbackUrl, ...rest } = approval;
  return {
    ...rest,
    hasCallback: callbackUrl !== null,
    createdAt: new Date(createdAtMs).toISOString(),
    expiresAt: isoOrNull(expiresAtMs),
    decidedAt: isoOrNull(decidedAtMs),
    reviewUrl,
  };
}

function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
