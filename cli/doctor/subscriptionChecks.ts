import { neededEvents } from "../../functions/gate/gating/index.ts";
import { checks, listed, type Check } from "./check.ts";
import type { PagerDutyReader, Subscription } from "./pagerDutyReader.ts";
import type { KnownService } from "./subject.ts";

/** Whether PagerDuty tells the gate everything, about every gated service. */
export async function subscriptionChecks(
  reader: PagerDutyReader,
  webhookUrl: string,
  services: readonly KnownService[],
): Promise<Check[]> {
  const own = (await reader.subscriptions()).filter(
    ({ delivery_method: { url } }) => url === webhookUrl,
  );
  const exists = checks("webhook.exists");
  if (own.length === 0) {
    return [
      exists.fail(
        `no subscription delivers to ${webhookUrl}`,
        "set `webhook: true` in the stack's configuration and run `pulumi up`",
      ),
    ];
  }
  const works = own.filter(delivers);
  return [
    exists.ok(`${listed(own.map(({ id }) => id))} to ${webhookUrl}`),
    ...own.map(activeCheck),
    ...serviceChecks(works, services),
  ];
}

function delivers({ active, delivery_method: method }: Subscription): boolean {
  return active !== false && method.temporarily_disabled !== true;
}

function activeCheck(subscription: Subscription): Check {
  const { id, active, delivery_method: method } = subscription;
  const { ok, fail } = checks("webhook.active", id);
  if (active === false) {
    return fail(
      "is switched off",
      `PUT /webhook_subscriptions/${id} {"webhook_subscription":{"active":true}}, or \`pulumi up --refresh\``,
    );
  }
  return method.temporarily_disabled === true
    ? fail(
        "is disabled by PagerDuty after three dropped deliveries; its events are lost",
        `look at why the gate refused them, then POST /webhook_subscriptions/${id}/enable`,
      )
    : ok("delivers");
}

/** One line where all is well, else one for each service. */
function serviceChecks(works: readonly Subscription[], services: readonly KnownService[]): Check[] {
  const found = services.flatMap((service): Check[] => {
    const covering = works.filter((one) => covers(one, service));
    if (covering.length === 0) {
      return [
        checks("webhook.filter", service.name).fail(
          "no subscription that delivers covers it",
          `add ${service.id} to \`webhookServices\` (or its team to \`webhookTeams\`) and run \`pulumi up\``,
        ),
      ];
    }
    const heard = new Set(covering.flatMap(({ events }) => events ?? []));
    const missing = wantedBy(service).filter((event) => !heard.has(event));
    return missing.length === 0
      ? []
      : [
          checks("webhook.events", service.name).fail(
            `is not told of ${listed(missing, 8)}`,
            `add them to \`webhookEvents\` and run \`pulumi up\`, or to the \`events\` of ${listed(covering.map(({ id }) => id))}`,
          ),
        ];
  });
  if (found.length > 0 || services.length === 0) {
    return found;
  }
  const all = services.length === 1 ? "the gated service" : `all ${services.length} gated services`;
  return [
    checks("webhook.filter").ok(`covers ${all}`),
    checks("webhook.events").ok("everything that the gate and its rules need"),
  ];
}

function covers({ filter }: Subscription, { id, teamIds }: KnownService): boolean {
  switch (filter?.type) {
    case "account_reference":
      return true;
    case "service_reference":
      return filter.id === id;
    case "team_reference":
      return teamIds.includes(filter.id ?? "");
    default:
      return false;
  }
}

function wantedBy({ gating }: KnownService): string[] {
  const named = gating.rules.flatMap(({ match, propose }) =>
    propose === null ? [] : (match.event ?? []),
  );
  const hasFields = Object.values(gating.runbooks).some(({ parameters }) =>
    Object.values(parameters).some(({ customField }) => customField !== null),
  );
  // Who else writes a field that a run reads is told by this one alone.
  const fields = hasFields ? ["incident.custom_field_values.updated"] : [];
  return [...new Set([...neededEvents, ...named, ...fields])].sort();
}
