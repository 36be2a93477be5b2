import { z } from "zod";
import type { Account } from "../account/account.ts";
import type { Alert, Incident, Integration, Service } from "../account/documents.ts";
import { dedupKey, objectId } from "../account/ids.ts";
import { incidentKeyOf } from "../account/store.ts";
import { integrationReference } from "../directory/integrations.ts";
import type { RateLimit } from "../http/rateLimit.ts";
import { problems } from "../http/route.ts";
import type { Answer, Call, Route } from "../http/route.ts";
import { acknowledge, resolve } from "../incidents/changes.ts";
import { openIncident, openIncidentByKey } from "../incidents/open.ts";
import { addLogEntry } from "../incidents/record.ts";

const MAX_BYTES = 512 * 1024;

const RoutingKey = z.string().length(32, "must be 32 characters long");

const Payload = z.object({
  summary: z.string().min(1).max(1024),
  source: z.string().min(1),
  severity: z.enum(["critical", "error", "warning", "info"]),
  timestamp: z.string().nullish(),
  component: z.string().nullish(),
  group: z.string().nullish(),
  class: z.string().nullish(),
  custom_details: z.unknown().optional(),
});

const Links = z.array(z.object({ href: z.string(), text: z.string().optional() })).optional();

const Images = z
  .array(z.object({ src: z.string(), href: z.string().optional(), alt: z.string().optional() }))
  .optional();

const AlertEventBody = z
  .object({
    routing_key: RoutingKey,
    event_action: z.enum(["trigger", "acknowledge", "resolve"]),
    dedup_key: z.string().max(255).nullish(),
    payload: Payload.optional(),
    images: Images,
    links: Links,
    client: z.string().nullish(),
    client_url: z.string().nullish(),
  })
  .superRefine(({ event_action, payload, dedup_key }, context) => {
    if (event_action === "trigger" && !payload) {
      context.addIssue({ code: "custom", path: ["payload"], message: "is needed to trigger" });
    }
    if (event_action !== "trigger" && !dedup_key) {
      context.addIssue({
        code: "custom",
        path: ["dedup_key"],
        message: `is needed to ${event_action}`,
      });
    }
  });

/** What is to become of an alert, however it came in. */
export type AlertEvent = Omit<z.infer<typeof AlertEventBody>, "routing_key">;

const ChangeEvent = z.object({
  routing_key: RoutingKey,
  payload: z.object({
    summary: z.string().min(1).max(1024),
    source: z.string().nullish(),
    timestamp: z.string().nullish(),
    custom_details: z.unknown().optional(),
  }),
  links: Links,
  images: Images,
});

/** Events API v2: the routing key is all the authentication. */
export function eventRoutes(account: Account, limit: RateLimit): Route[] {
  return [
    {
      method: "POST",
      path: "/v2/enqueue",
      access: "open",
      anyBody: true,
      handle: (call) =>
        received(account, limit, call, AlertEventBody, (event, integration, service) =>
          take(account, event, integration, service),
        ),
    },
    {
      method: "POST",
      path: "/v2/change/enqueue",
      access: "open",
      anyBody: true,
      handle: (call) =>
        received(account, limit, call, ChangeEvent, () => ({
          status: 202,
          body: { status: "success", message: "Change event processed" },
        })),
    },
  ];
}

function received<T extends z.ZodType<{ routing_key: string }>>(
  account: Account,
  limit: RateLimit,
  call: Call,
  schema: T,
  use: (event: z.infer<T>, integration: Integration, service: Service) => Answer,
): Answer {
  if (Buffer.byteLength(JSON.stringify(call.body) ?? "") > MAX_BYTES) {
    return invalid(413, ["the event is larger than 512 KB"]);
  }
  const parsed = schema.safeParse(call.body);
  if (!parsed.success) {
    return invalid(400, problems(parsed.error));
  }
  const event: z.infer<T> = parsed.data;
  return admitted(account, limit, event.routing_key, (integration, service) =>
    use(event, integration, service),
  );
}

/** Lets in what comes with the key of an integration, as often as that may be used. */
export function admitted(
  account: Account,
  limit: RateLimit,
  key: string,
  use: (integration: Integration, service: Service) => Answer,
): Answer {
  const { store } = account;
  const [integration] = store.byKey("integrations", key);
  const service = integration && store.get("services", integration.service);
  if (!integration || !service) {
    return invalid(400, ["Invalid routing key"]);
  }
  if (!limit.take(integration.id, account.now()).allowed) {
    return {
      status: 429,
      body: {
        status: "throttle exceeded",
        message: "Requests for this service are arriving too quickly. Please retry later.",
      },
    };
  }
  return use(integration, service);
}

export function invalid(status: number, errors: string[]): Answer {
  return {
    status,
    body: { status: "invalid event", message: "Event object is invalid", errors },
  };
}

