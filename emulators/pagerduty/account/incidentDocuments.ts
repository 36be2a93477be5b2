import type { Reference, Target } from "./directoryDocuments.ts";

type IncidentStatus = "triggered" | "acknowledged" | "resolved";

interface FieldValue {
  field: string;
  value: unknown;
}

export interface Incident {
  id: string;
  number: number;
  title: string;
  details: string | null;
  status: IncidentStatus;
  /** As it was given, over REST or by the event that opened it; null: none was. */
  incidentKey: string | null;
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
