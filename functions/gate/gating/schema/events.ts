/**
 * Event types of PagerDuty webhooks v3 that are about an incident and can lead to a proposal. The API takes any text, so a
 * typing error would otherwise be found only by an event that never comes. Events about a run of an action or a workflow
 * are not here: the gate compares them with what it permitted, and proposes nothing for them.
 */
export const proposingEvents = [
  "incident.triggered",
  "incident.acknowledged",
  "incident.unacknowledged",
  "incident.resolved",
  "incident.reopened",
  "incident.escalated",
  "incident.reassigned",
  "incident.delegated",
  "incident.priority_updated",
  "incident.incident_type.changed",
  "incident.service_updated",
  "incident.annotated",
  "incident.custom_field_values.updated",
  "incident.responder.added",
  "incident.responder.replied",
  "incident.task.created",
  "incident.task.updated",
  "incident.task.completed",
  "incident.status_update_published",
  "incident.role.assigned",
  "incident.conference_bridge.updated",
] as const;

/** Event types about what ran, which never lead to a proposal. */
const runEvents: readonly string[] = [
  "incident.action_invocation.created",
  "incident.action_invocation.updated",
  "incident.action_invocation.terminated",
  "incident.workflow.started",
  "incident.workflow.completed",
];

/** What a gate subscribes to unless it is told otherwise: what it acts on, watches or keeps in its audit trail. */
export const subscribedEvents: readonly string[] = [
  "incident.acknowledged",
  "incident.action_invocation.created",
  "incident.action_invocation.terminated",
  "incident.action_invocation.updated",
  "incident.custom_field_values.updated",
  "incident.delegated",
  "incident.escalated",
  "incident.priority_updated",
  "incident.reassigned",
  "incident.reopened",
  "incident.resolved",
  "incident.service_updated",
  "incident.triggered",
  "incident.unacknowledged",
  "incident.workflow.completed",
  "incident.workflow.started",
];

/** What the gate reconciles and looks again at; without one of them it is blind or acts on what is over. */
export const neededEvents: readonly string[] = [
  "incident.action_invocation.created",
  "incident.action_invocation.terminated",
  "incident.action_invocation.updated",
  "incident.reopened",
  "incident.resolved",
  "incident.service_updated",
  "incident.workflow.completed",
  "incident.workflow.started",
];

/** How an event type that is newer than {@link proposingEvents} is written: "custom:incident.new". */
const customEventPrefix = "custom:";
export const customEventPattern = /^custom:incident(?:\.[a-z0-9_]+)+$/;

const known: ReadonlySet<string> = new Set(proposingEvents);

export function isRunEvent(type: string): boolean {
  return runEvents.includes(type);
}

/** Whether `text` may stand in `match.event`. */
export function isEventName(text: string): boolean {
  if (known.has(text)) return true;
  return text.length <= 100 && customEventPattern.test(text) && !isRunEvent(eventType(text));
}

/** The event type as PagerDuty sends it. */
export function eventType(name: string): string {
  return name.startsWith(customEventPrefix) ? name.slice(customEventPrefix.length) : name;
}