/** Opens, acknowledges or resolves what has the event's key. */
export function take(
  account: Account,
  event: AlertEvent,
  integration: Integration,
  service: Service,
): Answer {
  const { store } = account;
  const key = event.dedup_key ?? dedupKey();
  const agent = { ...integrationReference(account, integration), type: AGENT_TYPE };
  const alert = store
    .byKey("alerts", incidentKeyOf(service.id, key))
    .find(({ status }) => status === "triggered");
  const open = alert
    ? store.get("incidents", alert.incident)
    : openIncidentByKey(account, service.id, key);
  if (event.event_action === "trigger") {
    trigger(account, event, { integration, service, key, alert, open, agent });
  } else if (open && event.event_action === "acknowledge") {
    acknowledge(account, open, agent);
  } else if (open) {
    resolveAlert(account, alert, open, agent);
  }
  return {
    status: 202,
    body: { status: "success", message: "Event processed", dedup_key: key },
  };
}

const AGENT_TYPE = "inbound_integration_reference";

interface Arrival {
  integration: Integration;
  service: Service;
  key: string;
  alert: Alert | undefined;
  open: Incident | undefined;
  agent: ReturnType<typeof integrationReference>;
}

function trigger(account: Account, event: AlertEvent, arrival: Arrival): void {
  const { integration, service, key, agent } = arrival;
  const { payload } = event;
  if (!payload || service.disabled) {
    return;
  }
  const channel = {
    type: "events_api_v2",
    summary: payload.summary,
    source: payload.source,
    severity: payload.severity,
    ...detailsOf(payload),
  };
  const keepAlert = (incident: Incident): void => {
    if (service.rest["alert_creation"] !== "create_incidents") {
      putAlert(account, event, payload, incident, arrival);
    }
  };
  const joined = arrival.open ?? groupOf(account, service);
  if (!joined) {
    openIncident(account, {
      title: payload.summary,
      service,
      incidentKey: key,
      urgency: urgencyOf(service, payload.severity),
      agent,
      channel,
      withIt: keepAlert,
    });
    return;
  }
  addLogEntry(account, joined, {
    type: "trigger",
    summary: `Triggered again by ${integration.name}`,
    agent,
    channel,
  });
  keepAlert(joined);
}

/** Where the service groups its alerts: the open incident that further ones join. */
function groupOf({ store }: Account, service: Service): Incident | undefined {
  const grouping = service.rest["alert_grouping_parameters"];
  const isOn =
    typeof grouping === "object" &&
    grouping !== null &&
    "type" in grouping &&
    typeof grouping.type === "string";
  return isOn
    ? store
        .list("incidents", service.id)
        .findLast(({ id, status }) => status !== "resolved" && store.list("alerts", id).length > 0)
    : undefined;
}

/** An incident is over with the last of its alerts. */
function resolveAlert(
  account: Account,
  alert: Alert | undefined,
  incident: Incident,
  agent: Arrival["agent"],
): void {
  const { store } = account;
  if (alert) {
    store.put("alerts", { ...alert, status: "resolved", updatedAtMs: account.now() });
  }
  if (store.list("alerts", incident.id).every(({ status }) => status === "resolved")) {
    resolve(account, incident, agent);
  }
}

function detailsOf({ custom_details }: z.infer<typeof Payload>): { details?: unknown } {
  return custom_details === undefined || custom_details === null ? {} : { details: custom_details };
}

function putAlert(
  account: Account,
  event: AlertEvent,
  payload: z.infer<typeof Payload>,
  incident: Incident,
  { integration, service, key, alert }: Arrival,
): void {
  const atMs = account.now();
  // The same key is the same alert, with what was said last.
  account.store.put("alerts", {
    id: alert?.id ?? objectId(),
    incident: incident.id,
    service: service.id,
    alertKey: key,
    summary: payload.summary,
    severity: payload.severity,
    status: "triggered",
    integration: integration.id,
    body: {
      ...detailsOf(payload),
      cef_details: {
        source_origin: payload.source,
        severity: payload.severity,
        summary: payload.summary,
        component: payload.component ?? null,
        event_class: payload.class ?? null,
        service_group: payload.group ?? null,
      },
      links: event.links ?? [],
      images: event.images ?? [],
    },
    createdAtMs: alert?.createdAtMs ?? atMs,
    updatedAtMs: atMs,
  });
}

function urgencyOf(service: Service, severity: string): "high" | "low" | undefined {
  const rule = service.rest["incident_urgency_rule"];
  const bySeverity =
    typeof rule === "object" &&
    rule !== null &&
    "urgency" in rule &&
    rule.urgency === "severity_based";
  if (!bySeverity) {
    return undefined;
  }
  return severity === "critical" || severity === "error" ? "high" : "low";
}
