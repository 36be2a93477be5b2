import * as z from "zod";
import type { Answer, Remote, Request, Task } from "../engine/boundary.ts";
import { GATE_USER, type SimIncident, type SimPagerDuty } from "./pagerduty.ts";
import {
  alertDocument,
  fieldDocuments,
  incidentDocument,
  noteDocument,
  runDocument,
} from "./pagerdutyDocuments.ts";

const NOT_FOUND: Answer = { status: 404, body: { error: { message: "Not Found", code: 2100 } } };

const reference1 = z.object({ id: z.string() });
const put = z.object({
  incident: z.object({
    status: z.enum(["triggered", "acknowledged", "resolved"]).optional(),
    escalation_policy: reference1.optional(),
    escalation_level: z.number().optional(),
    urgency: z.enum(["high", "low"]).optional(),
    title: z.string().optional(),
    body: z.unknown().optional(),
  }),
});
const post = z.object({
  incident: z.object({
    title: z.string(),
    service: reference1,
    urgency: z.enum(["high", "low"]).optional(),
    incident_key: z.string().optional(),
    body: z.object({ details: z.string() }).optional(),
  }),
});
const note = z.object({ note: z.object({ content: z.string() }) });
const fields = z.object({
  custom_fields: z.array(z.object({ name: z.string(), value: z.unknown() })),
});
const invocation = z.object({
  invocation: z.object({ metadata: z.object({ incident_id: z.string() }) }),
});
const instance = z.object({ incident_workflow_instance: z.object({ incident: reference1 }) });

/** The REST API over the stand-in, by PagerDuty's document. */
export function pagerDutyApi(
  pagerDuty: SimPagerDuty,
  unknownRequest: (text: string) => void,
): Remote {
  return {
    name: "pagerduty",
    route: (method, path) =>
      `${method} ${path.replace(/\/(P[A-Z0-9]+\d|01[A-Z0-9]+|change\d+)(?=\/|$)/g, "/:id")}`,
    handle(request) {
      const parts = request.path.split("/").slice(1);
      const [first = "", second, third, fourth] = parts;
      const incident =
        first === "incidents" && second !== undefined ? pagerDuty.incidents.get(second) : undefined;
      switch (
        `${request.method} ${[first, second === undefined ? null : ":id", third, fourth].filter((part) => part !== null && part !== undefined).join("/")}`
      ) {
        case "GET incidents/:id":
          return incident === undefined
            ? NOT_FOUND
            : { status: 200, body: { incident: incidentDocument(pagerDuty, incident) } };
        case "GET incidents":
          return {
            status: 200,
            body: {
              incidents: listed(pagerDuty, request),
              more: false,
              limit: 100,
              offset: 0,
              total: null,
            },
          };
        case "POST incidents":
          return create(pagerDuty, request);
        case "PUT incidents/:id":
          return incident === undefined ? NOT_FOUND : update(pagerDuty, incident, request);
        case "GET incidents/:id/notes":
          return incident === undefined
            ? NOT_FOUND
            : { status: 200, body: { notes: incident.notes.map(noteDocument) } };
        case "POST incidents/:id/notes": {
          if (incident === undefined) return NOT_FOUND;
          const { content } = note.parse(request.body).note;
          const id = pagerDuty.annotate(incident, content, GATE_USER);
          return {
            status: 200,
            body: { note: noteDocument({ id, content, atMs: request.sentAtMs }) },
          };
        }
        case "GET incidents/:id/alerts":
          return incident === undefined
            ? NOT_FOUND
            : {
                status: 200,
                body: {
                  alerts: incident.alertKeys.map((key) => alertDocument(incident, key)),
                  more: false,
                  limit: 100,
                  offset: 0,
                  total: null,
                },
              };
        case "GET incidents/:id/custom_fields/values":
          return incident === undefined
            ? NOT_FOUND
            : { status: 200, body: { custom_fields: fieldDocuments(incident) } };
        case "PUT incidents/:id/custom_fields/values":
          if (incident === undefined) return NOT_FOUND;
          pagerDuty.writeFields(
            incident,
            fields.parse(request.body).custom_fields.map(({ name, value }) => ({ name, value })),
            GATE_USER,
          );
          return { status: 201, body: { custom_fields: fieldDocuments(incident) } };
        case "POST automation_actions/:id/:action/invocations":
        case "POST automation_actions/:id/invocations":
          return NOT_FOUND;
        case "GET services/:id": {
          const name = pagerDuty.services.get(second ?? "");
          return name === undefined
            ? NOT_FOUND
            : { status: 200, body: { service: { id: second, name, status: "active" } } };
        }
        case "GET services":
          return {
            status: 200,
            body: {
              services: [...pagerDuty.services]
                .map(([id, name]) => ({ id, name }))
                .filter(({ name }) => name.includes(request.query.get("query") ?? "")),
              more: false,
            },
          };
        case "GET users/:id":
          return {
            status: 200,
            body: {
              user: {
                id: GATE_USER,
                name: "Approval gate",
                email: "gate@example.com",
                role: "user",
              },
            },
          };
        case "GET webhook_subscriptions":
          return {
            status: 200,
            body: {
              webhook_subscriptions: [
                {
                  id: "PSUB001",
                  active: true,
                  events: ["incident.triggered"],
                  delivery_method: {
                    url: "https://gate.example.com/pagerduty/webhook",
                    temporarily_disabled: false,
                  },
                },
              ],
              more: false,
            },
          };
        default:
          return automation(pagerDuty, request, unknownRequest);
      }
    },
  };
}

