import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import type { EmbeddedParts } from "../embedded.ts";
import type { LocalGateParts } from "../gate.ts";
import type { Otherwise } from "../httpHost.ts";
import { runScenario, ScenarioError, scenarios } from "../scenarios/index.ts";
import { asset, PAGE_HEADERS } from "./assets.ts";
import type { Changes } from "./changes.ts";
import { ENDED_SHOWN, MOST_ENDED_SHOWN, detail, overview } from "./data.ts";
import { isForeignRead, isFromHere, isOwnWrite } from "./guard.ts";
import { skipTime } from "./skip.ts";
import { stream } from "./stream.ts";

const MAX_BODY_BYTES = 1024;
const MAX_SKIP_MS = 7 * 86_400_000;

export interface TimelineParts {
  gate: LocalGateParts;
  changes: Changes;
  /** Null: a gate against real services, whose page has neither scenarios nor a clock. */
  embedded: EmbeddedParts | null;
  /** Whether the gate's public address is of this machine only. */
  isLocal: boolean;
}

/** `GET /` and what it needs. Whoever is not on this machine is told that there is nothing. */
export function timelineHandler(parts: TimelineParts): Otherwise {
  return (request, response, none) => {
    answer(parts, request, response, none).catch(() => {
      if (!response.headersSent) {
        send(response, 500, { error: "the gate cannot reach its store; try again" });
      } else {
        response.end();
      }
    });
  };
}

async function answer(
  parts: TimelineParts,
  request: IncomingMessage,
  response: ServerResponse,
  none: () => void,
): Promise<void> {
  const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
  if (!parts.isLocal || !isFromHere(request)) {
    return none();
  }
  if (request.method === "POST") {
    return write(parts, path, request, response, none);
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    return none();
  }
  const file = asset(path);
  if (file !== null) {
    response.writeHead(200, { ...PAGE_HEADERS, "content-type": file.type }).end(file.content);
    return;
  }
  return read(parts, path, request, response, none);
}

async function read(
  parts: TimelineParts,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  none: () => void,
): Promise<void> {
  const { gate, embedded, changes } = parts;
  if (isForeignRead(request)) {
    return send(response, 403, { error: "other web pages may not read the timeline" });
  }
  if (path === "/timeline/events") {
    return stream(response, PAGE_HEADERS, changes, () => gate.clock.now());
  }
  const now = new Date(gate.clock.now()).toISOString();
  if (path === "/timeline/data") {
    const shown = shownOf(request);
    if (shown === null) {
      return send(response, 400, {
        error: `\`ended\` must be a whole number from 1 to ${MOST_ENDED_SHOWN}`,
      });
    }
    return send(response, 200, {
      now,
      ...(await overview(gate, shown)),
      embedded: embedded === null ? null : embeddedView(embedded),
    });
  }
  const id = /^\/timeline\/proposals\/([A-Za-z0-9_-]{1,100})$/.exec(path)?.[1];
  if (id === undefined) {
    return none();
  }
  const found = await detail(gate.ledger, id);
  return found === null
    ? send(response, 404, { error: "no such proposal" })
    : send(response, 200, { now, ...found });
}

/** How many that have ended are asked for; null: not a number that is allowed. */
function shownOf(request: IncomingMessage): number | null {
  const query = new URLSearchParams((request.url ?? "").split("?", 2)[1] ?? "");
  const shown = Number(query.get("ended") ?? ENDED_SHOWN);
  return Number.isInteger(shown) && shown >= 1 && shown <= MOST_ENDED_SHOWN ? shown : null;
}

/** What only the embedded gate has. No token is among it. */
function embeddedView({ clock, cheqpoint, pagerDuty }: EmbeddedParts) {
  return {
    inbox_url: cheqpoint.url,
    pagerduty_url: pagerDuty.url,
    skipped_ms: clock.skippedMs,
    scenarios: scenarios.map(({ name, title, shows }) => ({ name, title, shows })),
  };
}

async function write(
  { gate, embedded, changes }: TimelineParts,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  none: () => void,
): Promise<void> {
  const scenario = /^\/timeline\/scenarios\/([a-z]+)$/.exec(path)?.[1];
  if (embedded === null || (scenario === undefined && path !== "/timeline/clock")) {
    return none();
  }
  if (!isOwnWrite(request)) {
    return send(response, 403, { error: "only the timeline page itself may do this" });
  }
  if (!/^application\/json(;|$)/.test(request.headers["content-type"] ?? "")) {
    return send(response, 415, { error: "the body must be `application/json`" });
  }
  const body = await bodyOf(request);
  if (scenario !== undefined) {
    return start(scenario, embedded, response);
  }
  const asked = skipBody.safeParse(body);
  if (!asked.success) {
    return send(response, 400, {
      error: `\`skip_ms\` must be a whole number from 1 to ${MAX_SKIP_MS}`,
    });
  }
  await skipTime(embedded, gate.queue, asked.data.skip_ms);
  changes.tell();
  return send(response, 200, {
    now: new Date(gate.clock.now()).toISOString(),
    skipped_ms: embedded.clock.skippedMs,
  });
}

const skipBody = z.strictObject({ skip_ms: z.int().min(1).max(MAX_SKIP_MS) });

async function start(
  name: string,
  embedded: EmbeddedParts,
  response: ServerResponse,
): Promise<void> {
  try {
    send(response, 200, await runScenario(name, embedded.endpoints()));
  } catch (error) {
    if (error instanceof RangeError || error instanceof ScenarioError) {
      return send(response, error instanceof RangeError ? 404 : 502, { error: error.message });
    }
    throw error;
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) {
      return null;
    }
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    return null;
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response
    .writeHead(status, { ...PAGE_HEADERS, "content-type": "application/json" })
    .end(JSON.stringify(body));
}
