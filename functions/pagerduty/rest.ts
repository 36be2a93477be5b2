import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import { withCredential } from "../credential.ts";
import type { Credential } from "../credential.ts";
import { RemoteError } from "../gate/ports/index.ts";
import type { Clock } from "../gate/ports/index.ts";
import { ask, baseUrlOf, budgetOf, send } from "../remote.ts";
import type { Budget, Call, Fetch, Remote } from "../remote.ts";
import { createTraffic } from "../traffic.ts";

export interface PagerDutyOptions {
  /** Root of the REST API, `https://api.pagerduty.com`. */
  baseUrl: string;
  /** Asked before every call, and with `refresh` when PagerDuty refused it: it may have been renewed a moment ago. */
  token: (refresh?: boolean) => Promise<string>;
  /** Email address of the PagerDuty user in whose name incidents and notes are written. */
  from: string;
  /** `token`: an API key (default). `bearer`: an OAuth token. */
  tokenType?: "token" | "bearer";
  /** Longest time for one call, its one repetition included. Defaults to 10 s. */
  timeoutMs?: number;
  /** Defaults to the built-in one. */
  fetch?: Fetch;
  clock: Clock;
  /** Calls that it makes in any minute at most. PagerDuty takes 960 of an account's key. Defaults to any number. */
  perMinute?: number;
  /** How a pause before a call is waited for. Defaults to a timer. */
  wait?: (ms: number) => Promise<unknown>;
}

/** PagerDuty's REST API: authentication, time limit, repetition of reads. */
export interface Rest {
  /** Repeats once where that may help. Null for 404. */
  find<T extends z.ZodType>(path: string, shape: T): Promise<z.output<T> | null>;
  /** Like `find`; 404 is an error. */
  get<T extends z.ZodType>(path: string, shape: T): Promise<z.output<T>>;
  /** Sends once, or once more after a 401 to a token that was renewed. */
  write<T extends z.ZodType>(request: WriteRequest, shape: T): Promise<z.output<T>>;
  writeBlind(request: WriteRequest): Promise<void>;
  /** Removing what is gone already is no failure. */
  remove(path: string): Promise<void>;
}

export interface WriteRequest {
  method: "POST" | "PUT" | "DELETE";
  path: string;
  body?: unknown;
  /** PagerDuty wants the `From` header on writes to incidents and notes only. */
  named: boolean;
  /** See `Call.before`. */
  before?: (() => void) | undefined;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const PAUSE_MS = 250;
const PAUSE_WITHOUT_RESET_MS = 1_000;

export function createRest(options: PagerDutyOptions): Rest {
  const remote: Remote = {
    name: "PagerDuty",
    setting: "PAGERDUTY_API_URL",
    baseUrl: baseUrlOf("PAGERDUTY_API_URL", options.baseUrl),
    fetch: options.fetch ?? globalThis.fetch,
    clock: options.clock,
    reasonOf,
  };
  const from = emailOf(options.from);
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const wait = options.wait ?? ((ms: number) => pause(ms));
  const { clock, perMinute } = options;
  const traffic = createTraffic({ name: remote.name, clock, wait, perMinute });

  const credential: Credential = {
    what: "PagerDuty API token",
    setting: "PAGERDUTY_TOKEN",
    read: options.token,
  };

  function prepare(
    token: string,
    budget: Budget,
    call: Omit<Call, "budget" | "headers" | "secrets">,
  ): Call {
    const scheme = options.tokenType === "bearer" ? "Bearer " : "Token token=";
    const headers = {
      accept: "application/vnd.pagerduty+json;version=2",
      authorization: scheme + token,
      ...(call.body === undefined ? {} : { "content-type": "application/json" }),
    };
    return { ...call, headers, budget, secrets: [token] };
  }

  function get<T extends z.ZodType>(path: string, shape: T): Promise<z.output<T>> {
    return traffic.pass(() => read(path, shape));
  }

  async function read<T extends z.ZodType>(path: string, shape: T): Promise<z.output<T>> {
    const budget = budgetOf(timeoutMs);
    const startedAtMs = options.clock.now();
    const attempt = () =>
      withCredential(credential, budget, (token) =>
        ask(remote, prepare(token, budget, { method: "GET", path }), shape),
      );
    try {
      return await attempt();
    } catch (error) {
      const pauseMs = pauseBeforeRepeating(error, budget);
      const spentMs = options.clock.now() - startedAtMs;
      if (pauseMs === null || spentMs + pauseMs >= timeoutMs) throw error;
      await wait(pauseMs);
      return attempt();
    }
  }

  async function sendWrite<T>(
    { method, path, body, named, before }: WriteRequest,
    sendCall: (call: Call) => Promise<T>,
  ): Promise<T> {
    return traffic.pass(() => {
      const budget = budgetOf(timeoutMs);
      return withCredential(credential, budget, (token) => {
        const call = prepare(token, budget, { method, path, body, before });
        return sendCall(named ? { ...call, headers: { ...call.headers, from } } : call);
      });
    }, true);
  }

  return {
    get,
    async find(path, shape) {
      try {
        return await get(path, shape);
      } catch (error) {
        if (error instanceof RemoteError && error.status === 404) return null;
        throw error;
      }
    },
    async write(request, shape) {
      return sendWrite(request, (call) => ask(remote, call, shape));
    },
    async writeBlind(request) {
      await sendWrite(request, (call) => send(remote, call));
    },
    async remove(path) {
      try {
        await sendWrite({ method: "DELETE", path, named: false }, (call) => send(remote, call));
      } catch (error) {
        if (!(error instanceof RemoteError && error.status === 404)) throw error;
      }
    },
  };
}

/** Null where repeating cannot help: refused, time used up, or answered in a form that will not change. */
function pauseBeforeRepeating(error: unknown, budget: Budget): number | null {
  if (!(error instanceof RemoteError) || !error.retryable || budget.signal.aborted) return null;
  if (error.status === 429) return error.retryAfterMs ?? PAUSE_WITHOUT_RESET_MS;
  if (error.status === null || error.status >= 500) return error.retryAfterMs ?? PAUSE_MS;
  return null;
}

function emailOf(from: string): string {
  if (!/^[\x21-\x7e]+@[\x21-\x7e]+$/.test(from)) {
    throw new Error("`PAGERDUTY_FROM` must be the email address of a PagerDuty user");
  }
  return from;
}

const errorBody = z.object({
  error: z.object({
    message: z.string().nullish().catch(null),
    code: z.number().nullish().catch(null),
    errors: z.array(z.string()).nullish().catch(null),
    required_scopes: z.string().nullish().catch(null),
  }),
});

function reasonOf(body: unknown): string | null {
  const { error } = errorBody.safeParse(body).data ?? {};
  if (error === undefined) return null;
  const scopes = error.required_scopes ?? "";
  const parts = [
    error.message ?? "",
    typeof error.code === "number" ? `(code ${error.code})` : "",
    (error.errors ?? []).join("; "),
    scopes === "" ? "" : `required scopes: ${scopes}`,
  ];
  return parts.filter((part) => part !== "").join(" ");
}
