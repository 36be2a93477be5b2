import * as z from "zod";
import type { Incident } from "../gate/proposal/proposal.ts";
import { readJson } from "../gate/text/json.ts";
import { epochMs, id, incidentShape, invocationState, name, optional } from "./shapes.ts";

/** What an event tells, as far as the gate reacts to it. */
export type WebhookData =
  | { kind: "incident"; incident: Incident }
  | { kind: "invocation"; id: string; state: string; actionId: string; incidentId: string }
  | {
      kind: "workflow";
      /** Id of the started instance. */
      id: string;
      workflowId: string;
      incidentId: string;
      serviceId: string | null;
    }
  /** `trimmed`: PagerDuty cut the content; the whole is among the incident's notes. */
  | { kind: "note"; id: string; incidentId: string; content: string; trimmed: boolean }
  /** What the custom fields of an incident hold now, and the ids of those that were changed. */
  | {
      kind: "fields";
      incidentId: string;
      values: { id: string; name: string; value: unknown }[];
      changed: string[];
    }
  | { kind: "ping" }
  /** A report of a run that lacks what it takes to compare it with what was permitted; null: not told. */
  | { kind: "unreadableRun"; run: UnreadableRun; problem: string }
  /** `problem`: why data that the gate would react to could not be read; null where it reacts to none. */
  | { kind: "other"; problem: string | null };

export interface UnreadableRun {
  of: "automationAction" | "incidentWorkflow";
  /** Of the invocation or instance. */
  id: string | null;
  state: string;
  targetId: string | null;
  incidentId: string | null;
}

/** One webhook v3 event. */
export interface WebhookEvent {
  id: string;
  type: string;
  /** The type is one that PagerDuty documents. */
  known: boolean;
  resourceType: string | null;
  occurredAtMs: number | null;
  /** Who caused it: a user, a service, an integration or a workflow. */
  agentId: string | null;
  /** As PagerDuty calls them. */
  agentName: string | null;
  incidentId: string | null;
  data: WebhookData;
}

export type ParsedWebhookEvent = { ok: true; event: WebhookEvent } | { ok: false; problem: string };

/** `data.type` of every documented event type. */
const dataTypes: ReadonlyMap<string, string> = new Map([
  ["incident.triggered", "incident"],
  ["incident.acknowledged", "incident"],
  ["incident.unacknowledged", "incident"],
  ["incident.resolved", "incident"],
  ["incident.reopened", "incident"],
  ["incident.escalated", "incident"],
  ["incident.reassigned", "incident"],
  ["incident.delegated", "incident"],
  ["incident.priority_updated", "incident"],
  ["incident.incident_type.changed", "incident"],
  ["incident.service_updated", "incident"],
  ["incident.annotated", "incident_note"],
  ["incident.custom_field_values.updated", "incident_field_values"],
  ["incident.action_invocation.created", "incident_action_invocation"],
  ["incident.action_invocation.updated", "incident_action_invocation"],
  ["incident.action_invocation.terminated", "incident_action_invocation"],
  ["incident.workflow.started", "incident_workflow_instance"],
  ["incident.workflow.completed", "incident_workflow_instance"],
  ["incident.responder.added", "incident_responder"],
  ["incident.responder.replied", "incident_responder"],
  ["incident.task.created", "incident_task"],
  ["incident.task.updated", "incident_task"],
  ["incident.task.completed", "incident_task"],
  ["incident.status_update_published", "incident_status_update"],
  ["incident.role.assigned", "incident_role_assignment"],
  ["incident.conference_bridge.updated", "incident_conference_bridge"],
  ["service.created", "service"],
  ["service.updated", "service"],
  ["service.deleted", "service"],
  ["service.custom_field_values.updated", "service_field_values"],
  ["pagey.ping", "ping"],
]);

/** Every event type that PagerDuty documents. */
export const knownEventTypes: readonly string[] = [...dataTypes.keys()];

const reference = z.object({ id });

const envelope = z.object({
  event: z.object({
    id,
    event_type: z.string().min(1),
    resource_type: optional(z.string()),
    occurred_at: optional(z.string()),
    agent: optional(z.object({ id, summary: optional(name) })),
    data: z.unknown().optional(),
  }),
});

/** What is looked at before it is known what the data is. */
const anyData = z.object({
  id: optional(z.string()),
  type: optional(z.string()),
  incident: optional(reference),
});

