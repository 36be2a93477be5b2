import { z } from "zod";
import type { Account } from "../account/account.ts";
import type { Delivery } from "../account/documents.ts";
import { apiToken } from "../account/ids.ts";
import { webhookTime } from "../account/time.ts";
import { resumeInvocations } from "../automation/invocations.ts";
import { tokenId } from "./auth.ts";
import { notFound } from "./errors.ts";
import { FaultRequest } from "./faults.ts";
import type { Faults } from "./faults.ts";
import { instant } from "./pages.ts";
import type { RequestLog } from "./requestLog.ts";
import { param, parseBody } from "./route.ts";
import type { Answer, Call, Route } from "./route.ts";

export interface ControlOptions {
  account: Account;
  faults: Faults;
  log: RequestLog;
  /** Something may be due now. */
  wake(): void;
  /** Empties the account and seeds it anew. */
  reset(): void;
}

const OutcomeRequest = z.strictObject({
  outcome: z.enum(["completed", "error", "aborted", "stuck"]),
});

const TokenRequest = z.strictObject({ user_id: z.string().min(1) });

/** The emulator's own switches, under `/_emulator`. They need no token. */
export function controlRoutes({ account, faults, log, wake, reset }: ControlOptions): Route[] {
  const { store } = account;
  const own = (method: Route["method"], path: string, handle: (call: Call) => Answer): Route => ({
    method,
    path: `/_emulator${path}`,
    access: "open",
    own: true,
    handle,
  });
  return [
    own("POST", "/faults", (call) => ({
      status: 201,
      body: { fault: faults.add(parseBody(call, FaultRequest)) },
    })),
    own("GET", "/faults", () => ({ status: 200, body: { faults: faults.list() } })),
    own("DELETE", "/faults", () => {
      store.clear("faults");
      return { status: 204 };
    }),
    own("DELETE", "/faults/:id", (call) => {
      if (!store.delete("faults", param(call, "id"))) {
        throw notFound();
      }
      return { status: 204 };
    }),
    own("GET", "/requests", ({ query }) => ({
      status: 200,
      body: {
        requests: log.list({
          call: query.get("call") ?? undefined,
          sinceMs: instant(query, "since"),
        }),
      },
    })),
    own("DELETE", "/requests", () => {
      log.clear();
      return { status: 204 };
    }),
    own("GET", "/deliveries", ({ query }) => {
      const subscription = query.get("subscription");
      const state = query.get("state");
      const deliveries = store
        .list("deliveries")
        .filter(
          (delivery) =>
            (subscription === null || delivery.subscription === subscription) &&
            (state === null || delivery.state === state),
        );
      return { status: 200, body: { deliveries: deliveries.map(renderDelivery) } };
    }),
    own("POST", "/actions/:id/outcome", (call) => {
      const action = store.get("actions", param(call, "id"));
      if (!action) {
        throw notFound();
      }
      const { outcome } = parseBody(call, OutcomeRequest);
      const changed = { ...action, outcome };
      store.put("actions", changed);
      if (outcome !== "stuck") {
        resumeInvocations(account, changed);
      }
      wake();
      return { status: 200, body: { action: { id: action.id, name: action.name, outcome } } };
    }),
    own("POST", "/tokens", (call) => {
      const { user_id: user } = parseBody(call, TokenRequest);
      if (!store.get("users", user)) {
        throw notFound();
      }
      const token = apiToken();
      store.put("tokens", { id: tokenId(token), user });
      return { status: 201, body: { token, user_id: user } };
    }),
    own("POST", "/reset", () => {
      reset();
      return { status: 204 };
    }),
  ];
}

function renderDelivery(delivery: Delivery): Record<string, unknown> {
  return {
    id: delivery.id,
    webhook_id: delivery.webhookId,
    subscription: delivery.subscription,
    event_id: delivery.eventId,
    event_type: delivery.eventType,
    state: delivery.state,
    queued_at: webhookTime(delivery.createdAtMs),
    due_at: delivery.dueAtMs === null ? null : webhookTime(delivery.dueAtMs),
    body: JSON.parse(delivery.body) as unknown,
    attempts: delivery.attempts.map(({ atMs, status, error }) => ({
      at: webhookTime(atMs),
      status,
      error,
    })),
  };
}
