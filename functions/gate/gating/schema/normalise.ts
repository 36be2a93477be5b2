import { parseDuration } from "../../text/duration.ts";
import { defaults } from "./defaults.ts";
import { eventType } from "./events.ts";
import type { ParameterInput } from "./parameterSchema.ts";
import type { MatchInput } from "./matchSchema.ts";
import type { RunbookInput } from "./runbookSchema.ts";
import type { GatingInput, ManualTaskInput, RuleInput, ServiceGatingInput } from "./schema.ts";
import type {
  GatingDefaults,
  ManualTaskRouting,
  Match,
  OnDeny,
  ParameterSpec,
  Rule,
  RuleTerms,
  Runbook,
  ServiceGating,
  Target,
  Window,
} from "./types.ts";
import { weekdays } from "./windowSchema.ts";
import type { WindowInput } from "./windowSchema.ts";

/** The action label of a runbook that states none. */
export const defaultActions = {
  automationAction: "run_auto_remediation_runbook",
  incidentWorkflow: "start_incident_workflow",
  reassign: "reassign_incident",
  escalate: "escalate_incident",
} as const satisfies Record<Target["kind"], string>;

/** What applies where a rule says nothing, and to every proposal that no rule matches. */
export function defaultTerms(): RuleTerms {
  return termsOf({});
}

/** Fills in the defaults of one service. */
export function normaliseService(input: ServiceGatingInput): ServiceGating {
  return {
    runbooks: normaliseRunbooks(input.runbooks),
    rules: (input.rules ?? []).map(normaliseRule),
    otherwise: input.otherwise ?? defaults.otherwise,
    ...onDenyOf(input),
    ...(input.limits === undefined
      ? {}
      : {
          limits: {
            openProposals: input.limits.openProposals ?? null,
            executionsPerHour: input.limits.executionsPerHour ?? null,
          },
        }),
    manualTask: manualTaskOf(input.manualTask),
    ...(input.incidentAppearsWithin === undefined
      ? {}
      : { incidentAppearsWithinMs: parseDuration(input.incidentAppearsWithin) }),
  };
}

/** How long an alert's incident may take to appear. */
export function incidentAppearsWithinMs(gating: ServiceGating): number {
  return gating.incidentAppearsWithinMs ?? parseDuration(defaults.incidentAppearsWithin);
}

/** Fills in the defaults of what applies to services that are not listed. */
export function normaliseDefaults(input: GatingInput["defaults"]): GatingDefaults {
  return {
    events: input?.events ?? "ignore",
    proposals: input?.proposals ?? "requireApproval",
    ...onDenyOf(input),
    runbooks: normaliseRunbooks(input?.runbooks),
    manualTask: manualTaskOf(input?.manualTask),
  };
}

/** What the runbook does; null: it states no target. */
export function targetOf(input: RunbookInput): Target | null {
  if (input.automationAction !== undefined) {
    return { kind: "automationAction", actionId: input.automationAction };
  }
  if (input.incidentWorkflow !== undefined) {
    return { kind: "incidentWorkflow", workflowId: input.incidentWorkflow };
  }
  if (input.reassign !== undefined) return { kind: "reassign", ...whomOf(input.reassign) };
  return input.escalate === undefined ? null : { kind: "escalate", level: input.escalate.level };
}

/** Fills in the defaults of one parameter. */
export function parameterOf(input: ParameterInput): ParameterSpec {
  return {
    type: input.type,
    description: input.description ?? null,
    required: input.required ?? false,
    default: input.default ?? null,
    enum: input.enum ?? null,
    minimum: input.minimum ?? null,
    maximum: input.maximum ?? null,
    maxLength: input.type === "string" ? (input.maxLength ?? defaults.maxLength) : null,
    customField: input.customField ?? null,
  };
}

/** One value or a list of them as a list without repetitions; null: nothing was written. */
export function listOf<Value>(input: Value | Value[] | undefined): Value[] | null {
  if (input === undefined) return null;
  return Array.isArray(input) ? [...new Set(input)] : [input];
}

