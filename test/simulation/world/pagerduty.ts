import type { Chance } from "../engine/chance.ts";
import type { Kernel } from "../engine/kernel.ts";
import { fieldDocument, mergeReason, reference } from "./references.ts";

/** The user in whose name the gate calls. */
export const GATE_USER = "PGATE01";

export interface SimIncident {
  id: string;
  number: number;
  title: string;
  status: "triggered" | "acknowledged" | "resolved";
  serviceId: string;
  escalationPolicyId: string;
  priority: string | null;
  urgency: "high" | "low";
  /** Of incidents made over REST; those that come of alerts have none. */
  incidentKey: string | null;
  alertKeys: string[];
  createdAtMs: number;
  fields: Map<string, unknown>;
  notes: { id: string; content: string; atMs: number }[];
  details: string;
  mergedInto: string | null;
  /** The proposal in whose work the gate made it. */
  madeFor: string | null;
}

/** A run of an automation action or workflow, or a change of the incident, that somebody started. */
export interface Run {
  id: string;
  target: string;
  incidentId: string;
  /** The proposal in whose work the gate asked for it; null: somebody else did. */
  item: string | null;
  agentId: string;
  /** When the gate wrote down that it would; null: it did not write. */
  claimedAtMs: number | null;
  sentAtMs: number;
  leftAtMs: number;
  atMs: number;
  state: string;
  /** What its script read in the incident's fields when it started. */
  found: Readonly<Record<string, unknown>> | null;
}

type StartedBy = Pick<Run, "agentId" | "item" | "claimedAtMs" | "sentAtMs" | "leftAtMs">;

/** Since when a thing is so. */
export interface Since<T> {
  atMs: number;
  value: T;
}

/**
 * PagerDuty, as little of it as the gate touches, by the fact sheets. It shares nothing with the emulator or the gate's
 * clients. What happened stays, for the judge.
 */
export class SimPagerDuty {
  readonly services = new Map<string, string>([
    ["PSVC001", "payments-db"],
    ["PSVC002", "search"],
    ["PSVC003", "website"],
  ]);
  readonly incidents = new Map<string, SimIncident>();
  readonly runs: Run[] = [];
  /** How each incident stood when. */
  readonly history = new Map<string, Since<{ status: string; serviceId: string }>[]>();
  readonly fieldWrites: {
    incidentId: string;
    name: string;
    value: unknown;
    by: string;
    atMs: number;
  }[] = [];
  /** Takes an event to the gate's webhook. */
  onEvent: (incidentId: string, event: object) => void = () => undefined;
  readonly #kernel: Kernel;
  readonly #chance: Chance;
  #count = 0;

  constructor(kernel: Kernel, chance: Chance) {
    this.#kernel = kernel;
    this.#chance = chance;
  }

  open(wanted: {
    id?: string;
    title: string;
    serviceId: string;
    alertKey?: string;
    incidentKey?: string;
    urgency?: "high" | "low";
    priority?: string | null;
    details?: string;
    madeFor?: string;
  }): SimIncident {
    const number = this.incidents.size + 1;
    const incident: SimIncident = {
      id: wanted.id ?? `PTASK${number}`,
      number,
      title: wanted.title,
      status: "triggered",
      serviceId: wanted.serviceId,
      escalationPolicyId: "PEP0001",
      priority: wanted.priority ?? null,
      urgency: wanted.urgency ?? "high",
      incidentKey: wanted.incidentKey ?? null,
      alertKeys: wanted.alertKey === undefined ? [] : [wanted.alertKey],
      createdAtMs: this.#kernel.nowMs,
      fields: new Map(),
      notes: [],
      details: wanted.details ?? "",
      mergedInto: null,
      madeFor: wanted.madeFor ?? null,
    };
    this.incidents.set(incident.id, incident);
    this.#remember(incident);
    this.emitIncident("incident.triggered", incident, null);
    return incident;
  }

  change(
    incident: SimIncident,
    what: Partial<Pick<SimIncident, "status" | "serviceId" | "escalationPolicyId" | "mergedInto">>,
    agentId: string | null,
  ): void {
    const before = { ...incident };
    Object.assign(incident, what);
    this.#remember(incident);
    if (before.status !== incident.status) {
      const type =
        incident.status === "resolved"
          ? "incident.resolved"
          : before.status === "resolved"
            ? "incident.reopened"
            : "incident.acknowledged";
      this.emitIncident(type, incident, agentId);
    }
    if (before.serviceId !== incident.serviceId) {
      this.emitIncident("incident.service_updated", incident, agentId);
    }
    if (before.escalationPolicyId !== incident.escalationPolicyId) {
      this.emitIncident("incident.delegated", incident, agentId);
    }
  }

