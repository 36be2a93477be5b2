import { createHash } from "node:crypto";
import { z } from "zod";
import { ON_EXPIRY, RISK_LEVELS } from "./approval.ts";
import type { Approval } from "./approval.ts";
import { canonicalJson, httpUrl, integer, InvalidInput, jsonObject } from "./parse.ts";
import { must, oneOf, parseBody, text } from "./parse.ts";
import type { JsonObject } from "./parse.ts";

/** The longest time that a submit may be held open for a decision. */
const MAX_WAIT_MS = 10_000;

type RiskLevel = Approval["riskLevel"];

/** What a caller asked for, whichever of the two endpoints it used. */
export interface Submission {
  endpoint: Approval["endpoint"];
  action: string;
  summary: string;
  details: JsonObject;
  justification: string | null;
  riskLevel: RiskLevel;
  riskScore: number | null;
  priority: string;
  agentName: string | null;
  callbackUrl: string | null;
  /** `null` when the caller did not say. */
  maxWaitMs: number | null;
  expiresAtMs: number | null;
  onExpiry: Approval["onExpiry"];
  /** Equal for identical bodies; what loop protection compares. */
  fingerprint: string;
}

const riskScore = z.number({ error: must("be a number from 0 to 1") });
const common = {
  action: text,
  summary: text,
  details: jsonObject,
  justification: text.nullish(),
  riskLevel: oneOf(RISK_LEVELS).nullish(),
  expiresAt: z.iso
    .datetime({ offset: true, error: must("be an ISO-8601 date and time with a zone") })
    .nullish(),
  onExpiry: oneOf(ON_EXPIRY).nullish(),
};
const inboundBody = z.object({
  ...common,
  priority: oneOf(["low", "normal", "urgent"]).nullish(),
  agentName: text.nullish(),
  metadata: jsonObject.nullish(),
  maxWaitMs: integer(0, MAX_WAIT_MS).nullish(),
  callbackUrl: httpUrl.nullish(),
  webhookUrl: httpUrl.nullish(),
});
const requestBody = z.object({
  ...common,
  riskScore: riskScore
    .min(0, { error: must("be a number from 0 to 1") })
    .max(1, { error: must("be a number from 0 to 1") })
    .nullish(),
  webhookUrl: httpUrl.nullish(),
  trace: jsonObject.nullish(),
});

/** Reads the body of `POST /api/webhooks/inbound`. */
export function parseInbound(body: string, nowMs: number): Submission {
  const input = parseBody(inboundBody, body);
  const { callbackUrl, webhookUrl } = input;
  if (callbackUrl && webhookUrl) {
    throw new InvalidInput("`callbackUrl` and `webhookUrl` must not both be given.");
  }
  return {
    ...shared(input, nowMs),
    endpoint: "inbound",
    riskLevel: input.riskLevel ?? riskOfDetails(input.details) ?? "medium",
    riskScore: null,
    priority: input.priority ?? "normal",
    agentName: input.agentName ?? null,
    callbackUrl: callbackUrl ?? webhookUrl ?? null,
    maxWaitMs: input.maxWaitMs ?? null,
    fingerprint: fingerprintOf(body),
  };
}

/** Reads the body of `POST /api/approvals/request`. */
export function parseRequest(body: string, nowMs: number): Submission {
  const input = parseBody(requestBody, body);
  const score = input.riskScore ?? null;
  return {
    ...shared(input, nowMs),
    endpoint: "request",
    riskLevel: input.riskLevel ?? levelOf(score) ?? riskOfDetails(input.details) ?? "medium",
    riskScore: score,
    priority: "normal",
    agentName: null,
    callbackUrl: input.webhookUrl ?? null,
    maxWaitMs: null,
    fingerprint: fingerprintOf(body),
  };
}

function shared(input: z.infer<z.ZodObject<typeof common>>, nowMs: number) {
  const expiresAtMs = input.expiresAt ? Date.parse(input.expiresAt) : null;
  if (expiresAtMs !== null && expiresAtMs <= nowMs) {
    throw new InvalidInput("`expiresAt` must be in the future.");
  }
  return {
    action: input.action,
    summary: input.summary,
    details: input.details,
    justification: input.justification ?? null,
    expiresAtMs,
    onExpiry: input.onExpiry ?? null,
  };
}

/** The official client sends 0.9 for high, 0.5 for medium and 0.2 for low. */
function levelOf(score: number | null): RiskLevel | undefined {
  if (score === null) return undefined;
  if (score >= 0.7) return "high";
  return score >= 0.35 ? "medium" : "low";
}

/** Callers of the inbound endpoint have no documented risk field, so many put it in the details. */
function riskOfDetails(details: JsonObject): RiskLevel | undefined {
  for (const key of ["risk", "risk_level", "risk_score"]) {
    const value = details[key];
    if (typeof value === "number") return levelOf(value);
    if (typeof value !== "string") continue;
    const word = /^\s*(critical|high|medium|low)\b/i.exec(value)?.[1]?.toLowerCase();
    if (word === "critical") return "high";
    if (word === "high" || word === "medium" || word === "low") return word;
    const score = /^\s*(0(?:\.\d+)?|1(?:\.0+)?)\b/.exec(value)?.[1];
    if (score !== undefined) return levelOf(Number(score));
  }
  return undefined;
}

/** The key in the body says who asks, not what is asked, and must not be kept in any form. */
function fingerprintOf(body: string): string {
  const value = z.record(z.string(), z.unknown()).parse(JSON.parse(body));
  const { apiKey: _apiKey, ...asked } = value;
  return createHash("sha256").update(canonicalJson(asked)).digest("hex");
}
