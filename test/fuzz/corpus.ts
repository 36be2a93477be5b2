/*
 * What honest senders write: PagerDuty's events by its documentation, an Event Orchestration rule, an agent, a reviewer's
 * tool. Everything hostile is made of these.
 */

const WHEN = "2026-11-23T09:59:59.000Z";
const AGENT = { id: "PUSER01", type: "user_reference", summary: "Ana", self: null, html_url: null };
const INCIDENT = {
  id: "PINC1",
  type: "incident",
  self: "https://api.pagerduty.com/incidents/PINC1",
  html_url: "https://acme.pagerduty.com/incidents/PINC1",
  number: 4421,
  status: "triggered",
  incident_key: "db-7",
  created_at: WHEN,
  title: "primary unreachable",
  service: { id: "PSVC001", type: "service_reference", summary: "payments-db" },
  assignees: [AGENT],
  escalation_policy: { id: "PEP0001", type: "escalation_policy_reference", summary: "DBA" },
  teams: [],
  priority: { id: "PPRIO02", type: "priority_reference", summary: "P2" },
  urgency: "high",
  conference_bridge: null,
  resolve_reason: null,
};
const reference = (type: string, id: string) => ({ id, type, summary: id, self: null });

function eventOf(event_type: string, data: object) {
  return {
    event: {
      id: "01EVENT1",
      event_type,
      resource_type: "incident",
      occurred_at: WHEN,
      agent: AGENT,
      client: { name: "Monitoring" },
      data,
    },
  };
}

const RUN = {
  id: "01INV1",
  type: "incident_action_invocation",
  state: "created",
  action: reference("automation_action_reference", "01DBFAILOVER"),
  incident: reference("incident_reference", "PINC1"),
};
const WORKFLOW = {
  id: "01FLOW1",
  type: "incident_workflow_instance",
  incident_workflow: reference("incident_workflow_reference", "PWF0001"),
  incident: reference("incident_reference", "PINC1"),
  service: reference("service_reference", "PSVC001"),
};

export const EVENTS: readonly object[] = [
  eventOf("incident.triggered", INCIDENT),
  eventOf("incident.resolved", { ...INCIDENT, status: "resolved" }),
  eventOf("incident.annotated", {
    id: "PNOTE1",
    type: "incident_note",
    incident: reference("incident_reference", "PINC1"),
    content: "restarted it",
    trimmed: false,
  }),
  eventOf("incident.custom_field_values.updated", {
    type: "incident_field_values",
    incident: reference("incident_reference", "PINC1"),
    custom_fields: [
      { id: "PFIELD1", name: "max_replicas", type: "field_value", value: 3 },
      { id: "PFIELD2", name: "zone", type: "field_value", value: ["a", "b"] },
    ],
    changed_custom_fields: [{ id: "PFIELD1" }],
  }),
  eventOf("incident.action_invocation.created", RUN),
  eventOf("incident.action_invocation.terminated", { ...RUN, state: "completed" }),
  eventOf("incident.workflow.started", WORKFLOW),
  eventOf("incident.workflow.completed", WORKFLOW),
  eventOf("service.updated", { id: "PSVC001", type: "service", summary: "payments-db" }),
  eventOf("pagey.ping", { type: "ping", message: "Hello from your friend Pagey!" }),
];

export const ORCHESTRATION: readonly object[] = [
  {
    dedup_key: "db-7",
    service: "payments-db",
    runbook: "failover",
    justification: "lag is above 30 s",
    summary: "primary unreachable",
    severity: "critical",
    affected_regions: "eu-west-1, us-east-1",
    max_replicas: "3",
  },
  { incident_id: "PINC1", service: "payments-db", runbook: "workflow", severity: "", summary: "" },
];

export const PROPOSAL: readonly object[] = [
  {
    incident_id: "PINC1",
    service: "payments-db",
    runbook: "failover",
    parameters: { max_replicas: 3 },
    justification: "CPU at 98 %\nfor ten minutes",
    evidence: ["https://grafana.example/d/1", "the log"],
    severity: "P2",
    affected_regions: ["eu-west-1"],
    summary: "fail over",
  },
  { alert_key: "db-7", service: "payments-db", runbook: "raise", justification: "nobody answers" },
];

/** The details of a request as the gate submitted it. */
export const DETAILS = {
  incident_id: "INC-4421",
  service: "payments-db",
  affected_regions: ["us-east-1"],
  max_replicas: 3,
  zone: "a",
};

/** Approvals as Cheqpoint tells of them. */
export const APPROVALS: readonly object[] = [
  {
    id: "req_1",
    status: "approved",
    details: DETAILS,
    modifiedDetails: { max_replicas: 2 },
    responseNotes: "go ahead",
    decidedAt: "2026-11-23T10:00:30.000Z",
    autoDecided: false,
    autoDecisionRuleName: null,
    retryable: false,
  },
  {
    id: "req_1",
    status: "APPROVED",
    details: DETAILS,
    modifiedDetails: { ...DETAILS, max_replicas: 5 },
    decidedAt: "2026-11-23T10:00:30.000Z",
  },
  { id: "req_1", status: "rejected", details: DETAILS, decisionNote: "no", decidedAt: null },
  { id: "req_1", status: "pending", details: DETAILS },
];

export const CALLBACK: readonly object[] = [
  { approvalId: "req_1", status: "APPROVED", details: DETAILS, respondedBy: "ana@example.com" },
  { id: "req_1", status: "rejected", note: "no" },
  { status: "EXPIRED" },
];
