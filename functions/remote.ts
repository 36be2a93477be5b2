import * as z from "zod";
import { RemoteError } from "./gate/ports/index.ts";
import type { Clock } from "./gate/ports/index.ts";
import { readJson } from "./gate/text/json.ts";
import { printable } from "./gate/text/printable.ts";
import { USER_AGENT } from "./userAgent.ts";

/** The part of the built-in `fetch` that is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** A system that is called over HTTP. */
export interface Remote {
  /** As error texts call it. */
  name: string;
  /** The setting that holds `baseUrl`. */
  setting: string;
  /** Without a slash at the end. */
  baseUrl: string;
  fetch: Fetch;
  clock: Clock;
  /** What the body of an error answer gives as the reason. */
  reasonOf(body: unknown): string | null;
}

/** Time for one or more calls together. */
export interface Budget {
  ms: number;
  /** Aborted when the time is over, or when it was given up. */
  signal: AbortSignal;
  givenUp?: AbortSignal | undefined;
}

export interface Call {
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** With a leading slash. */
  path: string;
  headers: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  body?: unknown;
  budget: Budget;
  /** What no error text may repeat. */
  secrets: readonly string[];
  /** Called right before the request goes out, and throws to stop it: a credential may have been waited for. */
  before?: (() => void) | undefined;
}

export function budgetOf(ms: number, givenUp?: AbortSignal): Budget {
  const over = AbortSignal.timeout(ms);
  return { ms, signal: givenUp === undefined ? over : AbortSignal.any([over, givenUp]), givenUp };
}

/** `url` without slashes at its end; throws where it is no plain web address. */
export function baseUrlOf(setting: string, url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const plain =
    parsed !== null &&
    (parsed.protocol === "https:" || parsed.protocol === "http:") &&
    parsed.username + parsed.password + parsed.search + parsed.hash === "";
  if (!plain) {
    // The value is not repeated: it may hold a password.
    throw new Error(
      `\`${setting}\` must be an http or https address without user name, password, query and fragment`,
    );
  }
  return url.replace(/\/+$/, "");
}

/** Sends once and gives the text of a 2xx answer; everything else is a `RemoteError`. Never follows a redirect. */
export async function send(remote: Remote, call: Call): Promise<string> {
  return (await exchange(remote, call)).text;
}

/**
 * Sends once and reads the JSON of a 2xx answer.
 * @param problemOf What is wrong with an answer of that shape; null: nothing.
 */
export async function ask<T extends z.ZodType>(
  remote: Remote,
  call: Call,
  shape: T,
  problemOf: (answer: z.output<T>) => string | null = () => null,
): Promise<z.output<T>> {
  const { status, text } = await exchange(remote, call);
  const unreadable = (problem: string) =>
    new RemoteError(`the answer of ${remote.name} to ${told(call)} ${problem}`, {
      nothingDone: reads(call),
      retryable: true,
      status,
    });
  const read = readJson(text);
  if (!read.ok) {
    throw unreadable(read.problem);
  }
  const parsed = shape.safeParse(read.value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const field = issue === undefined || issue.path.length === 0 ? "body" : issue.path.join(".");
    throw unreadable(`cannot be used: \`${field}\`: ${issue?.message ?? "Invalid input"}`);
  }
  const problem = problemOf(parsed.data);
  if (problem !== null) {
    throw unreadable(`cannot be used: ${problem}`);
  }
  return parsed.data;
}

