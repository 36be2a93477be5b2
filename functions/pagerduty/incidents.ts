import * as z from "zod";
import { RemoteError } from "../gate/ports/index.ts";
import type { Listed, NewIncident, PagerDuty } from "../gate/ports/index.ts";
import type { Incident } from "../gate/proposal/proposal.ts";
import { asPathId, isId } from "./ids.ts";
import type { Rest } from "./rest.ts";
import { id, incidentShape, listOf, optional, webAddress } from "./shapes.ts";
import { cut } from "../gate/text/cut.ts";

type IncidentCalls = Pick<
  PagerDuty,
  | "incident"
  | "incidentsByKey"
  | "incidentsByAlert"
  | "createIncident"
  | "resolveIncident"
  | "addNote"
  | "notes"
>;

const TITLE_LIMIT = 1024;
const DETAILS_LIMIT = 20_000;
const NOTE_LIMIT = 10_000;
const OPEN = ["triggered", "acknowledged"];
const PAGE = 100;
/** PagerDuty keeps at most so many alerts on one incident. */
const MOST_ALERTS = 1_000;
/** A key leads to one open incident of a service; more than so many say that it was not heeded. */
const MOST_WITH_ALERT = 25;

/** Service and assignees whole: they tell in which time zone the incident is worked on. */
const WITH_ZONES = "include[]=services&include[]=assignees";

const oneIncident = z.object({ incident: incidentShape });
const manyIncidents = z.object({ incidents: listOf(incidentShape) });
const alertShape = z.object({ alert_key: z.string(), status: z.string() });
const manyAlerts = z.object({ alerts: listOf(alertShape), more: optional(z.boolean()) });
const madeIncident = z.object({ incident: z.object({ id, html_url: optional(z.string()) }) });
const oneNote = z.object({ note: z.object({ id }) });
const manyNotes = z.object({ notes: listOf(z.object({ id, content: z.string() })) });

