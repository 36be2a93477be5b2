import { z } from "zod";
import { htmlUrl, referenceTo, selfUrl } from "../account/account.ts";
import type { Account } from "../account/account.ts";
import type { EscalationPolicy } from "../account/documents.ts";
import { objectId } from "../account/ids.ts";
import { invalidInput, notFound } from "../http/errors.ts";
import { many, pageOf } from "../http/pages.ts";
import { param, parseBody } from "../http/route.ts";
import type { Call, Route } from "../http/route.ts";
import { optionalText, referenceSchema } from "../http/schemas.ts";

const PolicyFields = z.looseObject({
  type: z.enum(["escalation_policy", "escalation_policy_reference"]).optional(),
  name: z.string().min(1),
  description: optionalText,
  num_loops: z.int().min(0).max(9).optional(),
  teams: z.array(referenceSchema("team")).max(1).optional(),
  escalation_rules: z
    .array(
      z.object({
        id: z.string().optional(),
        escalation_delay_in_minutes: z.int().min(1),
        targets: z.array(referenceSchema("user", "schedule")).min(1).max(10),
      }),
    )
    .min(1),
});

const Creation = z.object({ escalation_policy: PolicyFields });
const Update = z.object({ escalation_policy: PolicyFields.partial() });
type Fields = z.infer<typeof Update>["escalation_policy"];

const COMPUTED = ["id", "self", "html_url", "summary", "services"];

/** Escalation policies. */
export function escalationPolicyRoutes(account: Account): Route[] {
  const { store } = account;
  const one = (call: Call): EscalationPolicy => {
    const policy = store.get("escalationPolicies", param(call, "id"));
    if (!policy) {
      throw notFound();
    }
    return policy;
  };
  const shown = (policy: EscalationPolicy) => ({ escalation_policy: render(account, policy) });
  return [
    {
      method: "GET",
      path: "/escalation_policies",
      handle: ({ query }) => {
        const words = query.get("query")?.toLowerCase() ?? "";
        const teams = many(query, "team_ids");
        const found = store
          .list("escalationPolicies")
          .filter(
            (policy) =>
              policy.name.toLowerCase().includes(words) &&
              (teams.length === 0 || policy.teams.some((id) => teams.includes(id))),
          )
          .sort((a, b) => a.name.localeCompare(b.name));
        const { items, page } = pageOf(query, found);
        return {
          status: 200,
          body: { escalation_policies: items.map((policy) => render(account, policy)), ...page },
        };
      },
    },
    {
      method: "POST",
      path: "/escalation_policies",
      handle: (call) => {
        const wanted = parseBody(call, Creation).escalation_policy;
        const empty: EscalationPolicy = {
          id: objectId(),
          name: wanted.name,
          description: null,
          numLoops: 0,
          teams: [],
          rules: [],
          rest: {},
        };
        const policy = merge(account, empty, wanted);
        store.put("escalationPolicies", policy);
        return { status: 201, body: shown(policy) };
      },
    },
    {
      method: "GET",
      path: "/escalation_policies/:id",
      handle: (call) => ({ status: 200, body: shown(one(call)) }),
    },
    {
      method: "PUT",
      path: "/escalation_policies/:id",
      handle: (call) => {
        const before = one(call);
        const policy = merge(account, before, parseBody(call, Update).escalation_policy);
        store.put("escalationPolicies", policy);
        return { status: 200, body: shown(policy) };
      },
    },
    {
      method: "DELETE",
      path: "/escalation_policies/:id",
      handle: (call) => {
        const { id } = one(call);
        if (store.list("services").some(({ escalationPolicy }) => escalationPolicy === id)) {
          throw invalidInput("the escalation policy is used by a service");
        }
        store.delete("escalationPolicies", id);
        return { status: 204 };
      },
    },
  ];
}

function merge(account: Account, policy: EscalationPolicy, wanted: Fields): EscalationPolicy {
  const { store } = account;
  const { type: _type, name, description, num_loops, teams, escalation_rules, ...rest } = wanted;
  if (name !== undefined) {
    const taken = store
      .list("escalationPolicies")
      .some((other) => other.id !== policy.id && other.name.toLowerCase() === name.toLowerCase());
    if (taken) {
      throw invalidInput("Name has already been taken");
    }
  }
  checkReferences(account, wanted);
  return {
    ...policy,
    name: name ?? policy.name,
    description: description === undefined ? policy.description : description,
    numLoops: num_loops ?? policy.numLoops,
    teams: teams?.map(({ id }) => id) ?? policy.teams,
    rules:
      escalation_rules?.map((rule) => ({
        id: rule.id ?? objectId(),
        delayMinutes: rule.escalation_delay_in_minutes,
        targets: rule.targets.map(({ id, type }) => ({ id, type: referenceType(type) })),
      })) ?? policy.rules,
    rest: {
      ...policy.rest,
      ...Object.fromEntries(
        Object.entries(rest).filter(
          ([key, value]) => !COMPUTED.includes(key) && value !== undefined,
        ),
      ),
    },
  };
}

function checkReferences({ store }: Account, { teams, escalation_rules }: Fields): void {
  for (const { id } of teams ?? []) {
    if (!store.get("teams", id)) {
      throw invalidInput(`\`teams\`: no team has the id "${id}"`);
    }
  }
  for (const { id, type } of (escalation_rules ?? []).flatMap(({ targets }) => targets)) {
    const kind = type.startsWith("user") ? "user" : "schedule";
    if (!store.get(kind === "user" ? "users" : "schedules", id)) {
      throw invalidInput(`\`escalation_rules\`: no ${kind} has the id "${id}"`);
    }
  }
}

function referenceType(type: string): string {
  return type.endsWith("_reference") ? type : `${type}_reference`;
}

function render(account: Account, policy: EscalationPolicy): Record<string, unknown> {
  return {
    on_call_handoff_notifications: "if_has_services",
    ...policy.rest,
    id: policy.id,
    type: "escalation_policy",
    summary: policy.name,
    self: selfUrl(account, `/escalation_policies/${policy.id}`),
    html_url: htmlUrl(account, `/escalation_policies/${policy.id}`),
    name: policy.name,
    description: policy.description,
    num_loops: policy.numLoops,
    escalation_rules: policy.rules.map((rule) => ({
      id: rule.id,
      escalation_delay_in_minutes: rule.delayMinutes,
      targets: rule.targets.map(({ id, type }) =>
        referenceTo(account, type.startsWith("user") ? "user" : "schedule", id),
      ),
    })),
    teams: policy.teams.map((id) => referenceTo(account, "team", id)),
    services: account.store
      .list("services")
      .filter(({ escalationPolicy }) => escalationPolicy === policy.id)
      .map(({ id }) => referenceTo(account, "service", id)),
  };
}
