import * as z from "zod";
import type { Invocation, Listed } from "../gate/ports/index.ts";
import { cut } from "../gate/text/cut.ts";
import { isTimeZone } from "../gate/text/localTime.ts";
import { printable } from "../gate/text/printable.ts";
import type { Incident } from "../gate/proposal/proposal.ts";

/** A field that the gate can do without: of whatever form, it never makes the rest unreadable. */
export function optional<T extends z.ZodType>(type: T) {
  return type.nullish().catch(null);
}

export const id = z.string().min(1);

const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/;

/** Epoch milliseconds of an ISO-8601 time with a zone; null for anything else. */
export function epochMs(time: string | null | undefined): number | null {
  if (time === null || time === undefined || !ISO_TIME.test(time)) return null;
  const atMs = Date.parse(time);
  return Number.isNaN(atMs) ? null : atMs;
}

/** People follow it from notes and pages: nothing but a web address. */
export function webAddress(url: string | null | undefined): string | null {
  return url !== null && url !== undefined && /^https?:\/\//i.test(url) ? url : null;
}

function text(value: string | null | undefined): string | null {
  return value === undefined || value === "" ? null : value;
}

const withId = z.object({ id });

/** A list that is read entry by entry: one that cannot be read leaves the others as they are. */
export function listOf<T extends z.ZodType>(entry: T) {
  return z.array(z.unknown()).transform((wire): Listed<z.output<T>> => {
    const listed: Listed<z.output<T>> = { found: [], unreadable: [] };
    for (const one of wire) {
      const read = entry.safeParse(one);
      if (read.success) {
        listed.found.push(read.data);
      } else {
        const { path = [], message = "Invalid input" } = read.error.issues[0] ?? {};
        listed.unreadable.push({
          id: withId.safeParse(one).data?.id ?? null,
          problem: `\`${path.join(".")}\`: ${message}`,
        });
      }
    }
    return listed;
  });
}

const reference = z.object({ id });
const maybeReference = reference.nullish();

/** As much of a title as rules look at; PagerDuty's own names are shorter. */
const LONGEST_NAME = 1024;

/** What people call a thing: rules and readers get it without what nobody sees, and no longer than a record may hold. */
export const name = z.string().transform((written) => cut(printable(written), LONGEST_NAME));

/** Both are only told where `include[]` asks for them. */
const zoned = z.object({ time_zone: optional(z.string()) });

const UTC = /^(Etc\/)?(UTC|UCT|GMT|Universal|Zulu)$/;

/** PagerDuty also knows zones by names that no time zone database has; what is told in UTC anyway needs none. */
function isPlace(zone: string | null | undefined): zone is string {
  return zone !== null && zone !== undefined && isTimeZone(zone) && !UTC.test(zone);
}

/** An incident as REST (`incident_number`, `assignments`) and webhooks (`number`, `assignees`) write it. */
export const incidentShape = z
  .object({
    id,
    number: optional(z.number()),
    incident_number: optional(z.number()),
    title: optional(name),
    status: z.enum(["triggered", "acknowledged", "resolved"]),
    html_url: optional(z.string()),
    priority: optional(z.object({ name: optional(name), summary: optional(name) })),
    urgency: optional(z.string()),
    service: z.object({
      id,
      summary: optional(name),
      name: optional(name),
      support_hours: optional(zoned),
    }),
    escalation_policy: maybeReference,
    assignees: z.array(reference).nullish(),
    assignments: z
      .array(z.object({ assignee: reference.extend({ time_zone: optional(z.string()) }) }))
      .nullish(),
    incident_key: optional(z.string()),
    created_at: z.string(),
    resolve_reason: optional(z.object({ type: z.string(), incident: optional(z.object({ id })) })),
  })
  .transform((wire, context): Incident => {
    const createdAtMs = epochMs(wire.created_at);
    if (createdAtMs === null) {
      context.addIssue({
        code: "custom",
        path: ["created_at"],
        message: "Invalid input: expected an ISO-8601 time with a zone",
      });
      return z.NEVER;
    }
    // The service's own, else that of whom the incident is assigned to.
    const timeZone = [
      wire.service.support_hours?.time_zone,
      ...(wire.assignments ?? []).map(({ assignee }) => assignee.time_zone),
    ].find(isPlace);
    return {
      id: wire.id,
      number: wire.incident_number ?? wire.number ?? 0,
      // Whoever can send an alert writes it, and reviewers read it.
      title: wire.title ?? "",
      status: wire.status,
      url: webAddress(wire.html_url),
      priority: text(wire.priority?.name) ?? text(wire.priority?.summary),
      // Taken for high unless PagerDuty says low: the stricter rules apply to what is unclear.
      urgency: wire.urgency === "low" ? "low" : "high",
      serviceId: wire.service.id,
      serviceName: text(wire.service.summary) ?? text(wire.service.name) ?? wire.service.id,
      escalationPolicyId: wire.escalation_policy?.id ?? null,
      assigneeIds:
        wire.assignments?.map(({ assignee }) => assignee.id) ??
        wire.assignees?.map((assignee) => assignee.id) ??
        [],
      incidentKey: text(wire.incident_key),
      createdAtMs,
      ...(timeZone === undefined ? {} : { timeZone }),
      ...(wire.status === "resolved" && wire.resolve_reason?.type === "merge_resolve_reason"
        ? { mergedInto: { id: wire.resolve_reason.incident?.id ?? null } }
        : {}),
    };
  });

const STATES: readonly string[] = [
  "prepared",
  "created",
  "sent",
  "queued",
  "running",
  "completed",
  "aborted",
  "error",
];

/** A state of which PagerDuty's documents say nothing is `unknown`, so that nothing takes it for an end. */
export function invocationState(state: string | null | undefined): string {
  return state !== null && state !== undefined && STATES.includes(state) ? state : "unknown";
}

const timing = z.object({
  state: optional(z.string()),
  timestamp: optional(z.string()),
  creation_timestamp: optional(z.string()),
});

/** An automation action invocation as REST writes it. */
export const invocationShape = z
  .object({
    id,
    action_id: id,
    state: optional(z.string()),
    timing: optional(z.array(timing)),
    metadata: optional(
      z.object({ agent: optional(z.object({ id })), incident: optional(z.object({ id })) }),
    ),
  })
  .transform((wire): Invocation => ({
    id: wire.id,
    actionId: wire.action_id,
    incidentId: wire.metadata?.incident?.id ?? null,
    state: invocationState(wire.state),
    agentId: wire.metadata?.agent?.id ?? null,
    createdAtMs: createdAt(wire.timing ?? []),
  }));

/** The order of the entries is not to be relied on: the earliest counts, `created` before others. */
function createdAt(timings: readonly z.infer<typeof timing>[]): number | null {
  const times = (entries: typeof timings) =>
    entries.flatMap((entry) => epochMs(entry.timestamp ?? entry.creation_timestamp) ?? []);
  const created = times(timings.filter((entry) => entry.state === "created"));
  const all = created.length > 0 ? created : times(timings);
  return all.length > 0 ? Math.min(...all) : null;
}