export function incidentCalls(rest: Rest): IncidentCalls {
  async function incident(incidentId: string): Promise<Incident | null> {
    // Such an id names nothing; in a path it would lead elsewhere.
    if (!isId(incidentId)) return null;
    const answer = await rest.find(`/incidents/${incidentId}?${WITH_ZONES}`, oneIncident);
    const found = answer?.incident ?? null;
    // PagerDuty also takes an incident's number here; what is asked for is an id.
    return found?.id === incidentId ? found : null;
  }

  /** Whatever PagerDuty finds by the key, an incident's own or that of one of its alerts, newest first. */
  async function listedByKey(key: string, statuses: readonly string[]): Promise<Listed<Incident>> {
    const query = new URLSearchParams([
      ["incident_key", key],
      ["date_range", "all"],
      ...statuses.map((status): [string, string] => ["statuses[]", status]),
      ["sort_by", "created_at:desc"],
      ["limit", "100"],
    ]);
    const { incidents } = await rest.get(`/incidents?${query.toString()}`, manyIncidents);
    const found = incidents.found.toSorted((a, b) => b.createdAtMs - a.createdAtMs);
    return { ...incidents, found };
  }

  async function incidentsByKey(key: string): Promise<Listed<Incident>> {
    const { found, unreadable } = await listedByKey(key, [...OPEN, "resolved"]);
    // An empty or unheeded filter lists every incident of the account.
    return { found: found.filter((one) => one.incidentKey === key), unreadable };
  }

  async function hasAlert(incidentId: string, key: string): Promise<boolean> {
    const path = `/incidents/${asPathId("incidentId", incidentId)}/alerts`;
    for (let offset = 0; offset < MOST_ALERTS; offset += PAGE) {
      const query = new URLSearchParams([
        ["alert_key", key],
        ["statuses[]", "triggered"],
        ["limit", `${PAGE}`],
        ["offset", `${offset}`],
      ]);
      const { alerts, more } = await rest.get(`${path}?${query.toString()}`, manyAlerts);
      if (alerts.found.some((one) => one.alert_key === key && one.status === "triggered")) {
        return true;
      }
      if (more !== true) break;
    }
    return false;
  }

  async function incidentsByAlert(key: string): Promise<Listed<Incident>> {
    const { found, unreadable } = await listedByKey(key, OPEN);
    const checked = await Promise.all(
      found
        .slice(0, MOST_WITH_ALERT)
        .map(async (one) => one.incidentKey === key || (await hasAlert(one.id, key))),
    );
    return { found: found.filter((_one, index) => checked[index] === true), unreadable };
  }

  /**
   * The incident because of which PagerDuty refused to make another one with its key. Where alerts were merged into it
   * its own key is no longer told; what is found by a key that only this gate uses is it all the same.
   */
  async function alreadyThere(wanted: NewIncident): Promise<Incident | null> {
    let listed: Listed<Incident>;
    try {
      listed = await listedByKey(wanted.incidentKey, [...OPEN, "resolved"]);
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      throw new RemoteError(`an incident may exist with this \`incident_key\`, but ${problem}`, {
        nothingDone: true,
        retryable: true,
      });
    }
    const there = listed.found.filter((one) => one.serviceId === wanted.serviceId);
    const own = there.filter((one) => one.incidentKey === wanted.incidentKey);
    const [only, ...others] = there.filter(
      (one) => one.incidentKey === null && one.status !== "resolved",
    );
    return (
      own.find((one) => one.status !== "resolved") ??
      own[0] ??
      (others.length === 0 ? (only ?? null) : null)
    );
  }

  return {
    incident,
    incidentsByKey,
    incidentsByAlert,

    async createIncident(wanted) {
      try {
        const made = await rest.write(
          {
            method: "POST",
            path: "/incidents",
            body: { incident: newIncident(wanted) },
            named: true,
          },
          madeIncident,
        );
        return { id: made.incident.id, url: webAddress(made.incident.html_url) };
      } catch (error) {
        if (!(error instanceof RemoteError) || error.status !== 400) throw error;
        const existing = await alreadyThere(wanted);
        if (existing === null) throw error;
        return { id: existing.id, url: existing.url };
      }
    },

    async resolveIncident(incidentId, resolution) {
      const path = `/incidents/${asPathId("incidentId", incidentId)}`;
      const body = {
        incident: { type: "incident_reference", status: "resolved", resolution },
      };
      try {
        await rest.writeBlind({ method: "PUT", path, body, named: true });
      } catch (error) {
        if (!(error instanceof RemoteError) || error.status !== 400) throw error;
        // PagerDuty refuses to resolve what is resolved. What it is now tells more than the wording of the refusal.
        const now = await incident(incidentId).catch(() => null);
        if (now?.status !== "resolved") throw error;
      }
    },

    async addNote(incidentId, content) {
      const path = `/incidents/${asPathId("incidentId", incidentId)}/notes`;
      const body = { note: { content: cut(content, NOTE_LIMIT) } };
      const { note } = await rest.write({ method: "POST", path, body, named: true }, oneNote);
      return { id: note.id };
    },

    async notes(incidentId) {
      const path = `/incidents/${asPathId("incidentId", incidentId)}/notes`;
      return (await rest.get(path, manyNotes)).notes.found;
    },
  };
}

function newIncident(wanted: NewIncident): Record<string, unknown> {
  return {
    type: "incident",
    title: cut(wanted.title, TITLE_LIMIT),
    service: { id: wanted.serviceId, type: "service_reference" },
    urgency: wanted.urgency,
    incident_key: wanted.incidentKey,
    body: { type: "incident_body", details: cut(wanted.details, DETAILS_LIMIT) },
    ...assignmentOf(wanted.userIds, wanted.escalationPolicyId),
  };
}

/** PagerDuty takes users or a policy, never both; users are the more exact wish. */
export function assignmentOf(
  userIds: readonly string[],
  escalationPolicyId: string | null,
): Record<string, unknown> {
  if (userIds.length > 0) {
    return {
      assignments: userIds.map((userId) => ({ assignee: { id: userId, type: "user_reference" } })),
    };
  }
  return escalationPolicyId === null
    ? {}
    : { escalation_policy: { id: escalationPolicyId, type: "escalation_policy_reference" } };
}
