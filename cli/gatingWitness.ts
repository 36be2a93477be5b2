import type { Witness } from "../functions/gate/gating/compare/index.ts";
import { proposingEvents } from "../functions/gate/gating/index.ts";

/** Of services that are not listed, any name will do. */
const SOME_SERVICE = "some-other-service";

/** The command that asks a gating file about the witness, to be pasted into a shell. */
export function explainCommandOf(file: string, service: string | null, witness: Witness): string {
  return `gate ${explainArguments(file, service, witness).map(quoted).join(" ")}`;
}

export function explainArguments(file: string, service: string | null, witness: Witness): string[] {
  const { event, runbook, proposer, priority, severity, urgency, regions, title, atMs } = witness;
  // In one piece where the value would be taken for an option.
  const option = (name: string, value: string | null): string[] =>
    value === null ? [] : value.startsWith("-") ? [`--${name}=${value}`] : [`--${name}`, value];
  return [
    "gating",
    "explain",
    file,
    ...option("service", service ?? SOME_SERVICE),
    ...option("runbook", runbook),
    ...option("event", event === null ? null : eventName(event)),
    ...option("priority", priority),
    ...option("severity", severity),
    ...option("urgency", urgency),
    ...regions.flatMap((region) => option("region", region)),
    ...option("proposer", event === null ? proposer : null),
    ...option("title", title === "" ? null : title),
    ...option("at", new Date(atMs).toISOString().replace(".000Z", "Z")),
  ];
}

function eventName(event: string): string {
  return proposingEvents.some((known) => known === event) ? event : `custom:${event}`;
}

function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}
