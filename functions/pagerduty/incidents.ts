import * as z from "zod";
import { RemoteError } from "../gate/ports/index.ts";
import type { NewIncident, PagerDuty } from "../gate/ports/index.ts";
import type { Incident } from "../gate/proposal/proposal.ts";
import { asPathId, isId } from "./ids.ts";
import type { Rest } from "./rest.ts";
import { id, incidentShape, optional, webAddress } from "./shapes.ts";
import { cut } from "../gate/text/cut.ts";

type IncidentCalls = Pick<
  PagerDuty,
  "incident" | "incidentsByKey" | "createIncident" | "resolveIncident" | "addNote" | "notes"
>;

const TITLE_LIMIT = 1024;
const DETAILS_LIMIT = 20_000;
const NOTE_LIMIT = 10_000;

/** Service and assignees whole: they tell in which time zone the incident is worked on. */
const WITH_ZONES = "include[]=services&include[]=assignees";

const oneIncident = z.object({ incident: incidentShape });
const manyIncidents = z.object({ incidents: z.array(incidentShape) });
const madeIncident = z.object({ incident: z.object({ id, html_url: optional(z.string()) }) });
const oneNote = z.object({ note: z.object({ id }) });
const manyNotes = z.object({ notes: z.array(z.object({ id, content: z.string() })) });

export function incidentCalls(rest: Rest): IncidentCalls {
  async function incident(incidentId: string): Promise<Incident | null> {
    // Such an id names nothing; in a path it would lead elsewhere.
    if (!isId(incidentId)) return null;
    const answer = await rest.find(`/incidents/${incidentId}?${WITH_ZONES}`, oneIncident);
    return answer?.incident ?? null;
  }

  async function incidentsByKey(key: string): Promise<Incident[]> {
    const query = new URLSearchParams([
      ["incident_key", key],
      ["date_range", "all"],
      ["statuses[]", "triggered"],
      ["statuses[]", "acknowledged"],
      ["statuses[]", "resolved"],
      ["sort_by", "created_at:desc"],
      ["limit", "100"],
    ]);
    const { incidents } = await rest.get(`/incidents?${query.toString()}`, manyIncidents);
    // An empty or unheeded filter lists every incident of the account.
    return incidents
      .filter((found) => found.incidentKey === key)
      .toSorted((a, b) => b.createdAtMs - a.createdAtMs);
  }

  /** The incident because of which PagerDuty refused to make another one with its key. */
  async function alreadyThere(wanted: NewIncident): Promise<Incident | null> {
    let found: Incident[];
    try {
      found = await incidentsByKey(wanted.incidentKey);
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      throw new RemoteError(`an incident may exist with this \`incident_key\`, but ${problem}`, {
        nothingDone: true,
        retryable: true,
      });
    }
    const own = found.filter((one) => one.serviceId === wanted.serviceId);
    return own.find((one) => one.status !== "resolved") ?? own[0] ?? null;
  }

  return {
    incident,
    incidentsByKey,

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
      return (await rest.get(path, manyNotes)).notes;
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
