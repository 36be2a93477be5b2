import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { isIPv6, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { ApiEvent, ApiResult } from "../functions/aws/apiEvent.ts";

/** As API Gateway. */
const MAX_BODY_BYTES = 10 * 1024 * 1024;
/** Connections that may wait to be taken. Those that find no place are tried again a second later, and time out in a storm. */
const BACKLOG = 4_096;
/** Handlers only use the store, so that one which takes longer hangs. */
const FINISH_WITHIN_MS = 5_000;

/** A Lambda handler behind the routes of an HTTP API. */
export interface HostedFunction {
  /** `POST /cheqpoint/callback/{token}`. */
  routes: readonly string[];
  handler: (event: unknown) => Promise<ApiResult>;
}

export interface HttpHost {
  url: string;
  port: number;
  /** Takes nothing more, lets the functions that run send their answers, and cuts what is still open after that. */
  stop(options?: { withinMs?: number }): Promise<void>;
}

/**
 * Stands for API Gateway: turns each HTTP request into the event that a function would get there and its result into
 * the answer. What no route takes goes to `otherwise`.
 */
export async function startHttpHost(options: {
  port: number;
  host: string;
  functions: readonly HostedFunction[];
  otherwise: (request: IncomingMessage, response: ServerResponse) => void;
  /** Told of every request before anything is done for it. */
  onRequest?: () => void;
}): Promise<HttpHost> {
  const routes = options.functions.flatMap(({ routes, handler }) =>
    routes.map((routeKey) => ({ routeKey, match: matcherOf(routeKey), handler })),
  );
  const running = new Set<Promise<unknown>>();
  const server = createServer((request, response) => {
    options.onRequest?.();
    const path = ((request.url ?? "/").split("?", 1)[0] ?? "/").replace(/^\/+/, "/");
    for (const { routeKey, match, handler } of routes) {
      const params = match(request.method ?? "", path);
      if (params !== null) {
        const sent = new Promise((resolve) => response.once("close", resolve));
        const whole = Promise.all([
          answer(request, response, routeKey, params, handler),
          sent,
        ]).finally(() => running.delete(whole));
        running.add(whole);
        return;
      }
    }
    options.otherwise(request, response);
  });
  await listen(server, options.port, options.host);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://${reachableAt(options.host)}:${port}`,
    async stop({ withinMs = FINISH_WITHIN_MS } = {}) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const enough = new AbortController();
      const late = sleep(withinMs, undefined, { signal: enough.signal }).catch(() => undefined);
      await Promise.race([Promise.all(running), late]);
      enough.abort();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Where this machine reaches a server that listens there. */
function reachableAt(host: string): string {
  const own: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "[::1]" };
  return own[host] ?? (isIPv6(host) ? `[${host}]` : host);
}

type Params = Readonly<Record<string, string>>;

function matcherOf(routeKey: string): (method: string, path: string) => Params | null {
  const [wanted = "", pattern = ""] = routeKey.split(" ");
  const isGreedy = pattern.endsWith("+}");
  const parts = pattern.split("/");
  return (method, path) => {
    const whole = path.split("/");
    const given = isGreedy
      ? [...whole.slice(0, parts.length - 1), whole.slice(parts.length - 1).join("/")]
      : whole;
    if (method !== wanted || given.length !== parts.length) {
      return null;
    }
    const params: Record<string, string> = {};
    for (const [index, part] of parts.entries()) {
      const value = given[index] ?? "";
      if (part.startsWith("{")) {
        const decoded = decode(value);
        if (decoded === null || decoded === "") {
          return null;
        }
        params[part.slice(1, isGreedy ? -2 : -1)] = decoded;
      } else if (part !== value) {
        return null;
      }
    }
    return params;
  };
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  routeKey: string,
  pathParameters: Params,
  handler: HostedFunction["handler"],
): Promise<void> {
  try {
    const body = await readBody(request);
    if (body === null) {
      response.writeHead(413, { "content-type": "application/json", connection: "close" });
      response.end('{"message":"Request Entity Too Large"}');
      return;
    }
    const {
      statusCode,
      headers,
      body: text,
    } = await handler(eventOf(request, routeKey, pathParameters, body));
    response.writeHead(statusCode, headers).end(text);
  } catch {
    // A caller that went away, or a function that failed: API Gateway tells no more either.
    if (!response.headersSent) {
      response.writeHead(500, { "content-type": "application/json" });
    }
    response.end('{"message":"Internal Server Error"}');
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) {
      return null;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function eventOf(
  request: IncomingMessage,
  routeKey: string,
  pathParameters: Params,
  body: Buffer,
): ApiEvent {
  const [rawPath = "/", rawQueryString = ""] = (request.url ?? "/").split("?", 2);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    headers[name] = Array.isArray(value) ? value.join(",") : (value ?? "");
  }
  return {
    version: "2.0",
    routeKey,
    rawPath,
    rawQueryString,
    headers,
    pathParameters: { ...pathParameters },
    requestContext: { http: { method: request.method ?? "GET" } },
    body: body.toString("base64"),
    isBase64Encoded: true,
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, BACKLOG, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
