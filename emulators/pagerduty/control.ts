import { z } from "zod";
import { referenceTo } from "./account/account.ts";
import type { Account } from "./account/account.ts";
import type { Delivery } from "./account/documents.ts";
import { apiToken } from "./account/ids.ts";
import { webhookTime } from "./account/time.ts";
import { resumeInvocations } from "./automation/invocations.ts";
import { abilitiesOf, setAbilities } from "./directory/abilities.ts";
import { emitForIncident } from "./incidents/record.ts";
import { tokenId } from "./http/auth.ts";
import { notFound } from "./http/errors.ts";
import { FaultRequest } from "./http/faults.ts";
import type { Faults } from "./http/faults.ts";
import { instant } from "./http/pages.ts";
import type { RequestLog } from "./http/requestLog.ts";
import { param, parseBody } from "./http/route.ts";
import type { Answer, Call, Route } from "./http/route.ts";

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
  outcome: z.enum(["completed", "error", "aborted", "stuck", "unknown"]),
});

const AbilitiesRequest = z.strictObject({ abilities: z.array(z.string().min(1)) });

/** For what people do outside the REST API, such as tasks and roles. */
const EventRequest = z.strictObject({
  event_type: z.string().regex(/^incident\../, "must begin with incident."),
  incident_id: z.string().min(1),
  user_id: z.string().min(1).optional(),
  data: z.record(z.string(), z.unknown()),
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
    // What each run found in its incident's custom fields when it began, oldest first.
    own("GET", "/runs", () => ({
      status: 200,
      body: {
        runs: store
          .list("invocations")
          .flatMap(({ id, action, incident, fieldsFound }) =>
            fieldsFound === undefined ? [] : [{ id, action, incident, fields_found: fieldsFound }],
          ),
      },
    })),
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
    own("PUT", "/abilities", (call) => {
      setAbilities(account, parseBody(call, AbilitiesRequest).abilities);
      return { status: 200, body: { abilities: abilitiesOf(account) } };
    }),
    own("POST", "/events", (call) => {
      const wanted = parseBody(call, EventRequest);
      const incident = store.get("incidents", wanted.incident_id);
      if (!incident) {
        throw notFound();
      }
      const agent = wanted.user_id ? referenceTo(account, "user", wanted.user_id) : null;
      const type = wanted.event_type.replace(/^incident\./, "");
      emitForIncident(account, incident, type, agent, wanted.data);
      wake();
      return { status: 202 };
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
