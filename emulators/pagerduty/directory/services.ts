import { z } from "zod";
import { htmlUrl, referenceTo, selfUrl, userReference } from "../account/account.ts";
import type { Account } from "../account/account.ts";
import type { Service, User } from "../account/documents.ts";
import { objectId } from "../account/ids.ts";
import { restTime, restTimeOrNull } from "../account/time.ts";
import { invalidInput } from "../http/errors.ts";
import { many, pageOf } from "../http/pages.ts";
import { param, parseBody } from "../http/route.ts";
import type { Call, Route } from "../http/route.ts";
import { optionalText, referenceSchema } from "../http/schemas.ts";
import { serviceById } from "./find.ts";
import { integrationReference } from "./integrations.ts";

const Seconds = z.int().min(0).nullish();

const ServiceFields = z.looseObject({
  type: z.enum(["service", "service_reference"]).optional(),
  name: z
    .string()
    .min(1)
    .max(255)
    .regex(/^[^\\/&<>]+$/, "must not contain \\ / & < >"),
  description: optionalText,
  escalation_policy: referenceSchema("escalation_policy"),
  status: z.enum(["active", "warning", "critical", "maintenance", "disabled"]).optional(),
  auto_resolve_timeout: Seconds,
  acknowledgement_timeout: Seconds,
});

const Creation = z.object({ service: ServiceFields });
const Update = z.object({ service: ServiceFields.partial() });

/** What the emulator works out itself, however it is sent. */
const COMPUTED = [
  "id",
  "self",
  "html_url",
  "summary",
  "created_at",
  "last_incident_timestamp",
  "teams",
  "integrations",
];

/** Services. Settings beyond name and escalation policy are kept as they came. */
export function serviceRoutes(account: Account): Route[] {
  const { store } = account;
  const shown = (service: Service) => ({ service: renderService(account, service) });
  return [
    {
      method: "GET",
      path: "/services",
      handle: ({ query }) => {
        const words = query.get("query")?.toLowerCase() ?? "";
        const name = query.get("name");
        const teams = many(query, "team_ids");
        const found = store
          .list("services")
          .filter(
            (service) =>
              service.name.toLowerCase().includes(words) &&
              (name === null || service.name === name) &&
              (teams.length === 0 ||
                teamsOfService(account, service).some((id) => teams.includes(id))),
          )
          .sort((a, b) => a.name.localeCompare(b.name));
        const { items, page } = pageOf(query, found);
        return {
          status: 200,
          body: { services: items.map((service) => renderService(account, service)), ...page },
        };
      },
    },
    {
      method: "POST",
      path: "/services",
      handle: (call) => {
        const wanted = parseBody(call, Creation).service;
        const service = merge(
          account,
          {
            id: objectId(),
            name: wanted.name,
            description: null,
            escalationPolicy: wanted.escalation_policy.id,
            createdAtMs: account.now(),
            lastIncidentAtMs: null,
            disabled: false,
            rest: {
              auto_resolve_timeout: 14_400,
              acknowledgement_timeout: 1800,
              alert_creation: "create_alerts_and_incidents",
              incident_urgency_rule: { type: "constant", urgency: "high" },
            },
          },
          wanted,
        );
        store.put("services", service);
        emit(account, "service.created", service, call.user);
        return { status: 201, body: shown(service) };
      },
    },
    {
      method: "GET",
      path: "/services/:id",
      handle: (call) => ({ status: 200, body: shown(serviceById(account, param(call, "id"))) }),
    },
    {
      method: "PUT",
      path: "/services/:id",
      handle: (call) => {
        const before = serviceById(account, param(call, "id"));
        const after = merge(account, before, parseBody(call, Update).service);
        store.put("services", after);
        emit(account, "service.updated", after, call.user);
        return { status: 200, body: shown(after) };
      },
    },
    {
      method: "DELETE",
      path: "/services/:id",
      handle: (call: Call) => {
        const service = serviceById(account, param(call, "id"));
        for (const { id } of store.list("integrations", service.id)) {
          store.delete("integrations", id);
        }
        emit(account, "service.deleted", service, call.user);
        store.delete("services", service.id);
        return { status: 204 };
      },
    },
  ];
}

function merge(
  account: Account,
  service: Service,
  wanted: z.infer<typeof Update>["service"],
): Service {
  const { store } = account;
  const { type: _type, name, description, escalation_policy, status, ...rest } = wanted;
  if (name !== undefined) {
    const taken = store
      .list("services")
      .some((other) => other.id !== service.id && other.name.toLowerCase() === name.toLowerCase());
    if (taken) {
      throw invalidInput("Name has already been taken");
    }
  }
  if (escalation_policy && !store.get("escalationPolicies", escalation_policy.id)) {
    throw invalidInput(
      `\`escalation_policy\`: no escalation policy has the id "${escalation_policy.id}"`,
    );
  }
  const kept = Object.fromEntries(
    Object.entries(rest).filter(([key, value]) => !COMPUTED.includes(key) && value !== undefined),
  );
  return {
    ...service,
    name: name ?? service.name,
    description: description === undefined ? service.description : description,
    escalationPolicy: escalation_policy?.id ?? service.escalationPolicy,
    disabled: status === undefined ? service.disabled : status === "disabled",
    rest: { ...service.rest, ...kept },
  };
}

function teamsOfService({ store }: Account, service: Service): string[] {
  return store.get("escalationPolicies", service.escalationPolicy)?.teams ?? [];
}

export function renderService(account: Account, service: Service): Record<string, unknown> {
  return {
    support_hours: null,
    scheduled_actions: [],
    addons: [],
    alert_grouping: null,
    alert_grouping_timeout: null,
    ...service.rest,
    id: service.id,
    type: "service",
    summary: service.name,
    self: selfUrl(account, `/services/${service.id}`),
    html_url: htmlUrl(account, `/services/${service.id}`),
    name: service.name,
    description: service.description,
    created_at: restTime(service.createdAtMs),
    status: statusOf(account, service),
    last_incident_timestamp: restTimeOrNull(service.lastIncidentAtMs),
    teams: teamsOfService(account, service).map((id) => referenceTo(account, "team", id)),
    escalation_policy: referenceTo(account, "escalation_policy", service.escalationPolicy),
    integrations: account.store
      .list("integrations", service.id)
      .map((integration) => integrationReference(account, integration)),
  };
}

// Open incidents colour a service, acknowledged ones less than triggered ones.
function statusOf({ store }: Account, service: Service): string {
  if (service.disabled) {
    return "disabled";
  }
  const statuses = new Set(store.list("incidents", service.id).map(({ status }) => status));
  if (statuses.has("triggered")) {
    return "critical";
  }
  return statuses.has("acknowledged") ? "warning" : "active";
}

function emit(account: Account, type: string, service: Service, user: User): void {
  account.emit({
    type,
    resourceType: "service",
    agent: userReference(account, user),
    data: {
      id: service.id,
      type: "service",
      self: selfUrl(account, `/services/${service.id}`),
      html_url: htmlUrl(account, `/services/${service.id}`),
      summary: service.name,
      created_at: restTime(service.createdAtMs),
      alert_creation: service.rest["alert_creation"] ?? null,
      teams: teamsOfService(account, service).map((id) => referenceTo(account, "team", id)),
    },
    resource: service.id,
    service: service.id,
    teams: teamsOfService(account, service),
  });
}
