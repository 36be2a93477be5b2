import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { isIPv6, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { ApiEvent, ApiResult } from "../functions/aws/apiEvent.ts";
import { gateHeaders } from "../functions/http.ts";
import { routeOf, unrouted } from "../functions/routes.ts";

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

/** Answers what no route takes; `none` says that there is nothing. */
export type Otherwise = (
  request: IncomingMessage,
  response: ServerResponse,
  none: () => void,
) => void;

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
  otherwise: Otherwise;
  /** Told of every request before anything is done for it. */
  onRequest?: () => void;
}): Promise<HttpHost> {
  const routes = options.functions.flatMap(({ routes, handler }) =>
    routes.map((routeKey) => ({ routeKey, route: routeOf(routeKey), handler })),
  );
  const running = new Set<Promise<unknown>>();
  const server = createServer((request, response) => {
    options.onRequest?.();
    const path = ((request.url ?? "/").split("?", 1)[0] ?? "/").replace(/^\/+/, "/");
    for (const { routeKey, route, handler } of routes) {
      const params = route.method === request.method ? route.match(path) : null;
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
    options.otherwise(request, response, () => {
      const { status, headers, body } = unrouted(
        { method: request.method ?? "", path },
        routes.map(({ route }) => route),
      );
      response.writeHead(status, { ...headers, ...gateHeaders }).end(body);
    });
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

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  routeKey: string,
  pathParameters: Readonly<Record<string, string>>,
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
  pathParameters: Readonly<Record<string, string>>,
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
