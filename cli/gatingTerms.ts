import { targetText } from "../functions/gate/review/approvalRequest.ts";
import { formatDuration } from "../functions/gate/text/duration.ts";
import { incidentAppearsWithinMs } from "../functions/gate/gating/index.ts";
import type {
  Evaluation,
  ManualTaskRouting,
  OnDeny,
  ParameterSpec,
  Runbook,
  RuleTerms,
  ServiceGating,
  ServiceLimits,
} from "../functions/gate/gating/index.ts";
import { defaults } from "../functions/gate/gating/schema/defaults.ts";
import { facts } from "./text.ts";

/** What the runbook does, what may be passed to it, and what the service says of all proposals alike. */
export function runbookText(
  { action, description, target, parameters }: Runbook,
  gating: ServiceGating,
): string {
  const takes = Object.entries(parameters).map(([name, spec]) => `${name}: ${parameterText(spec)}`);
  const within = formatDuration(incidentAppearsWithinMs(gating));
  return `\n${facts([
    ["Does", `${targetText(target)} (${action})`],
    ["", description],
    ["Parameters", takes.length === 0 ? null : takes.join("\n")],
    ["Manual task", routing(gating.manualTask)],
    [
      "An alert",
      within === defaults.incidentAppearsWithin ? null : `may get its incident within ${within}`,
    ],
  ])}`;
}

function parameterText(spec: ParameterSpec): string {
  return [
    spec.type,
    spec.required ? "required" : null,
    spec.enum === null ? null : `one of ${spec.enum.map((one) => JSON.stringify(one)).join(", ")}`,
    spec.minimum === null ? null : `at least ${spec.minimum}`,
    spec.maximum === null ? null : `at most ${spec.maximum}`,
    spec.maxLength === null ? null : `at most ${spec.maxLength} characters`,
    spec.default === null ? null : `default ${JSON.stringify(spec.default)}`,
    spec.customField === null ? "only shown" : `carried by the custom field ${spec.customField}`,
    spec.description,
  ]
    .filter((part) => part !== null)
    .join(", ");
}

function routing({ service, escalationPolicy, users, urgency }: ManualTaskRouting): string | null {
  const parts = [
    service === null ? null : `on service ${service}`,
    escalationPolicy === null ? null : `to escalation policy ${escalationPolicy}`,
    users.length === 0 ? null : `to ${users.join(", ")}`,
    urgency === null ? null : `of ${urgency} urgency`,
  ].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join(", ");
}

/** Who hears of a denial. */
const TOLD_BY: Readonly<Record<OnDeny, string>> = {
  note: "a note on the incident",
  task: "a task of low urgency that counts them",
  page: "a manual task of its own",
};

/** The terms that mean something with the decision. */
export function termsText(
  { decision, terms }: Evaluation,
  { limits: whole }: ServiceGating,
): string {
  if (decision === "deny") {
    const { onDeny = "task" } = terms;
    return `\n${facts([
      ["Told by", TOLD_BY[onDeny]],
      ["After that", `the same is answered with it for ${formatDuration(terms.coolDownMs)}`],
    ])}`;
  }
  const limits: [string, string][] = [
    [
      "Limits",
      `${terms.limits.openProposals} open proposals, ${terms.limits.executionsPerHour} executions in any hour`,
    ],
    ...limitsOfService(whole),
  ];
  if (decision === "allow") {
    return `\n${facts([
      ["Runs within", formatDuration(terms.validForMs)],
      ["After a no", `the same is not run for ${formatDuration(terms.coolDownMs)}`],
      ...limits,
    ])}`;
  }
  return `\n${facts([
    ["Risk", String(terms.risk)],
    [
      "Waits",
      `${formatDuration(terms.slaMs)}, without an answer ${terms.onExpiry === "approve" ? "it RUNS" : "it is suppressed"}`,
    ],
    ["A yes is good", `for ${formatDuration(terms.validForMs)}`],
    ["Of a rule", terms.acceptRuleApprovals ? "a yes of a rule at Cheqpoint counts" : null],
    ["Delivery", terms.delivery === "poll" ? "the gate asks for the decision" : null],
    ["Escalates", escalation(terms)],
    ["Reviewer edits", terms.editable.length === 0 ? "nothing" : terms.editable.join(", ")],
    ["After a no", `the same is not asked again for ${formatDuration(terms.coolDownMs)}`],
    ...limits,
  ])}`;
}

const NO_LIMITS: ServiceLimits = { openProposals: null, executionsPerHour: null };

function limitsOfService({ openProposals, executionsPerHour }: ServiceLimits = NO_LIMITS): [
  string,
  string,
][] {
  const texts = [
    openProposals === null ? null : `${openProposals} open proposals`,
    executionsPerHour === null ? null : `${executionsPerHour} executions in any hour`,
  ].filter((text) => text !== null);
  return texts.length === 0 ? [] : [["The service's", texts.join(", ")]];
}

function escalation({ escalateAfterMs, escalateTo }: RuleTerms): string {
  if (escalateAfterMs === null || escalateTo === null) {
    return "never";
  }
  const whom = [escalateTo.escalationPolicy, ...escalateTo.users].filter(Boolean).join(", ");
  return `after ${formatDuration(escalateAfterMs)} to ${whom}`;
}
