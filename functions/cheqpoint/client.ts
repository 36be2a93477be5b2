import { setTimeout as pause } from "node:timers/promises";
import { withCredential } from "../credential.ts";
import type { Credential } from "../credential.ts";
import { RemoteError } from "../gate/ports/index.ts";
import type { ApprovalRequest, Cheqpoint, Clock } from "../gate/ports/index.ts";
import { ask, baseUrlOf, budgetOf } from "../remote.ts";
import type { Budget, Call, Fetch, Remote } from "../remote.ts";
import { createTraffic } from "../traffic.ts";
import { otherApproval, readingShape, reasonOf, receiptShape } from "./shapes.ts";

export interface CheqpointOptions {
  /** Defaults to `https://app.cheqpoint.co`. */
  baseUrl?: string;
  /** Connection Key. Asked before every call, and with `refresh` when Cheqpoint refused it: it may just have been renewed. */
  connectionKey: (refresh?: boolean) => Promise<string>;
  /** Longest time for one call; one that Cheqpoint holds open gets as much more as it needs. Defaults to 10 s, and to 4 s for a read. */
  timeoutMs?: number;
  /**
   * For a process that does nothing else until its calls have ended: no call takes longer, whatever Cheqpoint is asked to
   * wait for, and the first one that is not answered ends the others. Defaults to none of it.
   */
  heldMs?: number | undefined;
  /**
   * Calls in any minute. Cheqpoint publishes no rate; without one a thousand open proposals after an outage would take as many
   * calls as fit. Defaults to 6,000, which a thousand that are read every 15 s do not reach.
   */
  perMinute?: number;
  /** Defaults to the built-in one. */
  fetch?: Fetch;
  clock: Clock;
}

/** Cheqpoint's host for its official clients. */
export const DEFAULT_BASE_URL = "https://app.cheqpoint.co";
const DEFAULT_PER_MINUTE = 6_000;
const DEFAULT_TIMEOUT_MS = 10_000;
/** A read is tried again soon; of a submission that was cut off nobody knows whether a reviewer was asked. */
const DEFAULT_READ_TIMEOUT_MS = 4_000;
/** Cheqpoint holds a request no longer. */
const LONGEST_WAIT_MS = 10_000;
/** For the way there and back, on top of what Cheqpoint waits. */
const TRAVEL_MS = 5_000;
/** The share of the time that Cheqpoint may wait in; the rest is for the way there and back. */
const HELD_FOR_WAITING = 1 / 3;

/**
 * Cheqpoint over HTTP. Nothing is repeated inside, for a second submission would be a second request for approval; except
 * what was refused for a key that has been renewed.
 */
export function createCheqpoint(options: CheqpointOptions): Cheqpoint {
  const remote: Remote = {
    name: "Cheqpoint",
    setting: "CHEQPOINT_API_URL",
    baseUrl: baseUrlOf("CHEQPOINT_API_URL", options.baseUrl ?? DEFAULT_BASE_URL),
    fetch: options.fetch ?? globalThis.fetch,
    clock: options.clock,
    reasonOf,
  };
  const { heldMs = Infinity } = options;
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const readTimeoutMs = Math.min(heldMs, options.timeoutMs ?? DEFAULT_READ_TIMEOUT_MS);
  const traffic = createTraffic({
    name: remote.name,
    clock: options.clock,
    wait: (ms) => pause(ms),
    perMinute: options.perMinute ?? DEFAULT_PER_MINUTE,
    oneForAll: options.heldMs !== undefined,
  });
  const credential: Credential = {
    what: "Cheqpoint Connection Key",
    setting: "CHEQPOINT_CONNECTION_KEY",
    read: options.connectionKey,
  };

  return {
    async submit(request) {
      const body = wireRequest(
        request,
        Math.min(LONGEST_WAIT_MS, Math.floor(heldMs * HELD_FOR_WAITING)),
      );
      const neededMs = body.maxWaitMs === undefined ? 0 : body.maxWaitMs + TRAVEL_MS;
      const call = (key: string, budget: Budget): Call => ({
        method: "POST",
        path: "/api/webhooks/inbound",
        headers: {
          accept: "application/json",
          "content-type": "application/json",
          "x-api-key": key,
        },
        body,
        budget,
        secrets: [key, ...tokensOf(request.callbackUrl)],
      });
      return traffic.pass((givenUp) => {
        const budget = budgetOf(Math.min(heldMs, Math.max(timeoutMs, neededMs)), givenUp);
        const sent = (key: string) => ask(remote, call(key, budget), receiptShape);
        return withCredential(credential, budget, sent);
      }, true);
    },

    async read(approvalId) {
      const call = (key: string, budget: Budget): Call => ({
        method: "GET",
        path: `/api/approvals/${asSegment(approvalId)}`,
        headers: { accept: "application/json", "x-api-key": key },
        budget,
        secrets: [key],
      });
      try {
        return await traffic.pass((givenUp) => {
          const budget = budgetOf(readTimeoutMs, givenUp);
          const sent = (key: string) =>
            ask(remote, call(key, budget), readingShape, otherApproval(approvalId));
          return withCredential(credential, budget, sent);
        });
      } catch (error) {
        if (error instanceof RemoteError && error.status === 404) return null;
        throw error;
      }
    },
  };
}

/** Exactly the fields of the inbound endpoint, absent ones left out. The key stays in its header: bodies are logged. */
function wireRequest(request: ApprovalRequest, longestWaitMs: number): ApprovalRequest {
  const { action, summary, details, justification, riskLevel, priority } = request;
  const { callbackUrl, maxWaitMs } = request;
  return {
    action,
    summary,
    details,
    justification,
    riskLevel,
    priority,
    ...(callbackUrl === undefined ? {} : { callbackUrl }),
    ...(maxWaitMs === undefined ? {} : { maxWaitMs: Math.min(maxWaitMs, longestWaitMs) }),
  };
}

/** The path's last part is what makes a callback credible. */
function tokensOf(callbackUrl: string | undefined): string[] {
  const token = callbackUrl?.split(/[?#]/)[0]?.split("/").at(-1) ?? "";
  return token === "" ? [] : [token];
}

/** Cheqpoint chooses the id, so its characters are not known; only what would change the path is refused. */
function asSegment(approvalId: string): string {
  const known = approvalId !== "" && approvalId !== "." && approvalId !== "..";
  if (known && approvalId.isWellFormed()) return encodeURIComponent(approvalId);
  throw new RemoteError(
    `\`approvalId\` must be an id that Cheqpoint gave, got ${JSON.stringify(approvalId.slice(0, 100))}`,
    { nothingDone: true, retryable: false },
  );
}
