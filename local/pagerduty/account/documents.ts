/** A pointer to another object, as PagerDuty writes it. */
export interface Reference {
  id: string;
  type: string;
  summary: string | null;
  self: string | null;
  html_url: string | null;
}

export interface User {
  id: string;
  name: string;
  email: string;
  /** `admin`, `user`, `limited_user` (responder) or `read_only_user`. */
  role: string;
  jobTitle: string;
  timeZone: string;
  teams: string[];
}

export interface Team {
  id: string;
  name: string;
  description: string;
  parent: string | null;
}

export interface Schedule {
  id: string;
  name: string;
  description: string;
  timeZone: string;
  /** The first one is on call. */
  users: string[];
}

export interface Target {
  id: string;
  type: string;
}

export interface EscalationRule {
  id: string;
  delayMinutes: number;
  targets: Target[];
}

export interface EscalationPolicy {
  id: string;
  name: string;
  description: string | null;
  numLoops: number;
  teams: string[];
  rules: EscalationRule[];
  /** What the caller sent beyond the fields above; given back unchanged. */
  rest: Record<string, unknown>;
}

export interface Service {
  id: string;
  name: string;
  description: string | null;
  escalationPolicy: string;
  createdAtMs: number;
  lastIncidentAtMs: number | null;
  disabled: boolean;
  /** Time-outs, urgency rule, grouping and the like; given back unchanged. */
  rest: Record<string, unknown>;
}

export interface Integration {
  id: string;
  service: string;
  type: string;
  name: string;
  integrationKey: string | null;
  createdAtMs: number;
  vendor: string | null;
  rest: Record<string, unknown>;
}

/** Objects of which the emulator only answers questions: priorities, vendors and so on. */
export interface CatalogueItem {
  id: string;
  name: string;
  fields: Record<string, unknown>;
}

export type IncidentStatus = "triggered" | "acknowledged" | "resolved";

export interface FieldValue {
  field: string;
  value: unknown;
}

export interface Incident {
  id: string;
  number: number;
  title: string;
  details: string | null;
  status: IncidentStatus;
  incidentKey: string;
  service: string;
  escalationPolicy: string;
  escalationLevel: number;
  assignees: { user: string; atMs: number }[];
  assignedVia: "escalation_policy" | "direct_assignment";
  acknowledgers: { user: string; atMs: number }[];
  priority: string | null;
  urgency: "high" | "low";
  incidentType: string;
  conferenceBridge: Record<string, unknown> | null;
  resolution: string | null;
  mergedInto: string | null;
  snoozedUntilMs: number | null;
  fieldValues: FieldValue[];
  createdAtMs: number;
  updatedAtMs: number;
  lastStatusChangeAtMs: number;
  lastStatusChangeBy: Reference | null;
  resolvedAtMs: number | null;
  triggerLogEntry: string;
}

export interface Note {
  id: string;
  incident: string;
  user: Reference | null;
  content: string;
  createdAtMs: number;
  updatedAtMs: number;
}

export interface LogEntry {
  id: string;
  incident: string;
  service: string;
  type: string;
  summary: string;
  agent: Reference | null;
  channel: Record<string, unknown>;
  createdAtMs: number;
  details: Record<string, unknown>;
}

export interface Alert {
  id: string;
  incident: string;
  service: string;
  alertKey: string;
  summary: string;
  severity: string;
  status: "triggered" | "resolved";
  integration: string;
  body: Record<string, unknown>;
  createdAtMs: number;
  updatedAtMs: number;
}

export interface ResponderRequest {
  id: string;
  incident: string;
  requester: string;
  message: string;
  requestedAtMs: number;
  targets: { target: Target; responders: { user: string; state: string }[] }[];
}

export interface StatusUpdate {
  id: string;
  incident: string;
  message: string;
  subject: string | null;
  htmlMessage: string | null;
  sender: Reference | null;
  createdAtMs: number;
}

export interface CustomField {
  id: string;
  incidentType: string;
  name: string;
  displayName: string;
  dataType: string;
  fieldType: string;
  description: string;
  enabled: boolean;
  defaultValue: unknown;
  createdAtMs: number;
  updatedAtMs: number;
}