  #remember({ id, status, serviceId }: SimIncident): void {
    const kept = this.history.get(id) ?? [];
    kept.push({ atMs: this.#kernel.nowMs, value: { status, serviceId } });
    this.history.set(id, kept);
  }

  writeFields(
    incident: SimIncident,
    fields: readonly { name: string; value: unknown }[],
    by: string,
  ): void {
    for (const { name, value } of fields) {
      incident.fields.set(name, value);
      this.fieldWrites.push({ incidentId: incident.id, name, value, by, atMs: this.#kernel.nowMs });
    }
    const custom_fields = [...incident.fields].map(([name, value]) => fieldDocument(name, value));
    this.#emit(incident, "incident.custom_field_values.updated", by, {
      type: "incident_field_values",
      incident: reference(incident.id, "incident_reference", incident.title),
      custom_fields,
      changed_custom_fields: fields.map(({ name, value }) => fieldDocument(name, value)),
    });
  }

  annotate(incident: SimIncident, content: string, by: string): string {
    const id = `PNOTE${this.#next()}`;
    incident.notes.push({ id, content, atMs: this.#kernel.nowMs });
    this.#emit(incident, "incident.annotated", by, {
      id,
      type: "incident_note",
      content,
      trimmed: false,
      incident: reference(incident.id, "incident_reference", incident.title),
    });
    return id;
  }

  /** Starts an automation action or a workflow. */
  start(kind: "action" | "workflow", targetId: string, incident: SimIncident, by: StartedBy): Run {
    const id = `${kind === "action" ? "01RUN" : "PWFI"}${this.#next()}`;
    const run: Run = {
      id,
      target: `${kind}:${targetId}`,
      incidentId: incident.id,
      ...by,
      atMs: this.#kernel.nowMs,
      state: "created",
      found: null,
    };
    this.runs.push(run);
    this.#emitRun(kind, run, "created");
    const key = `run of ${by.item ?? by.agentId} on ${incident.id} ${targetId} ${this.runs.filter((one) => one.item === by.item).length}`;
    const fate = this.#chance.weighted(key, { completed: 0.85, error: 0.07, offline: 0.08 });
    const startsMs = this.#chance.pick(`${key} starts`, [50, 400, 1_500, 4_000, 15_000, 60_000]);
    const lastsMs = this.#chance.pick(`${key} lasts`, [100, 2_000, 8_000, 40_000]);
    if (fate === "offline" && kind === "action") {
      return run;
    }
    this.#kernel.after(startsMs, () => {
      run.state = "running";
      run.found = Object.fromEntries(incident.fields);
      this.#emitRun(kind, run, "updated");
      this.#kernel.after(lastsMs, () => {
        run.state = fate === "error" && kind === "action" ? "error" : "completed";
        this.#emitRun(kind, run, "terminated");
      });
    });
    return run;
  }

  /** A change of the incident itself, which PagerDuty does at once. */
  record(target: string, incident: SimIncident, by: StartedBy): void {
    this.runs.push({
      id: `change${this.#next()}`,
      target,
      incidentId: incident.id,
      ...by,
      atMs: this.#kernel.nowMs,
      state: "completed",
      found: null,
    });
  }

  #emitRun(
    kind: "action" | "workflow",
    run: Run,
    what: "created" | "updated" | "terminated",
  ): void {
    const incident = this.incidents.get(run.incidentId);
    const targetId = run.target.slice(run.target.indexOf(":") + 1);
    if (incident === undefined) {
      return;
    }
    const about = reference(incident.id, "incident_reference", incident.title);
    if (kind === "action") {
      this.#emit(incident, `incident.action_invocation.${what}`, run.agentId, {
        id: run.id,
        type: "incident_action_invocation",
        state: run.state,
        incident: about,
        action: reference(targetId, "action_reference", targetId),
      });
    } else if (what !== "updated") {
      this.#emit(
        incident,
        `incident.workflow.${what === "created" ? "started" : "completed"}`,
        null,
        {
          id: run.id,
          type: "incident_workflow_instance",
          summary: targetId,
          incident_workflow: reference(targetId, "incident_workflow_reference", targetId),
          incident: about,
          service: reference(
            incident.serviceId,
            "service_reference",
            this.services.get(incident.serviceId) ?? "",
          ),
        },
      );
    }
  }

  emitIncident(type: string, incident: SimIncident, agentId: string | null): void {
    this.#emit(incident, type, agentId, {
      id: incident.id,
      type: "incident",
      number: incident.number,
      status: incident.status,
      title: incident.title,
      html_url: `https://acme.pagerduty.com/incidents/${incident.id}`,
      incident_key: incident.incidentKey,
      created_at: new Date(incident.createdAtMs).toISOString(),
      service: reference(
        incident.serviceId,
        "service_reference",
        this.services.get(incident.serviceId) ?? "",
      ),
      assignees: [],
      escalation_policy: reference(
        incident.escalationPolicyId,
        "escalation_policy_reference",
        "EP",
      ),
      priority:
        incident.priority === null
          ? null
          : { id: "PPRIO1", summary: incident.priority, type: "priority_reference" },
      urgency: incident.urgency,
      resolve_reason: mergeReason(incident),
    });
  }

  #emit(incident: SimIncident, type: string, agentId: string | null, data: object): void {
    this.onEvent(incident.id, {
      event: {
        id: `01EVENT${this.#next()}`,
        event_type: type,
        resource_type: "incident",
        occurred_at: new Date(this.#kernel.nowMs).toISOString(),
        agent: agentId === null ? null : reference(agentId, "user_reference", agentId),
        client: null,
        data,
      },
    });
  }

  #next(): string {
    this.#count += 1;
    return String(this.#count).padStart(4, "0");
  }
}
