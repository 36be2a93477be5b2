import type {
  AutomationAction,
  Invocation,
  Workflow,
  WorkflowInstance,
} from "./automationDocuments.ts";
import type {
  CatalogueItem,
  EscalationPolicy,
  Integration,
  Schedule,
  Service,
  Team,
  User,
} from "./directoryDocuments.ts";
import type {
  Alert,
  CustomField,
  Incident,
  LogEntry,
  Note,
  ResponderRequest,
  StatusUpdate,
} from "./incidentDocuments.ts";
import type {
  Orchestration,
  OrchestrationPath,
  WorkflowTrigger,
} from "./orchestrationDocuments.ts";
import type { Delivery, Subscription } from "./webhookDocuments.ts";

export type {
  AutomationAction,
  Invocation,
  Workflow,
  WorkflowInstance,
} from "./automationDocuments.ts";
export type {
  CatalogueItem,
  EscalationPolicy,
  Integration,
  Reference,
  Schedule,
  Service,
  Target,
  Team,
  User,
} from "./directoryDocuments.ts";
export type {
  Alert,
  CustomField,
  Incident,
  LogEntry,
  Note,
  ResponderRequest,
  StatusUpdate,
} from "./incidentDocuments.ts";
export type { Delivery, Subscription } from "./webhookDocuments.ts";

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
  headers?: Record<string, string> | undefined;
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

interface AccessToken {
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
  workflowTriggers: WorkflowTrigger;
  orchestrations: Orchestration;
  orchestrationPaths: OrchestrationPath;
  subscriptions: Subscription;
  deliveries: Delivery;
  tasks: Task;
  faults: Fault;
  requests: ReceivedRequest;
  tokens: AccessToken;
}

export type CollectionName = keyof Collections;
