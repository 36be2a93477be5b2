/** What Cheqpoint is asked. Field names of `POST /api/webhooks/inbound`. */
export interface ApprovalRequest {
  action: string;
  summary: string;
  details: Readonly<Record<string, unknown>>;
  justification: string;
  riskLevel: "low" | "medium" | "high";
  priority: "low" | "normal" | "urgent";
  /** For `delivery: callback`; with `poll` the request waits `maxWaitMs` instead. */
  callbackUrl?: string;
  maxWaitMs?: number;
}

export interface SubmitReceipt {
  /** Null when the answer had none: then nothing can be read back. */
  approvalId: string | null;
  reviewUrl: string | null;
  /** `decided`: approved or rejected inline; it still has to be read back. */
  status: "pending" | "decided" | "unknown";
}

/** An approval as it was read back. */
export interface ApprovalReading {
  id: string;
  status: "PENDING" | "APPROVED" | "REJECTED" | "UNKNOWN";
  details: Readonly<Record<string, unknown>>;
  modifiedDetails: unknown;
  notes: string[];
  reasonCode: string | null;
  autoDecided: boolean;
  autoDecisionRuleName: string | null;
  decidedAtMs: number | null;
  retryable: boolean;
}

/** Cheqpoint. Every method throws `RemoteError`. */
export interface Cheqpoint {
  submit(request: ApprovalRequest): Promise<SubmitReceipt>;
  /** Null when Cheqpoint answers 404. */
  read(approvalId: string): Promise<ApprovalReading | null>;
}
