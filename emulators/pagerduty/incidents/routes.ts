import { z } from "zod";
import { referenceTo, userReference } from "../account/account.ts";
import type { Account } from "../account/account.ts";
import type { Incident } from "../account/documents.ts";
import { restTime } from "../account/time.ts";
import { renderUser } from "../directory/people.ts";
import { renderService } from "../directory/services.ts";
import { invalidInput } from "../http/errors.ts";
import { instant, many, pageOf } from "../http/pages.ts";
import { param, parseBody } from "../http/route.ts";
import type { Route } from "../http/route.ts";
import { IncidentCreation, createIncident } from "./create.ts";
import { renderFieldValues } from "./fieldValues.ts";
import { incidentById, incidentByIdOrNumber, teamsOf } from "./find.ts";
import { renderIncident } from "./render.ts";
import { IncidentUpdate, updateIncident } from "./update.ts";

const BulkUpdate = z.object({
  incidents: z.array(z.intersection(z.object({ id: z.string().min(1) }), IncidentUpdate)).max(250),
});

/** List, read, create and change incidents. */
export function incidentRoutes(account: Account): Route[] {
  return [
    {
      method: "GET",
      path: "/incidents",
      handle: ({ query }) => {
        const found = sorted(query, account.store.list("incidents").filter(filter(account, query)));
        const { items, page } = pageOf(query, found);
        return {
          status: 200,
          body: { incidents: items.map((incident) => render(account, incident, query)), ...page },
        };
      },
    },
    {
      method: "POST",
      path: "/incidents",
      from: "required",
      handle: (call) => {
        const { incident } = parseBody(call, z.object({ incident: IncidentCreation }));
        const created = createIncident(account, incident, userReference(account, call.user));
        return { status: 201, body: { incident: renderIncident(account, created) } };
      },
    },
    {
      method: "PUT",
      path: "/incidents",
      from: "required",
      handle: (call) => {
        const agent = userReference(account, call.user);
        const changed = parseBody(call, BulkUpdate).incidents.map((update) =>
          updateIncident(account, incidentById(account, update.id), update, agent),
        );
        return {
          status: 200,
          body: { incidents: changed.map((incident) => renderIncident(account, incident)) },
        };
      },
    },
    {
      method: "GET",
      path: "/incidents/:id",
      handle: (call) => ({
        status: 200,
        body: {
          incident: render(account, incidentByIdOrNumber(account, param(call, "id")), call.query),
        },
      }),
    },
    {
      method: "PUT",
      path: "/incidents/:id",
      from: "required",
      handle: (call) => {
        const before = incidentById(account, param(call, "id"));
        const { incident } = parseBody(call, z.object({ incident: IncidentUpdate }));
        const after = updateIncident(account, before, incident, userReference(account, call.user));
        return { status: 200, body: { incident: renderIncident(account, after) } };
      },
    },
  ];
}

function render(account: Account, incident: Incident, query: URLSearchParams) {
  const included = many(query, "include");
  const { store } = account;
  const service = included.includes("services") ? store.get("services", incident.service) : null;
  return {
    ...renderIncident(account, incident),
    ...(service ? { service: renderService(account, service) } : {}),
    ...(included.includes("assignees")
      ? { assignments: renderAssignments(account, incident) }
      : {}),
    ...(included.includes("custom_fields")
      ? { custom_fields: renderFieldValues(account, incident) }
      : {}),
  };
}

/** With the users themselves instead of references to them. */
function renderAssignments(account: Account, { assignees }: Incident) {
  return assignees.map(({ user: id, atMs }) => {
    const user = account.store.get("users", id);
    return {
      at: restTime(atMs),
      assignee: user ? renderUser(account, user) : referenceTo(account, "user", id),
    };
  });
}

function filter(account: Account, query: URLSearchParams): (incident: Incident) => boolean {
  const statuses = many(query, "statuses");
  const services = many(query, "service_ids");
  const urgencies = many(query, "urgencies");
  const users = many(query, "user_ids");
  const teams = many(query, "team_ids");
  const key = query.get("incident_key");
  const [sinceMs, untilMs] = range(account, query);
  return (incident) =>
    (statuses.length === 0 || statuses.includes(incident.status)) &&
    (services.length === 0 || services.includes(incident.service)) &&
    (urgencies.length === 0 || urgencies.includes(incident.urgency)) &&
    (users.length === 0 || incident.assignees.some(({ user }) => users.includes(user))) &&
    (teams.length === 0 || teamsOf(account, incident).some((id) => teams.includes(id))) &&
    (key === null || hasKey(account, incident, key)) &&
    incident.createdAtMs >= sinceMs &&
    incident.createdAtMs < untilMs;
}

/** By its own key, or by that of one of its alerts. */
function hasKey({ store }: Account, { id, incidentKey }: Incident, key: string): boolean {
  return incidentKey === key || store.list("alerts", id).some(({ alertKey }) => alertKey === key);
}

const DEFAULT_RANGE_MS = 30 * 24 * 3_600_000;
const MAX_RANGE_MS = 183 * 24 * 3_600_000;

// Without dates PagerDuty looks back a month; `date_range=all` lifts that.
function range(account: Account, query: URLSearchParams): [number, number] {
  if (query.get("date_range") === "all") {
    return [-Infinity, Infinity];
  }
  const until = instant(query, "until");
  const since = instant(query, "since");
  const untilMs = until ?? (since === undefined ? Infinity : since + DEFAULT_RANGE_MS);
  const sinceMs = since ?? (until ?? account.now()) - DEFAULT_RANGE_MS;
  if (since !== undefined && until !== undefined && until - since > MAX_RANGE_MS) {
    throw invalidInput("`since` and `until` must be at most 6 months apart");
  }
  return [sinceMs, untilMs];
}

const SORT_KEYS: Record<string, (incident: Incident) => number> = {
  incident_number: ({ number }) => number,
  created_at: ({ createdAtMs }) => createdAtMs,
  resolved_at: ({ resolvedAtMs }) => resolvedAtMs ?? Infinity,
  urgency: ({ urgency }) => (urgency === "high" ? 1 : 0),
};

function sorted(query: URLSearchParams, incidents: Incident[]): Incident[] {
  // The last column is sorted by first, so that the first one has the final say.
  const columns = many(query, "sort_by").flatMap((text) => text.split(","));
  return columns.reverse().reduce((list, column) => {
    const [name = "", direction = "asc"] = column.split(":");
    const key = SORT_KEYS[name];
    if (!key || (direction !== "asc" && direction !== "desc")) {
      throw invalidInput(
        `\`sort_by\` must be one of ${Object.keys(SORT_KEYS).join(", ")} with :asc or :desc, got "${column}"`,
      );
    }
    const sign = direction === "asc" ? 1 : -1;
    return list.toSorted((a, b) => sign * compare(key(a), key(b)));
  }, incidents);
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
