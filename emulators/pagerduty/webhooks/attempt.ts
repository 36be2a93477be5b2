import type { Waiters } from "../account/waiters.ts";

/** What an attempt means for the delivery. */
export type Verdict = "delivered" | "retry" | "drop";

export interface AttemptResult {
  verdict: Verdict;
  status: number | null;
  error: string | null;
}

export interface AttemptOptions {
  fetch: typeof fetch;
  waiters: Waiters;
  /** Ends the attempt when the emulator stops. */
  stop: AbortSignal;
}

export interface Outgoing {
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** How long a receiver may take. */
const TIMEOUT_MS = 5000;

const NO_ANSWER = "the receiver did not answer within 5 s";

/** Posts one webhook and judges the answer. */
export async function attempt(
  { url, headers, body }: Outgoing,
  { fetch, waiters, stop }: AttemptOptions,
): Promise<AttemptResult> {
  // The account's clock ends the attempt, and so does real time: a virtual clock may stand still.
  const expired = new AbortController();
  const deadline = waiters.wait(TIMEOUT_MS);
  void deadline.over.then(() => expired.abort(new Error(NO_ANSWER)));
  const realTime = setTimeout(() => expired.abort(new Error(NO_ANSWER)), TIMEOUT_MS);
  realTime.unref();
  try {
    const response = await fetch(url, {
      method: "POST",
      headers,
      body,
      redirect: "manual",
      signal: AbortSignal.any([expired.signal, stop]),
    });
    await response.body?.cancel();
    return { verdict: verdictOn(response.status), status: response.status, error: null };
  } catch (error) {
    if (expired.signal.aborted) {
      return { verdict: "retry", status: null, error: NO_ANSWER };
    }
    const code = codeOf(error);
    return {
      verdict: isBrokenTls(code) ? "drop" : "retry",
      status: null,
      error: `no connection: ${code}`,
    };
  } finally {
    deadline.cancel();
    clearTimeout(realTime);
  }
}

/** 2xx is a success; 429 and 5xx are tried again; any other answer drops the event. */
export function verdictOn(status: number): Verdict {
  if (status >= 200 && status < 300) {
    return "delivered";
  }
  return status === 429 || status >= 500 ? "retry" : "drop";
}

function codeOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (typeof cause === "object" && cause !== null && "code" in cause) {
    return String(cause.code);
  }
  return cause instanceof Error ? cause.message : String(cause);
}

// An expired certificate may be renewed in time; other faults of TLS stay.
function isBrokenTls(code: string): boolean {
  if (code === "CERT_HAS_EXPIRED") {
    return false;
  }
  return /CERT|SELF_SIGNED|UNABLE_TO_|^ERR_TLS|^ERR_SSL|^EPROTO/.test(code);
}
