import * as z from "zod";
import { createRest, type Rest } from "../../functions/pagerduty/rest.ts";
import { isId } from "../../functions/pagerduty/ids.ts";
import { serviceCalls } from "../../functions/pagerduty/services.ts";
import { id, optional } from "../../functions/pagerduty/shapes.ts";
import type { Io } from "../io.ts";

/** What may be absent, as null. */
function maybe<T extends z.ZodType>(type: T) {
  return optional(type).transform((value) => value ?? null);
}

const reference = z.object({ id, summary: maybe(z.string()) });
const references = maybe(z.array(reference));

const user = z.object({
  id,
  name: maybe(z.string()),
  email: maybe(z.string()),
  role: maybe(z.string()),
  teams: references,
});
export type PagerDutyUser = z.infer<typeof user>;

const action = z.object({
  id,
  name: maybe(z.string()),
  services: references,
  teams: references,
  // The API writes booleans; the Terraform provider's texts are taken as well.
  allow_invocation_manually: maybe(z.union([z.boolean(), z.string()])),
  allow_invocation_from_event_orchestration: maybe(z.union([z.boolean(), z.string()])),
  map_to_all_services: maybe(z.union([z.boolean(), z.string()])),
  privileges: maybe(z.object({ permissions: maybe(z.array(z.string())) })),
});
export type AutomationAction = z.infer<typeof action>;

const step = z.object({
  name: maybe(z.string()),
  action_configuration: maybe(
    z.object({
      action_id: maybe(z.string()),
      inputs: maybe(z.array(z.object({ name: maybe(z.string()), value: z.unknown() }))),
    }),
  ),
});
const workflow = z.object({
  id,
  name: maybe(z.string()),
  is_enabled: maybe(z.boolean()),
  steps: maybe(z.array(step)),
});
export type Workflow = z.infer<typeof workflow>;

const trigger = z.object({
  id,
  trigger_type: maybe(z.string()),
  workflow: z.object({ id }),
  permissions: maybe(z.object({ restricted: maybe(z.boolean()), team_id: maybe(z.string()) })),
});
export type WorkflowTrigger = z.infer<typeof trigger>;

const ruleActions = z.object({
  route_to: maybe(z.string()),
  dynamic_route_to: maybe(z.looseObject({})),
  pagerduty_automation_actions: maybe(z.array(z.object({ action_id: id }))),
  automation_actions: maybe(
    z.array(
      z.object({
        name: maybe(z.string()),
        url: maybe(z.string()),
        auto_send: maybe(z.boolean()),
        // Only names: values are somebody's secrets.
        headers: maybe(z.array(z.object({ key: maybe(z.string()) }))),
      }),
    ),
  ),
});
const orchestrationPath = z.object({
  orchestration_path: z.object({
    sets: maybe(
      z.array(
        z.object({
          id: maybe(z.string()),
          rules: maybe(
            z.array(
              z.object({
                id: maybe(z.string()),
                label: maybe(z.string()),
                disabled: maybe(z.boolean()),
                actions: maybe(ruleActions),
              }),
            ),
          ),
        }),
      ),
    ),
    catch_all: maybe(z.object({ actions: maybe(ruleActions) })),
  }),
});
export type RuleActions = z.infer<typeof ruleActions>;
export type OrchestrationPath = z.infer<typeof orchestrationPath>["orchestration_path"];

const subscription = z.object({
  id,
  active: maybe(z.boolean()),
  events: maybe(z.array(z.string())),
  filter: maybe(z.object({ type: maybe(z.string()), id: maybe(z.string()) })),
  delivery_method: z.object({
    url: maybe(z.string()),
    temporarily_disabled: maybe(z.boolean()),
  }),
});
export type Subscription = z.infer<typeof subscription>;

const service = z.object({
  id,
  name: z.string(),
  teams: references,
  escalation_policy: maybe(reference),
});

const PAGE = 100;
/** Whoever has more of one thing is told that the rest was not looked at. */
const MOST = 5_000;

/** A list was longer than what is looked at. */
class TooManyError extends Error {
  override readonly name = "TooManyError";
}

/** PagerDuty, as far as the checks read it. Nothing is written. Each address is asked once. */
export class PagerDutyReader {
  readonly #rest: Rest;
  readonly #seen = new Map<string, Promise<unknown>>();

