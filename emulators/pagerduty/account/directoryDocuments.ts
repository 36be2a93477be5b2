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

interface EscalationRule {
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
