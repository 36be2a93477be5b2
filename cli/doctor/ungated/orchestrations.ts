import { checks, listed, notSeen, part, type Check } from "../check.ts";
import type { OrchestrationPath, PagerDutyReader, RuleActions } from "../pagerDutyReader.ts";
import { severity, standingOf, standingText } from "../standing.ts";
import type { KnownService } from "../subject.ts";

const NO_ACTIONS: RuleActions = {
  route_to: null,
  dynamic_route_to: null,
  pagerduty_automation_actions: null,
  automation_actions: null,
};

interface Rule {
  name: string;
  actions: RuleActions;
}

/** So many services are asked at once: an account may have thousands, and PagerDuty limits calls a minute. */
const AT_ONCE = 5;

/**
 * Which event-orchestration rules start something without the gate. Of what no gated service gets its events from, only
 * rules that run a held action count: whose rule runs it makes no difference to the action.
 */
export async function orchestrationCoverage(
  reader: PagerDutyReader,
  services: readonly KnownService[],
  proposalsUrl: string | null,
): Promise<Check[]> {
  const found: Check[] = [];
  let rules = 0;
  const add = (about: string, own: readonly Rule[]): Check[] => {
    rules += own.length;
    return own.flatMap((rule) => ruleChecks(rule, about, services, proposalsUrl));
  };
  for (const service of services) {
    found.push(
      ...(await part("coverage.rules", service.key, async () =>
        add(service.key, await activeRules(reader, service.id)),
      )),
    );
  }
  found.push(
    ...(await part("coverage.rules", "services that are not gated", async () =>
      elsewhere(reader, services, (name, own) => add(`${name} (not gated)`, own)),
    )),
    ...(await part("coverage.rules", null, async () => {
      const all: Check[] = [];
      for (const { id, name } of await reader.orchestrations()) {
        const about = `orchestration ${name ?? id}`;
        all.push(
          ...(await part("coverage.rules", about, async () => {
            const isNear = leadsTo(await reader.rules(`${id}/router`), services);
            const own = rulesOf(await reader.rules(`${id}/global`));
            return add(about, isNear ? own : runningHeld(own, services));
          })),
        );
      }
      return all;
    })),
  );
  return found.length > 0
    ? found
    : [
        checks("coverage.rules").ok(
          `${rules} event-orchestration ${rules === 1 ? "rule" : "rules"} for gated services, none starts anything without the gate; no rule of another service runs what is held`,
        ),
      ];
}

/** Rules of services that are not gated. What cannot be read there is told once, not for each service. */
async function elsewhere(
  reader: PagerDutyReader,
  gated: readonly KnownService[],
  add: (name: string, rules: readonly Rule[]) => Check[],
): Promise<Check[]> {
  const others = (await reader.services()).filter(({ id }) => !gated.some((one) => one.id === id));
  const found: Check[] = [];
  const unread: { name: string; error: unknown }[] = [];
  for (let from = 0; from < others.length; from += AT_ONCE) {
    const looked = others.slice(from, from + AT_ONCE).map(async ({ id, name }) => {
      try {
        return add(name, runningHeld(await activeRules(reader, id), gated));
      } catch (error) {
        unread.push({ name, error });
        return [];
      }
    });
    found.push(...(await Promise.all(looked)).flat());
  }
  const [first] = unread;
  return first === undefined
    ? found
    : [
        ...found,
        notSeen(
          "coverage.rules",
          `not gated: ${listed(unread.map(({ name }) => name))}`,
          first.error,
        ),
      ];
}

/** Rules that are switched off do nothing. */
async function activeRules(reader: PagerDutyReader, serviceId: string): Promise<Rule[]> {
  return (await reader.serviceRulesActive(serviceId))
    ? rulesOf(await reader.rules(`services/${serviceId}`))
    : [];
}

/** Of each rule, only the actions that gating holds. */
function runningHeld(rules: readonly Rule[], services: readonly KnownService[]): Rule[] {
  return rules.flatMap(({ name, actions }) => {
    const held = (actions.pagerduty_automation_actions ?? []).filter(
      ({ action_id: id }) => standingOf({ kind: "action", id }, services) === "held",
    );
    return held.length === 0
      ? []
      : [{ name, actions: { ...NO_ACTIONS, pagerduty_automation_actions: held } }];
  });
}

/** Those that count, the catch-all included. */
function rulesOf({ sets, catch_all: catchAll }: OrchestrationPath): Rule[] {
  const rules = (sets ?? []).flatMap(({ rules: own }) =>
    (own ?? [])
      .filter(({ disabled }) => disabled !== true)
      .map(({ id, label, actions }) => ({
        name: `rule ${label === null || label === "" ? (id ?? "?") : `"${label}" (${id ?? "?"})`}`,
        actions: actions ?? NO_ACTIONS,
      })),
  );
  return catchAll === null || catchAll.actions === null
    ? rules
    : [...rules, { name: "the catch-all rule", actions: catchAll.actions }];
}

/** Whether a router's events may reach a gated service. What it chooses by the event may be any. */
function leadsTo(router: OrchestrationPath, services: readonly KnownService[]): boolean {
  return rulesOf(router).some(
    ({ actions }) =>
      actions.dynamic_route_to !== null || services.some(({ id }) => id === actions.route_to),
  );
}

function ruleChecks(
  { name, actions }: Rule,
  about: string,
  services: readonly KnownService[],
  proposalsUrl: string | null,
): Check[] {
  const { ok, warn } = checks("coverage.rules", about);
  const runs = (actions.pagerduty_automation_actions ?? []).map(({ action_id: id }) => {
    const standing = standingOf({ kind: "action", id }, services);
    return checks("coverage.rules", about)[severity(standing)](
      `${name} runs automation action ${id}, ${standingText(standing)}, without the gate`,
      severity(standing) === "ok"
        ? null
        : `in that rule, replace \`pagerduty_automation_actions\` by an \`automation_actions\` webhook to ${proposalsUrl ?? "the gate's /proposals"} with an x-gate-token header and \`auto_send: true\``,
    );
  });
  const webhooks = (actions.automation_actions ?? []).map(({ url, auto_send: auto, headers }) => {
    const when = auto === true ? "by itself" : "when somebody presses its button";
    if (proposalsUrl === null || !isAt(url, proposalsUrl)) {
      return warn(
        `${name} calls ${hostOf(url)} ${when}: cannot be seen by API what that does`,
        `if it acts on the service, aim it at ${proposalsUrl ?? "the gate's /proposals"} instead`,
      );
    }
    const names = (headers ?? []).map(({ key }) => key?.toLowerCase());
    if (!names.includes("x-gate-token") && !names.includes("authorization")) {
      return checks("coverage.rules", about).fail(
        `${name} calls the gate without a token, and is refused`,
        "add a header x-gate-token with a proposer's token to the webhook",
      );
    }
    return auto === true
      ? ok(`${name} proposes to the gate`)
      : warn(`${name} proposes to the gate only ${when}`, "set `auto_send: true` on the webhook");
  });
  return [...runs, ...webhooks];
}

function isAt(url: string | null, wanted: string): boolean {
  return (url ?? "").split("?")[0]?.replace(/\/+$/, "") === wanted.replace(/\/+$/, "");
}

/** Paths and queries of webhooks are often secrets. */
function hostOf(url: string | null): string {
  return url !== null && URL.canParse(url) ? new URL(url).host : "an address that is none";
}