  constructor(io: Io, { apiUrl, token }: { apiUrl: string; token: string }) {
    this.#rest = createRest({
      baseUrl: apiUrl,
      token: () => Promise.resolve(token),
      // Only reads, which carry no `From`.
      from: "reader@example.com",
      fetch: (url, init) => io.fetch(url, init),
      clock: { now: () => Date.now() },
    });
  }

  abilities(): Promise<unknown> {
    return this.#once("/abilities", () => this.#rest.get("/abilities", z.unknown()));
  }

  /** The user whose token this is; throws where it is the account's. */
  async me(): Promise<PagerDutyUser> {
    return (await this.#rest.get("/users/me", z.object({ user }))).user;
  }

  async userByEmail(email: string): Promise<PagerDutyUser | null> {
    const found = await this.#offsets(`/users?query=${encodeURIComponent(email)}`, "users", user);
    return found.find((one) => one.email?.toLowerCase() === email.toLowerCase()) ?? null;
  }

  members(teamId: string): Promise<PagerDutyUser[]> {
    const path = `/users?team_ids%5B%5D=${encodeURIComponent(teamId)}`;
    return this.#once(path, () => this.#offsets(path, "users", user));
  }

  findService(idOrName: string): Promise<{ id: string; name: string } | null> {
    return serviceCalls(this.#rest).findService(idOrName);
  }

  services(): Promise<{ id: string; name: string }[]> {
    return this.#offsets("/services", "services", z.object({ id, name: z.string() }));
  }

  async service(serviceId: string): Promise<z.infer<typeof service> | null> {
    return (
      (await this.#rest.find(`/services/${serviceId}`, z.object({ service })))?.service ?? null
    );
  }

  /** Levels of an escalation policy; null when there is no such policy. */
  async escalationLevels(policyId: string): Promise<number | null> {
    const shape = z.object({
      escalation_policy: z.object({ escalation_rules: maybe(z.array(z.unknown())) }),
    });
    const found = await this.#find(`/escalation_policies/${policyId}`, policyId, shape);
    return found === null ? null : (found.escalation_policy.escalation_rules?.length ?? 0);
  }

  async hasUser(userId: string): Promise<boolean> {
    return (await this.#find(`/users/${userId}`, userId, z.unknown())) !== null;
  }

  async action(actionId: string): Promise<AutomationAction | null> {
    const found = await this.#find(
      `/automation_actions/actions/${actionId}`,
      actionId,
      z.object({ action }),
    );
    return found?.action ?? null;
  }

  actions(): Promise<AutomationAction[]> {
    return this.#once("actions", async () => {
      const all = await this.#cursors("/automation_actions/actions", "cursor", (page) => {
        const { actions, next_cursor: next } = z
          .object({ actions: z.array(action), next_cursor: maybe(z.string()) })
          .parse(page);
        return { items: actions, next };
      });
      // A list that leaves members out says nothing about them.
      return Promise.all(
        all.map(async (one) =>
          one.services === null || one.teams === null ? ((await this.action(one.id)) ?? one) : one,
        ),
      );
    });
  }

  async workflow(workflowId: string): Promise<Workflow | null> {
    const found = await this.#find(
      `/incident_workflows/${workflowId}`,
      workflowId,
      z.object({ incident_workflow: workflow }),
    );
    return found?.incident_workflow ?? null;
  }

  triggers(serviceId: string): Promise<WorkflowTrigger[]> {
    const path = `/incident_workflows/triggers?service_id=${encodeURIComponent(serviceId)}`;
    return this.#cursors(path, "page_token", (page) => {
      const { triggers, next_page_token: next } = z
        .object({ triggers: z.array(trigger), next_page_token: maybe(z.string()) })
        .parse(page);
      return { items: triggers, next };
    });
  }

  orchestrations(): Promise<{ id: string; name: string | null }[]> {
    const one = z.object({ id, name: maybe(z.string()) });
    return this.#offsets("/event_orchestrations", "orchestrations", one);
  }

  /** "QORCH01/global", "services/PSVC001". */
  async rules(path: string): Promise<OrchestrationPath> {
    return (await this.#rest.get(`/event_orchestrations/${path}`, orchestrationPath))
      .orchestration_path;
  }

  async serviceRulesActive(serviceId: string): Promise<boolean> {
    const path = `/event_orchestrations/services/${serviceId}/active`;
    return (await this.#rest.get(path, z.object({ active: z.boolean() }))).active;
  }

  subscriptions(): Promise<Subscription[]> {
    return this.#offsets("/webhook_subscriptions", "webhook_subscriptions", subscription);
  }

  /** Names of the custom fields of incidents of the base type. */
  customFields(): Promise<string[]> {
    return this.#once("fields", async () => {
      const shape = z.object({ fields: z.array(z.object({ name: z.string() })) });
      const found =
        (await this.#rest.find("/incidents/types/base_incident/custom_fields", shape)) ??
        (await this.#rest.get("/incidents/custom_fields", shape));
      return found.fields.map(({ name }) => name);
    });
  }

  #once<T>(key: string, work: () => Promise<T>): Promise<T> {
    const known = this.#seen.get(key);
    if (known !== undefined) {
      // The key stands for the one kind of thing that was kept under it.
      return known as Promise<T>;
    }
    const asked = work();
    this.#seen.set(key, asked);
    return asked;
  }

  #find<T extends z.ZodType>(path: string, own: string, shape: T): Promise<z.output<T> | null> {
    // What cannot be an id exists nowhere, and must not become another path.
    return isId(own) ? this.#once(path, () => this.#rest.find(path, shape)) : Promise.resolve(null);
  }

  async #offsets<T extends z.ZodType>(
    path: string,
    member: string,
    shape: T,
  ): Promise<z.output<T>[]> {
    const page = z.looseObject({ more: maybe(z.boolean()) });
    const all: z.output<T>[] = [];
    for (;;) {
      const joint = path.includes("?") ? "&" : "?";
      const found = await this.#rest.get(`${path}${joint}limit=${PAGE}&offset=${all.length}`, page);
      const items = z.array(shape).parse(found[member]);
      all.push(...items);
      if (found.more !== true || items.length === 0) {
        return all;
      }
      refuseMore(all.length);
    }
  }

  async #cursors<T>(
    path: string,
    parameter: string,
    read: (page: unknown) => { items: T[]; next: string | null },
  ): Promise<T[]> {
    const all: T[] = [];
    let cursor: string | null = null;
    for (;;) {
      const joint = path.includes("?") ? "&" : "?";
      const more: string = cursor === null ? "" : `&${parameter}=${encodeURIComponent(cursor)}`;
      const { items, next } = read(
        await this.#rest.get(`${path}${joint}limit=${PAGE}${more}`, z.unknown()),
      );
      all.push(...items);
      if (next === null || next === "") {
        return all;
      }
      refuseMore(all.length);
      cursor = next;
    }
  }
}

function refuseMore(count: number): void {
  if (count >= MOST) {
    throw new TooManyError(`more than ${MOST}`);
  }
}
