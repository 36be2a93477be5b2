// Where PagerDuty's real API is known to answer otherwise than its OpenAPI document says. Reviewed: each with its reason,
// and with what the reason rests on. No live account was asked.
// What is not listed here, and what the document does not allow, is a fault of the emulator or of the gate.
import { at, pointerTo } from "./jsonSchemas.ts";
import type { JsonObject } from "./jsonSchemas.ts";

const LOG_ENTRIES = {
  acknowledge_log_entry: "AcknowledgeLogEntry",
  annotate_log_entry: "AnnotateLogEntry",
  assign_log_entry: "AssignLogEntry",
  delegate_log_entry: "DelegateLogEntry",
  escalate_log_entry: "EscalateLogEntry",
  notify_log_entry: "NotifyLogEntry",
  resolve_log_entry: "ResolveLogEntry",
  snooze_log_entry: "SnoozeLogEntry",
  trigger_log_entry: "TriggerLogEntry",
  unacknowledge_log_entry: "UnacknowledgeLogEntry",
  urgency_change_log_entry: "UrgencyChangeLogEntry",
};

/** A place of the document whose schema is another one in truth. */
export type Deviation = { reason: string; source: string } & (
  { nullable: readonly string[] } | { schemas: Readonly<Record<string, JsonObject>> }
);

const schemas = (path: string): string => `#/components/schemas/${path}`;
const own = (schema: string, property: string): string =>
  schemas(`${schema}/allOf/1/properties/${property}`);
const answered = (method: string, path: string, ...names: readonly string[]): string =>
  pointerTo(
    "paths",
    path,
    method,
    "responses",
    "200",
    "content",
    "application/json",
    "schema",
    ...names,
  );
/** Where a list stands beside the pagination of its answer. */
const LISTED = ["allOf", "1", "properties"];
const VALUE = { type: ["string", "number", "boolean", "null", "array"] };
const LOG_ENTRY = {
  anyOf: [
    ...Object.values(LOG_ENTRIES).map((name) => ({ $ref: schemas(name) })),
    {
      $ref: schemas("LogEntry"),
      properties: { type: { not: { enum: Object.keys(LOG_ENTRIES) } } },
    },
  ],
};

