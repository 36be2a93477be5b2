import { RemoteError } from "../gate/ports.ts";
import type { ApprovalRequest, Cheqpoint, Clock } from "../gate/ports.ts";
import { ask, baseUrlOf, budgetOf } from "../remote.ts";
import type { Call, Fetch, Remote } from "../remote.ts";
import { readingShape, reasonOf, receiptShape } from "./shapes.ts";

export interface CheqpointOptions {
  /** Defaults to `https://app.cheqpoint.co`. */
  baseUrl?: string;
  /** Connection Key. Asked before every call, so that a rotated one is used at once. */
  connectionKey: () => Promise<string>;
  /** Longest time for one call; one that Cheqpoint holds open gets as much more as it needs. Defaults to 10 s. */
  timeoutMs?: number;
  /** Defaults to the built-in one. */
  fetch?: Fetch;
  clock: Clock;
}

const DEFAULT_BASE_URL = "https://app.cheqpoint.co";
const DEFAULT_TIMEOUT_MS = 10_000;
/** Cheqpoint holds a request no longer. */
const LONGEST_WAIT_MS = 10_000;
/** For the way there and back, on top of what Cheqpoint waits. */
const TRAVEL_MS = 5_000;

/** Cheqpoint over HTTP. Nothing is repeated inside: a second submission would be a second request for approval. */
export function createCheqpoint(options: CheqpointOptions): Cheqpoint {
  const remote: Remote = {
    name: "Cheqpoint",
    setting: "CHEQPOINT_API_URL",
    baseUrl: baseUrlOf("CHEQPOINT_API_URL", options.baseUrl ?? DEFAULT_BASE_URL),
    fetch: options.fetch ?? globalThis.fetch,
    clock: options.clock,
    reasonOf,
  };
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;

  return {
    async submit(request) {
      const key = await readKey(options.connectionKey);
      const body = wireRequest(request);
      const neededMs = body.maxWaitMs === undefined ? 0 : body.maxWaitMs + TRAVEL_MS;
      const call: Call = {
        method: "POST",
        path: "/api/webhooks/inbound",
        headers: {
          accept: "application/json",
          "content-type": "application/json",
          "x-api-key": key,
        },
        body,
        budget: budgetOf(Math.max(timeoutMs, neededMs)),
        secrets: [key, ...tokensOf(request.callbackUrl)],
      };
      return ask(remote, call, receiptShape);
    },

    async read(approvalId) {
      const key = await readKey(options.connectionKey);
      const call: Call = {
        method: "GET",
        path: `/api/approvals/${asSegment(approvalId)}`,
        headers: { accept: "application/json", "x-api-key": key },
        budget: budgetOf(timeoutMs),
        secrets: [key],
      };
      try {
        return await ask(remote, call, readingShape(approvalId));
      } catch (error) {
        if (error instanceof RemoteError && error.status === 404) return null;
        throw error;
      }
    },
  };
}

/** Exactly the fields of the inbound endpoint, absent ones left out. The key stays in its header: bodies are logged. */
function wireRequest(request: ApprovalRequest): ApprovalRequest {
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
    ...(maxWaitMs === undefined ? {} : { maxWaitMs: Math.min(maxWaitMs, LONGEST_WAIT_MS) }),
  };
}

/** The path's last part is what makes a callback credible. */
function tokensOf(callbackUrl: string | undefined): string[] {
  const token = callbackUrl?.split(/[?#]/)[0]?.split("/").at(-1) ?? "";
  return token === "" ? [] : [token];
}

async function readKey(read: () => Promise<string>): Promise<string> {
  let key: string;
  try {
    key = await read();
  } catch (error) {
    const name = error instanceof Error ? error.name : typeof error;
    throw new RemoteError(`the Cheqpoint Connection Key could not be read (${name})`, {
      nothingDone: true,
      retryable: true,
    });
  }
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new RemoteError(
      "`CHEQPOINT_CONNECTION_KEY` must be printable ASCII without spaces and line breaks, and not empty",
      { nothingDone: true, retryable: false },
    );
  }
  return key;
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