export type Outcome = "completed" | "error" | "aborted" | "stuck";

export interface AutomationAction {
  id: string;
  name: string;
  description: string;
  actionType: string;
  classification: string | null;
  data: Record<string, unknown>;
  runner: string | null;
  services: string[];
  teams: string[];
  onlyOnUnresolved: boolean;
  createdAtMs: number;
  modifiedAtMs: number;
  lastRunAtMs: number | null;
  lastRunBy: Target | null;
  /** How its invocations end; `stuck` stands for a runner that is offline. */
  outcome: Outcome;
  rest: Record<string, unknown>;
}

export interface Invocation {
  id: string;
  action: string;
  incident: string;
  alert: string | null;
  snapshot: Record<string, unknown>;
  runner: string | null;
  state: string;
  timing: { atMs: number; state: string }[];
  agent: Target;
}

export interface Workflow {
  id: string;
  name: string;
  description: string;
  enabled: boolean;
  team: string | null;
  steps: unknown[];
  createdAtMs: number;
}

export interface WorkflowInstance {
  id: string;
  workflow: string;
  incident: string;
  startedAtMs: number;
  completedAtMs: number | null;
}

export interface Subscription {
  id: string;
  deliveryMethodId: string;
  url: string;
  secret: string;
  customHeaders: { name: string; value: string }[];
  description: string | null;
  active: boolean;
  events: string[];
  filter: { type: string; id: string | null };
  oauthClient: string | null;
  consecutiveDrops: number;
  disabledUntilMs: number | null;
}

export type DeliveryState = "pending" | "delivered" | "dropped" | "expired" | "lost";

export interface DeliveryAttempt {
  atMs: number;
  /** What the receiver answered, or null when there was no answer. */
  status: number | null;
  error: string | null;
}

export interface Delivery {
  id: string;
  webhookId: string;
  subscription: string;
  /** Deliveries of one lane go out one after the other. */
  lane: string;
  eventId: string;
  eventType: string;
  body: string;
  state: DeliveryState;
  createdAtMs: number;
  dueAtMs: number | null;
  attempts: DeliveryAttempt[];
}

/** Something that has to happen to the account at a time. */
export interface Task {
  id: string;
  kind: "invocationStep" | "workflowCompletion" | "unsnooze";
  target: string;
  dueAtMs: number | null;
}

export interface Fault {
  id: string;
  call: string;
  status?: number | undefined;
  body?: unknown;
  delayMs?: number | undefined;
  dropAnswer?: boolean | undefined;
  afterDoing?: boolean | undefined;
  duplicate?: boolean | undefined;
  reorder?: boolean | undefined;
  times: number;
  left: number;
}

export interface ReceivedRequest {
  id: string;
  time: string;
  method: string;
  path: string;
  query: string;
  headers: Record<string, string>;
  body: unknown;
  /** Null when the answer was cut off. */
  status: number | null;
  fault: string | null;
}

export interface AccessToken {
  id: string;
  user: string;
}

/** What is kept, by collection. */
export interface Collections {
  users: User;
  teams: Team;
  schedules: Schedule;
  escalationPolicies: EscalationPolicy;
  services: Service;
  integrations: Integration;
  priorities: CatalogueItem;
  vendors: CatalogueItem;
  extensionSchemas: CatalogueItem;
  businessServices: CatalogueItem;
  runners: CatalogueItem;
  incidents: Incident;
  notes: Note;
  logEntries: LogEntry;
  alerts: Alert;
  responderRequests: ResponderRequest;
  statusUpdates: StatusUpdate;
  customFields: CustomField;
  actions: AutomationAction;
  invocations: Invocation;
  workflows: Workflow;
  workflowInstances: WorkflowInstance;
  subscriptions: Subscription;
  deliveries: Delivery;
  tasks: Task;
  faults: Fault;
  requests: ReceivedRequest;
  tokens: AccessToken;
}

export type CollectionName = keyof Collections;
