import type { Target } from "../gating/index.ts";
import type { FieldValues } from "../proposal/shared.ts";
import type { Incident } from "../proposal/proposal.ts";

/** Exactly what is to be done in PagerDuty. */
export interface Order {
  target: Target;
  incidentId: string;
  /** What the incident's custom fields must hold before anything runs, by field name; null: nothing. */
  customFields: FieldValues;
  /** Own mark on a workflow instance: the proposal's id. */
  mark: string;
}

export interface Invocation {
  id: string;
  actionId: string;
  incidentId: string | null;
  /** prepared, created, sent, queued, running, completed, aborted, error, unknown. */
  state: string;
  agentId: string | null;
  createdAtMs: number | null;
}

export interface NewIncident {
  serviceId: string;
  title: string;
  details: string;
  /** Idempotency key while it is open. */
  incidentKey: string;
  urgency: "high" | "low";
  escalationPolicyId: string | null;
  userIds: string[];
}

/** A list of PagerDuty's, as far as it can be read: what one entry lacks says nothing about the others. */
export interface Listed<T> {
  found: T[];
  /** Entries left out; the id where that can be read. */
  unreadable: { id: string | null; problem: string }[];
}

export interface WebhookSubscription {
  id: string;
  active: boolean;
  /** PagerDuty has switched it off for 24 hours after three dropped deliveries. */
  temporarilyDisabled: boolean;
  events: string[];
}

/** Whether an execution may still be sent. Each throws a `RemoteError` that says that nothing was done. */
export interface Permission {
  /** Looks once more at everything that may forbid it; asked right before the request that starts it. */
  look(): Promise<void>;
  /** Looks only at the clock: asked at the very moment in which bytes go out, whatever was waited for before. */
  stillFresh(): void;
}

/** PagerDuty, as far as the gate acts on it. Every method throws `RemoteError`. */
export interface PagerDuty {
  /** Null when PagerDuty answers 404. */
  incident(id: string): Promise<Incident | null>;
  /** Incidents that were made over REST with that `incident_key`, open or not, newest first. */
  incidentsByKey(key: string): Promise<Listed<Incident>>;
  /**
   * Open incidents with a triggered alert of that key, newest first. An incident with alerts has no `incident_key` of
   * its own: its alerts have.
   */
  incidentsByAlert(key: string): Promise<Listed<Incident>>;
  /** Id of the user whose token it is; null: the token is the account's or an application's, and has no user. */
  ownUser(): Promise<string | null>;
  /** By id or exact name; null when there is none. */
  findService(idOrName: string): Promise<{ id: string; name: string } | null>;
  /** Does it once; never retries inside. */
  execute(
    order: Order,
    permission?: Permission,
  ): Promise<{
    invocationId: string | null;
    state: string | null;
    /** Who it was started by, as PagerDuty tells it; null where it does not. */
    agentId: string | null;
  }>;
  invocation(id: string): Promise<Invocation | null>;
  /** Newest first, at most 25. */
  invocations(incidentId: string, actionId: string): Promise<Invocation[]>;
  createIncident(incident: NewIncident): Promise<{ id: string; url: string | null }>;
  resolveIncident(id: string, resolution: string): Promise<void>;
  addNote(incidentId: string, content: string): Promise<{ id: string }>;
  notes(incidentId: string): Promise<{ id: string; content: string }[]>;
  /** Webhook subscriptions that deliver to that address. */
  subscriptions(url: string): Promise<WebhookSubscription[]>;
  /** Ends PagerDuty's own switch-off after dropped deliveries. */
  enableSubscription(id: string): Promise<void>;
}
