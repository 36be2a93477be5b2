import { Hono } from "hono";
import type { Context } from "hono";
import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Fault } from "../account/documents.ts";
import type { Store } from "../account/store.ts";
import { webhookTime } from "../account/time.ts";
import type { Waiters } from "../account/waiters.ts";
import { actingUser, authenticate } from "./auth.ts";
import type { MainToken } from "./auth.ts";
import { ApiError, accessDenied, invalidInput, notFound, rateLimited } from "./errors.ts";
import type { Faults } from "./faults.ts";
import { isOwnSite } from "./sites.ts";
import type { RateLimit } from "./rateLimit.ts";
import { exchanges } from "./exchanges.ts";
import type { Exchange } from "./exchanges.ts";
import { safeBody, safeHeaders, safePath } from "./requestLog.ts";
import type { RequestLog } from "./requestLog.ts";
import type { Answer, Call, Route } from "./route.ts";

export interface AppOptions {
  store: Store;
  routes: readonly Route[];
  token: MainToken;
  rateLimit: RateLimit;
  faults: Faults;
  log: RequestLog;
  waiters: Waiters;
  now(): number;
  /** Whether only this machine can reach the emulator, under a name of its own. */
  loopbackOnly: boolean;
  /** Called after every call that may have left something to do. */
  onDone(): void;
}

type Environment = { Bindings: HttpBindings };

/** The HTTP side: every call is read, authenticated, counted, done in one transaction and logged. */
export function createApp(options: AppOptions): Hono<Environment> {
  const app = new Hono<Environment>();
  for (const route of options.routes) {
    app.on(route.method, route.path, (context) => answer(options, route, context));
  }
  const unknown: Route = {
    method: "GET",
    path: "*",
    handle: () => {
      throw notFound();
    },
  };
  app.notFound((context) => answer(options, unknown, context));
  app.onError((error) => {
    console.error(error);
    return Response.json(
      { error: { message: "Internal Server Error", code: 2000 } },
      { status: 500 },
    );
  });
  return app;
}

function otherSite(): Answer {
  const error = accessDenied("only pages of the emulator itself may use this");
  return { status: error.status, body: error.body() };
}

/** What goes back, and whether at all. */
interface Outcome extends Answer {
  headers: Record<string, string>;
  cut: boolean;
}

async function answer(
  options: AppOptions,
  route: Route,
  context: Context<Environment>,
): Promise<Response> {
  const { method, path } = context.req;
  const text = await context.req.text();
  if (route.own) {
    if (!isOwnSite(context.req.raw.headers, options.loopbackOnly)) {
      return respond(context, { ...otherSite(), headers: {}, cut: false });
    }
    return respond(context, { ...perform(options, route, context, text), cut: false });
  }
  const receivedAt = webhookTime(options.now());
  const fault = options.faults.takeForCall(method, path);
  const late = async (after: boolean): Promise<void> => {
    if (fault?.delayMs !== undefined && (fault.afterDoing ?? false) === after) {
      await options.waiters.wait(fault.delayMs).over;
    }
  };
  await late(false);
  const outcome = faultedOutcome(options, route, context, text, fault);
  if (fault?.afterDoing) {
    // What was done is told to others at once, however late the answer comes.
    options.onDone();
  }
  await late(true);
  options.log.add({
    time: receivedAt,
    method,
    path: safePath(path),
    query: new URL(context.req.url).search,
    headers: safeHeaders(context.req.raw.headers),
    body: text === "" ? null : safeBody(parsedOrText(text)),
    status: outcome.cut ? null : outcome.status,
    fault: fault?.id ?? null,
  });
  options.onDone();
  if (exchanges.hasSubscribers && outcome.html === undefined) {
    tell(context, text, outcome, fault?.status !== undefined);
  }
  return respond(context, outcome);
}

