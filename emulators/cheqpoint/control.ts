import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { z } from "zod";
import { inboxView } from "./approval.ts";
import type { Approval } from "./approval.ts";
import type { Changes } from "./changes.ts";
import type { Desk } from "./desk.ts";
import type { Faults } from "./faults.ts";
import { InvalidInput, integer, jsonObject, oneOf, parseBody } from "./parse.ts";
import type { RequestLog } from "./requestLog.ts";
import { autoRuleSchema } from "./rules.ts";
import { settingsChange } from "./settings.ts";
import type { Store } from "./store.ts";

const HEARTBEAT_MS = 15_000;
/** How soon a page looks again after its connection broke. */
const RECONNECT_MS = 1_000;
const DEFAULT_LIMIT = 200;
const STATUSES: Record<string, readonly Approval["status"][]> = {
  pending: ["PENDING"],
  approved: ["APPROVED"],
  rejected: ["REJECTED"],
  decided: ["APPROVED", "REJECTED"],
};

const decideBody = z.strictObject({
  decision: oneOf(["approved", "rejected"]),
  note: z.string({ error: "must be a string" }).nullish(),
  modifiedDetails: jsonObject.nullish(),
});
const listQuery = z.object({
  status: z
    .string()
    .toLowerCase()
    .pipe(oneOf(["pending", "approved", "rejected", "decided"]))
    .optional(),
  limit: z.coerce.number().pipe(integer(1, 1000)).default(DEFAULT_LIMIT),
});

interface ControlParts {
  desk: Desk;
  store: Store;
  faults: Faults;
  log: RequestLog;
  changes: Changes;
  clock: { now(): number };
  reviewUrl: (id: string) => string;
  /** Sets the webhook secret; `null` = none. */
  setSecret: (secret: string | null) => void;
  signsCallbacks: () => boolean;
  resetSecret: () => void;
  /** A line of whoever runs the emulator, above all requests; null: none. */
  notice: () => string | null;
}

/** The emulator's own switches and the inbox page's data. Not part of Cheqpoint. */
export function controlRoutes(parts: ControlParts): Hono {
  const app = new Hono();
  app.onError((error, c) => {
    if (error instanceof InvalidInput) return c.json({ error: error.message }, 400);
    throw error;
  });
  switches(app, parts);
  approvals(app, parts);
  app.get("/notice", (c) => c.json({ notice: parts.notice() }));
  app.get("/events", (c) => events(c, parts));
  app.all("*", (c) => c.json({ error: "No such switch of the emulator." }, 404));
  return app;
}

function switches(app: Hono, parts: ControlParts): void {
  const { desk, store, faults, log } = parts;
  const settings = () => ({ ...desk.settings, signsCallbacks: parts.signsCallbacks() });

  app.get("/faults", (c) => c.json({ faults: faults.list() }));
  app.post("/faults", async (c) => c.json(faults.add(await c.req.text()), 201));
  app.delete("/faults", (c) => {
    faults.clear();
    return c.body(null, 204);
  });
  app.get("/requests", (c) => c.json({ requests: log.list() }));
  app.delete("/requests", (c) => {
    log.clear();
    return c.body(null, 204);
  });
  app.get("/callbacks", (c) => c.json({ callbacks: store.callbacks() }));
  app.get("/rules", (c) => c.json({ rules: store.rules() }));
  app.post("/rules", async (c) => {
    const rule = parseBody(autoRuleSchema, await c.req.text());
    store.putRule(rule);
    return c.json(rule, 201);
  });
  app.delete("/rules", (c) => {
    store.removeRules();
    return c.body(null, 204);
  });
  app.delete("/rules/:name", (c) => {
    if (store.removeRule(c.req.param("name"))) return c.body(null, 204);
    return c.json({ error: "No rule with this name." }, 404);
  });
  app.get("/settings", (c) => c.json(settings()));
  app.post("/settings", async (c) => {
    const { webhookSecret, ...change } = parseBody(settingsChange, await c.req.text());
    if (webhookSecret !== undefined) parts.setSecret(webhookSecret);
    desk.change(change);
    return c.json(settings());
  });
  app.post("/reset", (c) => {
    faults.clear();
    log.clear();
    parts.resetSecret();
    desk.reset();
    return c.body(null, 204);
  });
}

function approvals(app: Hono, parts: ControlParts): void {
  const { desk, clock } = parts;
  const view = (approval: Approval) => inboxView(approval, parts.reviewUrl(approval.id));

  app.get("/approvals", (c) => {
    const { status, limit } = parseBody(listQuery, JSON.stringify(c.req.query()));
    const found = desk.list(STATUSES[status ?? ""] ?? ["PENDING", "APPROVED", "REJECTED"], limit);
    return c.json({ now: iso(clock.now()), approvals: found.map(view) });
  });
  app.get("/approvals/:id", (c) => {
    const found = desk.get(c.req.param("id"));
    if (found === undefined) return c.json({ error: "No approval request with this id." }, 404);
    return c.json({ now: iso(clock.now()), approval: view(found) });
  });
  app.post("/approvals/:id/decide", async (c) => {
    const { decision, note, modifiedDetails } = parseBody(decideBody, await c.req.text());
    const result = desk.decide(c.req.param("id"), {
      decision,
      note: note?.trim() ? note : null,
      modifiedDetails: modifiedDetails ?? null,
    });
    if (result.kind === "unknown") {
      return c.json({ error: "No approval request with this id." }, 404);
    }
    if (result.kind === "conflict") {
      return c.json({ error: conflict(result.approval), approval: view(result.approval) }, 409);
    }
    return c.json({ now: iso(clock.now()), approval: view(result.approval) });
  });
}

/** Sends each changed request; `reload` means that everything may have changed. */
function events(c: Parameters<typeof streamSSE>[0], parts: ControlParts): Response {
  const { desk, changes, clock, reviewUrl } = parts;
  return streamSSE(c, async (stream) => {
    const send = (event: string, fields: object) => {
      const data = JSON.stringify({ now: iso(clock.now()), ...fields });
      void stream.writeSSE({ event, data, retry: RECONNECT_MS });
    };
    const unlisten = changes.listen((id) => {
      const approval = id === undefined ? undefined : desk.get(id);
      if (approval === undefined) send("reload", {});
      else send("approval", { approval: inboxView(approval, reviewUrl(approval.id)) });
    });
    const heartbeat = setInterval(() => send("beat", {}), HEARTBEAT_MS);
    const gone = new Promise<void>((resolve) => stream.onAbort(resolve));
    send("beat", {});
    await gone;
    clearInterval(heartbeat);
    unlisten();
  });
}

function conflict({ id, status, decidedAtMs, decidedBy }: Approval): string {
  const when = decidedAtMs === null ? "" : ` at ${iso(decidedAtMs)}`;
  const asked = status === "APPROVED" ? "rejected" : "approved";
  const by = decidedBy === "human" ? "a reviewer" : (decidedBy ?? "a reviewer");
  return `${id} was ${status.toLowerCase()}${when} by ${by}; it cannot be ${asked} now.`;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