function normaliseRunbooks(input: ServiceGatingInput["runbooks"]): Record<string, Runbook> {
  return Object.fromEntries(
    Object.entries(input ?? {}).map(([name, runbook]) => [name, runbookOf(name, runbook)]),
  );
}

function runbookOf(name: string, input: RunbookInput): Runbook {
  const target = targetOf(input);
  if (target === null) throw new Error(`runbook ${name} was accepted without a target`);
  return {
    name,
    action: input.action ?? defaultActions[target.kind],
    description: input.description ?? null,
    target,
    parameters: Object.fromEntries(
      Object.entries(input.parameters ?? {}).map(([key, spec]) => [key, parameterOf(spec)]),
    ),
  };
}

function normaliseRule(input: RuleInput): Rule {
  return {
    name: input.name,
    match: matchOf(input.match ?? {}),
    decision: input.decision,
    propose: input.propose ?? null,
    ...(input.dryRun === true ? { dryRun: true as const } : {}),
    ...termsOf(input),
  };
}

function termsOf(input: Partial<RuleInput>): RuleTerms {
  return {
    risk: input.risk ?? defaults.risk,
    slaMs: parseDuration(input.sla ?? defaults.sla),
    validForMs: parseDuration(input.validFor ?? defaults.validFor),
    onExpiry: input.onExpiry ?? defaults.onExpiry,
    escalateAfterMs: input.escalateAfter === undefined ? null : parseDuration(input.escalateAfter),
    escalateTo: input.escalateTo === undefined ? null : whomOf(input.escalateTo),
    delivery: input.delivery ?? defaults.delivery,
    editable: listOf(input.editable) ?? [],
    coolDownMs: parseDuration(input.coolDown ?? defaults.coolDown),
    limits: {
      openProposals: input.limits?.openProposals ?? defaults.openProposals,
      executionsPerHour: input.limits?.executionsPerHour ?? defaults.executionsPerHour,
    },
    acceptRuleApprovals: input.acceptRuleApprovals ?? false,
    ...onDenyOf(input),
  };
}

function onDenyOf(input: { onDeny?: OnDeny | undefined } | undefined): { onDeny?: OnDeny } {
  return input?.onDeny === undefined ? {} : { onDeny: input.onDeny };
}

function matchOf(input: MatchInput): Match {
  return {
    event: listOf(listOf(input.event)?.map(eventType)),
    action: listOf(input.action),
    priority: listOf(input.priority),
    severity: listOf(input.severity),
    urgency: listOf(input.urgency),
    region: listOf(input.region),
    runbook: listOf(input.runbook),
    proposer: listOf(input.proposer),
    titlePattern: listOf(input.titlePattern),
    during: listOf(input.during)?.map(windowOf) ?? null,
  };
}

/** Fills in the defaults of one window. */
export function windowOf(input: WindowInput): Window {
  const { timeZone } = input;
  if (input.start !== undefined && input.end !== undefined) {
    return { kind: "absolute", start: input.start, end: input.end, timeZone };
  }
  const days = listOf(input.days) ?? weekdays;
  return {
    kind: "weekly",
    days: weekdays.filter((day) => days.includes(day)),
    from: input.from ?? "00:00",
    to: input.to ?? "24:00",
    timeZone,
  };
}

function whomOf(input: { users?: string[] | undefined; escalationPolicy?: string | undefined }) {
  return {
    users: listOf(input.users) ?? [],
    escalationPolicy: input.escalationPolicy ?? null,
  };
}

function manualTaskOf(input: ManualTaskInput | undefined): ManualTaskRouting {
  return {
    service: input?.service ?? null,
    escalationPolicy: input?.escalationPolicy ?? null,
    users: listOf(input?.users) ?? [],
    urgency: input?.urgency ?? null,
  };
}