async function exchange(remote: Remote, call: Call): Promise<{ status: number; text: string }> {
  call.before?.();
  if (call.budget.signal.aborted) {
    // A secret, or the call before, took all of the time.
    throw new RemoteError(`${remote.name} was not asked ${told(call)}: the time for it was over`, {
      nothingDone: true,
      retryable: true,
    });
  }
  let response: Response;
  try {
    response = await remote.fetch(remote.baseUrl + call.path, {
      method: call.method,
      redirect: "manual",
      signal: call.budget.signal,
      headers: {
        "user-agent": USER_AGENT,
        // A connection that was kept while a function was frozen may be dead, and what is written to a dead one has an
        // unclear outcome. So each call has its own.
        connection: "close",
        ...call.headers,
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    });
  } catch (error) {
    throw connectionError(remote, call, error);
  }
  const { status } = response;
  if (status >= 300 && status < 400) {
    await response.body?.cancel().catch(() => undefined);
    throw redirectError(remote, call, response);
  }
  let text: string;
  try {
    text = await response.text();
  } catch (error) {
    if (response.ok) throw connectionError(remote, call, error);
    // The status alone settles it.
    text = "";
  }
  if (!response.ok) throw refusal(remote, call, response, text);
  return { status, text };
}

/** A GET has no effect, whatever becomes of it. */
function reads(call: Call): boolean {
  return call.method === "GET";
}

/**
 * The statuses by which a server says that it did not do what was asked: those that PagerDuty documents, and those
 * that HTTP defines as a refusal of the request itself. With any other one (a timeout 408, a conflict 409, a proxy's
 * 499, a redirect, a server's failure) it may have been done before.
 */
const REFUSALS: readonly number[] = [400, 401, 402, 403, 404, 405, 413, 415, 422, 429];

function told(call: Call): string {
  return `${call.method} ${call.path.split("?")[0] ?? ""}`;
}

function refusal(remote: Remote, call: Call, response: Response, text: string): RemoteError {
  const { status } = response;
  const reason = shownReason(remote.reasonOf(jsonOrNull(text)), call.secrets);
  return new RemoteError(
    `${remote.name} answered ${status} to ${told(call)}${reason === null ? "" : `: ${reason}`}`,
    {
      nothingDone: reads(call) || REFUSALS.includes(status),
      retryable: status >= 500 || status === 429 || status === 408,
      status,
      retryAfterMs: retryAfterMs(response.headers, remote.clock),
    },
  );
}

function redirectError(remote: Remote, call: Call, response: Response): RemoteError {
  const location = response.headers.get("location");
  const own = remote.baseUrl + call.path;
  // Only the host is told: the rest of the address may hold what is nobody's business.
  const to =
    location !== null && URL.canParse(location, own)
      ? `redirects to ${new URL(location, own).host}`
      : "redirects to no address";
  return new RemoteError(
    `\`${remote.setting}\` points to ${new URL(own).host}, which answered ${response.status} to ${told(call)} ` +
      `and ${to}. Redirects are not followed: set \`${remote.setting}\` to the address that answers itself`,
    // A redirect is also how a server tells where the result of what it did can be found.
    { nothingDone: reads(call), retryable: false, status: response.status },
  );
}

function connectionError(remote: Remote, call: Call, error: unknown): RemoteError {
  const { budget } = call;
  if (budget.signal.aborted) {
    const problem =
      budget.givenUp?.aborted === true
        ? `did not answer another call in its time, and had not answered ${told(call)} by then`
        : `did not answer ${told(call)} within ${budget.ms / 1000} s`;
    return new RemoteError(`${remote.name} ${problem}`, {
      nothingDone: reads(call),
      retryable: true,
      silent: true,
    });
  }
  const cause: unknown = error instanceof Error ? (error.cause ?? error) : error;
  // Only codes are told: messages may repeat headers.
  const code = codeOf(cause);
  if (neverSent(cause)) {
    return new RemoteError(
      `${remote.name} could not be reached for ${told(call)}${code === null ? "" : `: ${code}`}`,
      { nothingDone: true, retryable: true, silent: true },
    );
  }
  return new RemoteError(
    `the connection to ${remote.name} broke during ${told(call)}${code === null ? "" : `: ${code}`}`,
    { nothingDone: reads(call), retryable: true, silent: true },
  );
}

/** OpenSSL's and Node's reasons not to trust a certificate, found before anything is sent. */
const UNTRUSTED =
  /^(CERT_.+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_.+|ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)$/;

/** True when the failure is one of finding or opening the connection, so that no request can have left. */
function neverSent(cause: unknown): boolean {
  if (cause instanceof AggregateError) {
    return cause.errors.length > 0 && cause.errors.every(neverSent);
  }
  const facts = failureShape.safeParse(cause).data;
  const code = facts?.code ?? "";
  return (
    facts?.syscall === "getaddrinfo" ||
    facts?.syscall === "connect" ||
    code === "UND_ERR_CONNECT_TIMEOUT" ||
    UNTRUSTED.test(code)
  );
}

const failureShape = z.object({
  code: z.string().optional().catch(undefined),
  syscall: z.string().optional().catch(undefined),
});

function codeOf(cause: unknown): string | null {
  const code = failureShape.safeParse(cause).data?.code ?? "";
  return /^[A-Z0-9_]{1,60}$/.test(code) ? code : null;
}

/** Whatever the other side asks: what is asked again after this long does it no harm, and nothing stands still for days. */
const LONGEST_RETRY_AFTER_MS = 5 * 60_000;

/** How long the other side asks to wait: `ratelimit-reset` and `retry-after` in seconds, the latter also as a date. */
function retryAfterMs(headers: Headers, clock: Clock): number | null {
  for (const name of ["ratelimit-reset", "retry-after"]) {
    const value = headers.get(name)?.trim() ?? "";
    if (/^\d+$/.test(value)) return Math.min(Number(value) * 1000, LONGEST_RETRY_AFTER_MS);
    const atMs = name === "retry-after" && value.endsWith("GMT") ? Date.parse(value) : NaN;
    if (!Number.isNaN(atMs)) {
      return Math.min(Math.max(0, atMs - clock.now()), LONGEST_RETRY_AFTER_MS);
    }
  }
  return null;
}

const SHOWN_REASON = 300;
const TELLTALE = 8;

/** The reason in one line, or nothing of it where it repeats a secret or a good part of one. */
function shownReason(reason: string | null, secrets: readonly string[]): string | null {
  if (reason === null) return null;
  if (secrets.some((secret) => repeats(reason, secret))) {
    return "(the reason is withheld: it repeats a secret)";
  }
  // Line breaks would forge lines in logs and notes.
  const line = printable(reason).replace(/ +/g, " ").trim();
  return line === "" ? null : line.slice(0, SHOWN_REASON);
}

function repeats(text: string, secret: string): boolean {
  if (secret.length <= TELLTALE) return secret !== "" && text.includes(secret);
  for (let from = 0; from + TELLTALE <= secret.length; from += 1) {
    if (text.includes(secret.slice(from, from + TELLTALE))) return true;
  }
  return false;
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