function tell(
  context: Context<Environment>,
  text: string,
  outcome: Outcome,
  isFault: boolean,
): void {
  const { req } = context;
  const exchange: Exchange = {
    method: req.method,
    path: req.path,
    query: new URL(req.url).searchParams,
    // A copy: those of the server end with the request.
    headers: new Headers(req.raw.headers),
    sent: text === "" ? undefined : parsedOrText(text),
    status: outcome.status,
    answered: outcome.body,
    isFault,
  };
  exchanges.publish(exchange);
}

function faultedOutcome(
  options: AppOptions,
  route: Route,
  context: Context<Environment>,
  text: string,
  fault: Fault | undefined,
): Outcome {
  const replacement =
    fault?.status === undefined ? undefined : faultAnswer(fault.status, fault.body);
  if (replacement && !fault?.afterDoing) {
    return { ...replacement, headers: fault?.headers ?? {}, cut: fault?.dropAnswer === true };
  }
  const real = perform(options, route, context, text);
  if (fault?.duplicate) {
    // As a proxy does that repeats a call: the caller sees the first answer only.
    perform(options, route, context, text);
  }
  const headers = { ...real.headers, ...fault?.headers };
  return { ...real, ...replacement, headers, cut: fault?.dropAnswer === true };
}

function faultAnswer(status: number, body: unknown): Answer {
  if (body !== undefined) {
    return { status, body };
  }
  if (status === 429) {
    return { status, body: rateLimited().body() };
  }
  return { status, body: { error: { message: "A fault was asked for", code: 2000 } } };
}

/** Does the call; errors become answers. */
function perform(
  options: AppOptions,
  route: Route,
  context: Context<Environment>,
  text: string,
): Outcome {
  let headers: Record<string, string> = {};
  try {
    const call: Omit<Call, "user"> = {
      params: context.req.param(),
      query: new URL(context.req.url).searchParams,
      body: undefined,
    };
    if (route.access === "open") {
      return { ...handle(options, route, { ...call, user: NOBODY }, text), headers, cut: false };
    }
    const { store, token, rateLimit } = options;
    const caller = authenticate(store, token, context.req.header("authorization"));
    const allowance = rateLimit.take(caller.user.id, options.now());
    headers = allowance.headers;
    if (!allowance.allowed) {
      throw rateLimited();
    }
    const user = actingUser(store, route, caller, context.req.header("from"));
    return { ...handle(options, route, { ...call, user }, text), headers, cut: false };
  } catch (error) {
    if (error instanceof ApiError) {
      return { status: error.status, body: error.body(), headers, cut: false };
    }
    throw error;
  }
}

/** Who calls routes that need no token. */
const NOBODY: Call["user"] = {
  id: "",
  name: "",
  email: "",
  role: "",
  jobTitle: "",
  timeZone: "Etc/UTC",
  teams: [],
};

function handle({ store }: AppOptions, route: Route, call: Call, text: string): Answer {
  return store.transaction(() => route.handle({ ...call, body: bodyOf(route, text) }));
}

function bodyOf(route: Route, text: string): unknown {
  if (text.trim() === "") {
    return undefined;
  }
  const body = parsedOrText(text);
  if (body === text && !route.anyBody) {
    throw invalidInput("the body is not JSON");
  }
  return body;
}

function parsedOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function respond(context: Context<Environment>, outcome: Outcome): Response {
  if (outcome.cut) {
    context.env.incoming.socket.destroy();
    return RESPONSE_ALREADY_SENT;
  }
  const { status, headers } = outcome;
  if (outcome.html !== undefined) {
    return new Response(outcome.html, {
      status,
      headers: { ...headers, "content-type": "text/html; charset=utf-8" },
    });
  }
  if (outcome.body === undefined) {
    return new Response(null, { status, headers });
  }
  return new Response(JSON.stringify(outcome.body), {
    status,
    headers: { ...headers, "content-type": "application/json; charset=utf-8" },
  });
}
