import type { Io } from "../io.ts";
import { checks, part, type Check } from "./check.ts";
import { cheqpointChecks } from "./cheqpointChecks.ts";
import { actionCoverage } from "./ungated/actions.ts";
import { orchestrationCoverage } from "./ungated/orchestrations.ts";
import { gateUserOf } from "./ungated/teams.ts";
import { workflowCoverage } from "./ungated/workflows.ts";
import { gateChecks } from "./gateChecks.ts";
import { gatingOf, type GatingOptions } from "./gating.ts";
import { fromChecks, serviceChecks, tokenCheck } from "./pagerDutyChecks.ts";
import { PagerDutyReader } from "./pagerDutyReader.ts";
import { runbookChecks } from "./runbookChecks.ts";
import { secretChecks } from "./secretChecks.ts";
import type { GatedService, Subject } from "./subject.ts";
import { subscriptionChecks } from "./subscriptionChecks.ts";

/** What no check can tell, so that nobody takes an empty list of gaps for a proof. */
export const NOT_SEEN: readonly string[] = [
  "owners and admins of the account, who may run every action whatever its teams",
  "other API keys and who holds them",
  "the automation behind an action: its own users, schedules and keys",
  "what a webhook or a workflow step outside PagerDuty does",
  "rulesets (the older event rules) and response plays",
];

/** All checks, in the order in which one would mend them. */
export async function examine(io: Io, subject: Subject, options: GatingOptions): Promise<Check[]> {
  const gating = await gatingOf(io, options, subject.target);
  const [gate, secrets, cheqpoint, pagerDuty] = await Promise.all([
    gateChecks(io, subject),
    part("secrets", null, () => secretChecks(subject)),
    cheqpointChecks(io, subject),
    part("pagerduty", null, () => pagerDutySide(io, subject, gating.services)),
  ]);
  return [...gate, ...gating.checks, ...secrets, ...cheqpoint, ...pagerDuty];
}

async function pagerDutySide(
  io: Io,
  { pagerDuty, webhookUrl, proposalsUrl }: Subject,
  gated: readonly GatedService[],
): Promise<Check[]> {
  const { apiUrl, token, from } = pagerDuty;
  if (token === null) {
    return [
      checks("pagerduty.token").warn(
        "not tried: no token was given, so nothing in PagerDuty was looked at",
        "set PAGERDUTY_TOKEN to the gate's token",
      ),
    ];
  }
  const reader = new PagerDutyReader(io, { apiUrl, token });
  const accepted = await tokenCheck(reader, apiUrl);
  if (accepted.status !== "ok") {
    return [accepted];
  }
  const named = await fromChecks(reader, from);
  const found = await serviceChecks(reader, gated);
  const { services } = found;
  const gate = await gateUserOf(reader, named.user);
  const webhook = checks("webhook.exists");
  return [
    accepted,
    ...named.checks,
    ...found.checks,
    ...(webhookUrl === null
      ? [webhook.warn("not looked for: the gate's address is not known", "use --stack or --url")]
      : await part("webhook", null, () => subscriptionChecks(reader, webhookUrl, services))),
    ...(await runbookChecks(reader, services)),
    ...(await part("coverage.actions", null, () => actionCoverage(reader, services, gate))),
    ...(await part("coverage.rules", null, () =>
      orchestrationCoverage(reader, services, proposalsUrl),
    )),
    ...(await part("coverage.workflows", null, () =>
      workflowCoverage(reader, services, { gate, proposalsUrl }),
    )),
  ];
}