const readers: Readonly<Record<string, z.ZodType<WebhookData>>> = {
  incident: incidentShape.transform((incident): WebhookData => ({ kind: "incident", incident })),
  incident_action_invocation: z
    .object({ id, state: optional(z.string()), action: reference, incident: reference })
    .transform((wire): WebhookData => ({
      kind: "invocation",
      id: wire.id,
      state: invocationState(wire.state),
      actionId: wire.action.id,
      incidentId: wire.incident.id,
    })),
  incident_workflow_instance: z
    .object({
      id,
      incident_workflow: reference,
      incident: reference,
      service: optional(reference),
    })
    .transform((wire): WebhookData => ({
      kind: "workflow",
      id: wire.id,
      workflowId: wire.incident_workflow.id,
      incidentId: wire.incident.id,
      serviceId: wire.service?.id ?? null,
    })),
  incident_note: z
    .object({ id, content: z.string(), trimmed: optional(z.boolean()), incident: reference })
    .transform((wire): WebhookData => ({
      kind: "note",
      id: wire.id,
      incidentId: wire.incident.id,
      content: wire.content,
      trimmed: wire.trimmed === true,
    })),
  incident_field_values: z
    .object({
      incident: reference,
      custom_fields: z.array(z.object({ id, name: z.string(), value: z.unknown().optional() })),
      changed_custom_fields: z.array(z.object({ id })),
    })
    .transform((wire): WebhookData => ({
      kind: "fields",
      incidentId: wire.incident.id,
      values: wire.custom_fields.map((field) => ({ ...field, value: field.value ?? null })),
      changed: wire.changed_custom_fields.map((field) => field.id),
    })),
  ping: z.unknown().transform((): WebhookData => ({ kind: "ping" })),
};

/**
 * Reads a signed body. Only one that cannot be told apart from any other (no JSON, no id, no type) is refused; data that
 * lacks what the gate needs still gives an event, of kind `other` with the problem.
 */
export function parseWebhookEvent(body: string): ParsedWebhookEvent {
  const read = readJson(body);
  if (!read.ok) return { ok: false, problem: `the body ${read.problem}` };
  const parsed = envelope.safeParse(read.value);
  if (!parsed.success) return { ok: false, problem: firstIssue(parsed.error) };
  const { event } = parsed.data;

  const shallow = anyData.safeParse(event.data).data;
  const dataType = shallow?.type ?? null;
  const data = readData(event.event_type, dataType, event.data);
  return {
    ok: true,
    event: {
      id: event.id,
      type: event.event_type,
      known: dataTypes.has(event.event_type),
      resourceType: event.resource_type ?? null,
      occurredAtMs: epochMs(event.occurred_at),
      agentId: event.agent?.id ?? null,
      agentName: event.agent?.summary ?? null,
      incidentId: (dataType === "incident" ? shallow?.id : shallow?.incident?.id) ?? null,
      data,
    },
  };
}

function readData(eventType: string, dataType: string | null, data: unknown): WebhookData {
  const expected = dataTypes.get(eventType);
  const reader = readerOf(expected ?? dataType);
  if (reader === undefined) return { kind: "other", problem: null };
  const unreadable = (problem: string): WebhookData => {
    const of = runOf(expected ?? dataType);
    return of === null
      ? { kind: "other", problem }
      : { kind: "unreadableRun", run: { of, ...whatIsLeft(data) }, problem };
  };
  if (expected !== undefined && dataType !== expected) {
    const found = dataType === null ? "nothing" : `"${dataType.slice(0, 60)}"`;
    return unreadable(`\`event.data.type\` of ${eventType} must be "${expected}", got ${found}`);
  }
  const read = reader.safeParse(data);
  return read.success ? read.data : unreadable(firstIssue(read.error, ["event", "data"]));
}

function runOf(dataType: string | null): UnreadableRun["of"] | null {
  return dataType === "incident_action_invocation"
    ? "automationAction"
    : dataType === "incident_workflow_instance"
      ? "incidentWorkflow"
      : null;
}

const partOfRun = z.object({
  id: optional(id),
  state: optional(z.string()),
  action: optional(reference),
  incident_workflow: optional(reference),
  incident: optional(reference),
});

function whatIsLeft(data: unknown): Omit<UnreadableRun, "of"> {
  const left = partOfRun.safeParse(data).data;
  return {
    id: left?.id ?? null,
    state: invocationState(left?.state),
    targetId: left?.action?.id ?? left?.incident_workflow?.id ?? null,
    incidentId: left?.incident?.id ?? null,
  };
}

function readerOf(dataType: string | null): z.ZodType<WebhookData> | undefined {
  return dataType !== null && Object.hasOwn(readers, dataType) ? readers[dataType] : undefined;
}

function firstIssue(error: z.ZodError, prefix: readonly string[] = []): string {
  const issue = error.issues[0];
  const path = [...prefix, ...(issue?.path ?? [])].join(".");
  const message = issue?.message ?? "Invalid input";
  return path === "" ? `the body: ${message}` : `\`${path}\`: ${message}`;
}
