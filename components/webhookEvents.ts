import type * as pulumi from "@pulumi/pulumi";
import { eventType, neededEvents, subscribedEvents } from "../functions/gate/gating/index.ts";
import { checked, refuse, shown } from "./inputs.ts";

/** All that can be subscribed to. */
const KNOWN_EVENTS: readonly string[] = [
  ...subscribedEvents,
  "incident.annotated",
  "incident.conference_bridge.updated",
  "incident.incident_type.changed",
  "incident.responder.added",
  "incident.responder.replied",
  "incident.role.assigned",
  "incident.status_update_published",
  "incident.task.completed",
  "incident.task.created",
  "incident.task.updated",
  "service.created",
  "service.custom_field_values.updated",
  "service.deleted",
  "service.updated",
];

/** Those of a gate: never fewer than it needs; a new one is marked as in a rule, "custom:incident.new_type". */
export function checkedGateEvents(
  field: string,
  events: pulumi.Input<pulumi.Input<string>[]>,
): pulumi.Output<string[]> {
  return checked(events, (list) => {
    const written = eventTypes(field, list);
    const types = written.map(eventType);
    const unmarked = written.filter((event, index) => event === types[index]);
    mustBeKnown(field, unmarked, 'write "custom:" before one that is new');
    const missing = neededEvents.filter((event) => !types.includes(event));
    if (missing.length > 0) {
      refuse(
        `\`${field}\` must also hold ${missing.join(", ")}: without them the gate does not see what runs or is over`,
      );
    }
    return [...new Set(types)].sort();
  });
}

function eventTypes(field: string, list: unknown): string[] {
  if (!Array.isArray(list) || list.length === 0) {
    refuse(`\`${field}\` must name at least one event type, got ${shown(list)}`);
  }
  return list.map((event: unknown) =>
    typeof event === "string" && /^(custom:)?[a-z_]+(\.[a-z0-9_]+)+$/.test(event)
      ? event
      : refuse(
          `\`${field}\` must hold event types such as "incident.triggered", got ${shown(event)}`,
        ),
  );
}

function mustBeKnown(field: string, events: readonly string[], hint: string): void {
  const unknown = events.find((event) => !KNOWN_EVENTS.includes(event));
  if (unknown !== undefined) {
    refuse(`\`${field}\` must hold event types that PagerDuty has, got ${shown(unknown)}; ${hint}`);
  }
}