function automation(
  pagerDuty: SimPagerDuty,
  request: Request,
  unknownRequest: (text: string) => void,
): Answer {
  const { method, path, query } = request;
  const by = startedBy(request);
  const start = /^\/automation_actions\/actions\/([^/]+)\/invocations$/.exec(path);
  if (method === "POST" && start !== null) {
    const { incident_id: incidentId } = invocation.parse(request.body).invocation.metadata;
    const incident = pagerDuty.incidents.get(incidentId);
    if (incident === undefined) return NOT_FOUND;
    const run = pagerDuty.start("action", start[1] ?? "", incident, by);
    return { status: 201, body: { invocation: runDocument(run) } };
  }
  const workflow = /^\/incident_workflows\/([^/]+)\/instances$/.exec(path);
  if (method === "POST" && workflow !== null) {
    const incident = pagerDuty.incidents.get(
      instance.parse(request.body).incident_workflow_instance.incident.id,
    );
    if (incident === undefined) return NOT_FOUND;
    const run = pagerDuty.start("workflow", workflow[1] ?? "", incident, by);
    return {
      status: 201,
      body: { incident_workflow_instance: { id: run.id, type: "incident_workflow_instance" } },
    };
  }
  const one = /^\/automation_actions\/invocations\/([^/]+)$/.exec(path);
  if (method === "GET" && one !== null) {
    const run = pagerDuty.runs.find(({ id }) => id === one[1]);
    return run === undefined ? NOT_FOUND : { status: 200, body: { invocation: runDocument(run) } };
  }
  if (method === "GET" && path === "/automation_actions/invocations") {
    const found = pagerDuty.runs
      .filter(
        ({ incidentId, target }) =>
          incidentId === query.get("incident_id") && target === `action:${query.get("action_id")}`,
      )
      .toReversed()
      .slice(0, 25);
    return { status: 200, body: { invocations: found.map(runDocument) } };
  }
  unknownRequest(`${method} ${path}`);
  return NOT_FOUND;
}

function startedBy({ task, wroteAtMs, sentAtMs, leftAtMs }: Request) {
  const item = itemOf(task);
  return { agentId: GATE_USER, item, claimedAtMs: wroteAtMs, sentAtMs, leftAtMs };
}

/** The proposal in whose work a request was sent. */
function itemOf(task: Task): string | null {
  return task.name.startsWith("prop_") ? task.name : null;
}

function create(pagerDuty: SimPagerDuty, request: Request): Answer {
  const { incident: wanted } = post.parse(request.body);
  const { incident_key: incidentKey } = wanted;
  const isTaken = [...pagerDuty.incidents.values()].some(
    (one) =>
      incidentKey !== undefined &&
      one.incidentKey === incidentKey &&
      one.serviceId === wanted.service.id &&
      one.status !== "resolved",
  );
  if (isTaken) {
    return {
      status: 400,
      body: {
        error: {
          message: "Invalid Input Provided",
          code: 2001,
          errors: ["Open incident with matching dedup key already exists on this service"],
        },
      },
    };
  }
  if (!pagerDuty.services.has(wanted.service.id)) return NOT_FOUND;
  const made = pagerDuty.open({
    title: wanted.title,
    serviceId: wanted.service.id,
    urgency: wanted.urgency ?? "high",
    details: wanted.body?.details ?? "",
    ...(incidentKey === undefined ? {} : { incidentKey }),
    madeFor: request.task.name,
  });
  return { status: 201, body: { incident: incidentDocument(pagerDuty, made) } };
}

function update(pagerDuty: SimPagerDuty, incident: SimIncident, request: Request): Answer {
  const { incident: wanted } = put.parse(request.body);
  const by = startedBy(request);
  if (wanted.status === "resolved" && incident.status === "resolved") {
    return { status: 400, body: { error: { message: "Incident Already Resolved", code: 1001 } } };
  }
  if (wanted.escalation_policy !== undefined) {
    pagerDuty.record(`assign:${wanted.escalation_policy.id}`, incident, by);
    pagerDuty.change(incident, { escalationPolicyId: wanted.escalation_policy.id }, GATE_USER);
  }
  if (wanted.escalation_level !== undefined) {
    pagerDuty.record(`level:${wanted.escalation_level}`, incident, by);
  }
  if (wanted.status !== undefined) {
    pagerDuty.change(incident, { status: wanted.status }, GATE_USER);
  }
  if (wanted.title !== undefined) incident.title = wanted.title;
  if (wanted.urgency !== undefined) incident.urgency = wanted.urgency;
  return { status: 200, body: { incident: incidentDocument(pagerDuty, incident) } };
}

function listed(pagerDuty: SimPagerDuty, { query }: Request): object[] {
  const key = query.get("incident_key");
  const statuses = query.getAll("statuses[]");
  return [...pagerDuty.incidents.values()]
    .filter(
      (one) =>
        (key === null || one.incidentKey === key || one.alertKeys.includes(key)) &&
        (statuses.length === 0 || statuses.includes(one.status)),
    )
    .toReversed()
    .map((one) => incidentDocument(pagerDuty, one));
}