export const DEVIATIONS: readonly Deviation[] = [
  {
    reason:
      "An incident carries null for whatever it does not have yet. `incident_key` is null for every incident that has alerts.",
    source:
      "Webhooks of live accounts, as Zulip's and other integrations keep them for their tests; for `incident_key` a report on a live account of October 2026 too.",
    nullable: [
      "incident_key",
      "priority",
      "alert_grouping",
      "conference_bridge",
      "resolve_reason",
      "resolved_at",
    ].map((name) => own("Incident", name)),
  },
  {
    reason: "A service carries null for a timeout that is off, and for what was never set.",
    source:
      "Answers of live accounts in the documents of Port, OpsLevel and IBM's Resilient; the document's own samples have a timeout of null.",
    nullable: [
      "acknowledgement_timeout",
      "alert_grouping",
      "alert_grouping_timeout",
      "auto_resolve_timeout",
      "description",
      "last_incident_timestamp",
      "support_hours",
    ].map((name) => own("Service", name)),
  },
  {
    reason: "An integration of no vendor carries null.",
    source:
      "Terraform's provider reads an integration without a vendor, which is how every Events API integration begins.",
    nullable: [own("Integration", "vendor")],
  },
  {
    reason: "A description that nobody wrote is null.",
    source:
      "PagerDuty's own clients have it optional (pagerduty-mcp-server, `EscalationPolicy`; Terraform's provider for subscriptions).",
    nullable: [
      own("EscalationPolicy", "description"),
      schemas("WebhookSubscription/properties/description"),
    ],
  },
  {
    reason: "A person who is always on call has neither a schedule nor a start nor an end.",
    source:
      'pagerduty-mcp-server, `Oncall`: "If null, the on-call is a permanent user on-call"; so says the document\'s text.',
    nullable: ["schedule", "start", "end"].map((name) => schemas(`Oncall/properties/${name}`)),
  },
  {
    reason: "What happened by itself has no agent.",
    source:
      "pagerduty-mcp-server, `LogEntry.agent` is optional; webhooks have an agent of null for what automation did.",
    nullable: [own("LogEntry", "agent")],
  },
  {
    reason: "An Event Orchestration of no team carries null.",
    source: "Terraform's provider takes a missing team for null, and sends null to take one away.",
    nullable: [
      schemas("Orchestration/properties/team"),
      answered(
        "get",
        "/event_orchestrations",
        ...LISTED,
        "orchestrations",
        "items",
        "properties",
        "team",
      ),
    ],
  },
  {
    reason: "One workflow is read with 200 like everything else; the document has 201.",
    source:
      "Terraform's provider and pagerduty-mcp-server read it like everything else; 201 says that something was made, which a GET does not do.",
    schemas: {
      [pointerTo("paths", "/incident_workflows/{id}", "get", "responses", "200")]: {
        $ref: pointerTo("paths", "/incident_workflows/{id}", "put", "responses", "200"),
      },
    },
  },
  {
    reason: "The details of an incident's body are text; every client sends and reads text.",
    source:
      "The document's own sample of the request has text there; go-pagerduty and pagerduty-mcp-server send text.",
    schemas: {
      [schemas("IncidentBody/properties/details")]: { type: "string", nullable: true },
    },
  },
  {
    reason: "The details of an alert may be text, as the Events API takes them.",
    source: "The Events API takes any JSON for `custom_details`, and its integrations send text.",
    schemas: { [own("Alert", "body/properties/details")]: {} },
  },
  {
    reason:
      "A custom field's value stands there itself; the document has an object around it, which nobody sends. What is written names the field by its id or by its name.",
    source:
      "Webhooks of live accounts (`incident.custom_field_values.updated`), and the document's own samples.",
    schemas: {
      [schemas("CustomFieldsFieldValue/properties/value")]: VALUE,
      [schemas("IncidentTypeCustomFields/properties/default_value")]: VALUE,
      [schemas("CustomFieldsEditableFieldValue")]: {
        type: "object",
        properties: { id: { type: "string" }, name: { type: "string" }, value: VALUE },
        anyOf: [{ required: ["id"] }, { required: ["name"] }],
      },
    },
  },
  {
    reason:
      "There are more types of log entries than the document has: merges, priorities, workflows and so on. What has a documented type must fit it; an acknowledgement has the type of the common part, for with the other one none fits.",
    source:
      "`priority_change_log_entry` and others in clients of live accounts; the common part of the document has `acknowledge_log_entry`, as all clients do.",
    schemas: {
      [own("LogEntry", "type")]: { type: "string", pattern: "^[a-z_]+_log_entry$" },
      [own("AcknowledgeLogEntry", "type")]: { type: "string", enum: ["acknowledge_log_entry"] },
      [answered("get", "/log_entries", ...LISTED, "log_entries", "items")]: LOG_ENTRY,
      [answered("get", "/incidents/{id}/log_entries", ...LISTED, "log_entries", "items")]:
        LOG_ENTRY,
    },
  },
  {
    reason: "One vendor is answered as an object, not as a list.",
    source: "go-pagerduty, `getVendorFromResponse`, and Terraform's provider read an object.",
    schemas: {
      [answered("get", "/vendors/{id}", "properties", "vendor")]: { $ref: schemas("Vendor") },
    },
  },
];

/**
 * Errors are documented once and for the whole API, not at every operation. A body is PagerDuty's error document; the
 * operations of webhook subscriptions have none in the document, and one in truth.
 */
export const ERRORS: { statuses: readonly number[]; schema: string } = {
  statuses: [400, 401, 402, 403, 404, 405, 409, 429, 500],
  schema: "#/components/responses/Conflict/content/application~1json/schema",
};

const UNDOCUMENTED: readonly { reason: string; calls: RegExp }[] = [
  {
    reason: "The Events API and its integrations are not REST.",
    calls: /^POST \/(v2|integration)\/.+$/,
  },
  {
    reason:
      "The integrations of a service can be listed and deleted, as Terraform's provider does it.",
    calls: /^(GET \/services\/[^/]+\/integrations|DELETE \/services\/[^/]+\/integrations\/[^/]+)$/,
  },
];

/** Whether a call is PagerDuty's, but none of the document's. */
export function isUndocumented({ method, path }: { method: string; path: string }): boolean {
  return UNDOCUMENTED.some(({ calls }) => calls.test(`${method} ${path}`));
}

/** The document as the real API is. */
export function corrected(document: JsonObject, deviations: readonly Deviation[]): JsonObject {
  const copy = structuredClone(document);
  const put = (pointer: string, schema: JsonObject): void => {
    const [, parent = "", name = ""] = /^(.*)\/([^/]+)$/.exec(pointer) ?? [];
    Object.assign(at(copy, parent), { [name]: schema });
  };
  for (const deviation of deviations) {
    if ("schemas" in deviation) {
      Object.entries(deviation.schemas).forEach(([pointer, schema]) => put(pointer, schema));
    } else {
      deviation.nullable.forEach((pointer) =>
        put(pointer, { ...at(copy, pointer), nullable: true }),
      );
    }
  }
  return copy;
}
