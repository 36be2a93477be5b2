import type { Io } from "../io.ts";
import { alarmChecks } from "./alarmChecks.ts";
import { checks, part, type Check } from "./check.ts";
import { cheqpointChecks } from "./cheqpointChecks.ts";
import { actionCoverage } from "./ungated/actions.ts";
import { orchestrationCoverage } from "./ungated/orchestrations.ts";
import { gateUserOf, type GateUser } from "./ungated/teams.ts";
import { workflowCoverage } from "./ungated/workflows.ts";
import { gateChecks } from "./gateChecks.ts";
import { gatingOf } from "./gating.ts";
import { fromChecks, noToken, serviceChecks, tokenCheck } from "./pagerDutyChecks.ts";
import type { DoctorOptions } from "./parameters.ts";
import { PagerDutyReader } from "./pagerDutyReader.ts";
import { runbookChecks } from "./runbookChecks.ts";
import { secretsOf, type FoundSecrets } from "./secretChecks.ts";
import type { Credential, GatedService, KnownService, Subject } from "./subject.ts";
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
export async function examine(io: Io, asked: Subject, options: DoctorOptions): Promise<Check[]> {
  const [gating, secrets] = await Promise.all([
    gatingOf(io, options, asked.target),
    foundSecrets(asked),
  ]);
  const subject = withCredentials(asked, secrets.credentials);
  const [gate, alarms, cheqpoint, pagerDuty] = await Promise.all([
    gateChecks(io, subject, options),
    alarmChecks(io, options),
    cheqpointChecks(io, subject),
    part("pagerduty", null, () => pagerDutySide(io, subject, gating.services)),
  ]);
  return [...gate, ...alarms, ...gating.checks, ...secrets.checks, ...cheqpoint, ...pagerDuty];
}

async function foundSecrets(subject: Subject): Promise<FoundSecrets> {
  let credentials: FoundSecrets["credentials"] = new Map();
  const found = await part("secrets", null, async () => {
    const secrets = await secretsOf(subject);
    ({ credentials } = secrets);
    return secrets.checks;
  });
  return { checks: found, credentials };
}

/** What the gate itself uses goes before what the shell holds: that may be another key. */
function withCredentials(subject: Subject, found: FoundSecrets["credentials"]): Subject {
  const own = (name: string, given: Credential | null): Credential | null => {
    const value = found.get(name);
    return value === undefined ? given : { value, from: "gate" };
  };
  const { pagerDuty, cheqpoint } = subject;
  return {
    ...subject,
    pagerDuty: { ...pagerDuty, token: own("pagerduty-token", pagerDuty.token) },
    cheqpoint: { ...cheqpoint, key: own("cheqpoint-key", cheqpoint.key) },
  };
}

async function pagerDutySide(
  io: Io,
  subject: Subject,
  gated: readonly GatedService[],
): Promise<Check[]> {
  const { pagerDuty, webhookUrl, proposalsUrl } = subject;
  const { apiUrl, token, from } = pagerDuty;
  if (token === null) {
    return [noToken(subject)];
  }
  const reader = new PagerDutyReader(io, { apiUrl, token: token.value });
  const tried = await tokenCheck(reader, subject, token);
  if (!tried.usable) {
    return [tried.check];
  }
  const named = await fromChecks(reader, from);
  const found = await serviceChecks(reader, gated);
  const { services } = found;
  const gate = await gateUserOf(reader, named.user);
  const webhook = checks("webhook.exists");
  return [
    tried.check,
    ...named.checks,
    ...found.checks,
    ...(webhookUrl === null
      ? [webhook.warn("not looked for: the gate's address is not known", "use --stack or --url")]
      : await part("webhook", null, () => subscriptionChecks(reader, webhookUrl, services))),
    ...(services.length === 0
      ? [
          checks("coverage").warn(
            "not looked at: no service of the gating is known, so what can run without the gate is not either",
            "give the gating, by --gating, --stack or --service",
          ),
        ]
      : await coverage(reader, services, { gate, proposalsUrl })),
  ];
}

/** What the gating names, and what can be run without the gate. */
async function coverage(
  reader: PagerDutyReader,
  services: readonly KnownService[],
  { gate, proposalsUrl }: { gate: GateUser; proposalsUrl: string | null },
): Promise<Check[]> {
  return [
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
