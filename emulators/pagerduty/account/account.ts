import type { Reference, User } from "./documents.ts";
import type { Store } from "./store.ts";

/** Who did something, as log entries and webhooks name them. */
export type Agent = Reference | null;

/** What happened, on its way to the webhook subscriptions. */
export interface AccountEvent {
  type: string;
  resourceType: "incident" | "service";
  agent: Agent;
  data: Record<string, unknown>;
  /** The incident or service that it happened to: deliveries keep their order by it. */
  resource: string;
  service: string;
  teams: string[];
}

/** The emulated PagerDuty account: everything that routes and timers work on. */
export interface Account {
  readonly store: Store;
  /** Where the emulator is reached, without a slash at the end. */
  readonly baseUrl: string;
  readonly stepMs: number;
  now(): number;
  /** Writes an event to the queue of every subscription that wants it. */
  emit(event: AccountEvent): void;
}

export function selfUrl(account: Account, path: string): string {
  return `${account.baseUrl}${path}`;
}

/** The page that a person may open; the emulator serves a plain one for incidents. */
export function htmlUrl(account: Account, path: string): string {
  return `${account.baseUrl}/web${path}`;
}

/** REST and webhooks name the type of an integration that acted differently. */
export function restAgent(agent: Agent): Agent {
  return agent?.type === "inbound_integration_reference"
    ? { ...agent, type: "integration_reference" }
    : agent;
}

interface Names {
  /** The object's type, without `_reference`. */
  type: string;
  /** Path of its collection, with a slash in front. */
  path: string;
}

/** A reference to an object that exists. */
export function reference(
  account: Account,
  { type, path }: Names,
  id: string,
  summary: string,
): Reference {
  return {
    id,
    type: `${type}_reference`,
    summary,
    self: selfUrl(account, `${path}/${id}`),
    html_url: htmlUrl(account, `${path}/${id}`),
  };
}

export function userReference(account: Account, user: User): Reference {
  return reference(account, { type: "user", path: "/users" }, user.id, user.name);
}

/** A reference by kind and id; what no longer exists keeps its id and has no summary. */
export function referenceTo(
  account: Account,
  kind: "user" | "team" | "service" | "escalation_policy" | "schedule" | "incident" | "priority",
  id: string,
): Reference {
  const { store } = account;
  switch (kind) {
    case "user":
      return named(account, { type: kind, path: "/users" }, id, store.get("users", id)?.name);
    case "team":
      return named(account, { type: kind, path: "/teams" }, id, store.get("teams", id)?.name);
    case "service":
      return named(account, { type: kind, path: "/services" }, id, store.get("services", id)?.name);
    case "schedule":
      return named(
        account,
        { type: kind, path: "/schedules" },
        id,
        store.get("schedules", id)?.name,
      );
    case "priority":
      return named(
        account,
        { type: kind, path: "/priorities" },
        id,
        store.get("priorities", id)?.name,
      );
    case "escalation_policy":
      return named(
        account,
        { type: kind, path: "/escalation_policies" },
        id,
        store.get("escalationPolicies", id)?.name,
      );
    case "incident":
      return named(
        account,
        { type: kind, path: "/incidents" },
        id,
        store.get("incidents", id)?.title,
      );
  }
}

function named(account: Account, names: Names, id: string, summary: string | undefined): Reference {
  return summary === undefined
    ? { id, type: `${names.type}_reference`, summary: null, self: null, html_url: null }
    : reference(account, names, id, summary);
}
