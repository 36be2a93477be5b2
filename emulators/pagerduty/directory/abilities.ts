import type { Account } from "../account/account.ts";
import { ApiError, notFound } from "../http/errors.ts";
import { param } from "../http/route.ts";
import type { Route } from "../http/route.ts";

const NAME = "abilities";

const DEFAULT_ABILITIES = [
  "teams",
  "coordinated_responding",
  "urgencies",
  "advanced_reports",
  "service_support_hours",
  "event_rules",
  "preview_intelligent_alert_grouping",
  "automation_actions",
];

/** What the account's plan can do. */
export function abilityRoutes(account: Account): Route[] {
  return [
    {
      method: "GET",
      path: "/abilities",
      handle: () => ({ status: 200, body: { abilities: abilitiesOf(account) } }),
    },
    {
      method: "GET",
      path: "/abilities/:id",
      handle: (call) => {
        const ability = param(call, "id");
        if (!DEFAULT_ABILITIES.includes(ability) && !abilitiesOf(account).includes(ability)) {
          throw notFound();
        }
        requireAbility(account, ability);
        return { status: 204 };
      },
    },
  ];
}

export function abilitiesOf({ store }: Account): string[] {
  const stored = store.meta(NAME);
  return stored === undefined ? DEFAULT_ABILITIES : stored.split(",").filter((name) => name !== "");
}

export function setAbilities({ store }: Account, abilities: readonly string[]): void {
  store.setMeta(NAME, abilities.join(","));
}

/** Gives the account its usual abilities back. */
export function resetAbilities(account: Account): void {
  setAbilities(account, DEFAULT_ABILITIES);
}

/** PagerDuty's 402 for an account that cannot do something. */
export function requireAbility(account: Account, ability: string): void {
  if (!abilitiesOf(account).includes(ability)) {
    throw new ApiError(402, 2012, "Account does not have the abilities to perform the action", [
      `the ability ${ability} is required`,
    ]);
  }
}
