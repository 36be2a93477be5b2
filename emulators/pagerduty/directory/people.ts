import { z } from "zod";
import { htmlUrl, referenceTo, selfUrl } from "../account/account.ts";
import type { Account } from "../account/account.ts";
import type { Schedule, Team, User } from "../account/documents.ts";
import { objectId } from "../account/ids.ts";
import { invalidInput, notFound } from "../http/errors.ts";
import { many, pageOf } from "../http/pages.ts";
import { param, parseBody } from "../http/route.ts";
import type { Route } from "../http/route.ts";
import { optionalText } from "../http/schemas.ts";
import { usersOf } from "../incidents/find.ts";

const NewUser = z.object({
  user: z.object({
    type: z.literal("user").optional(),
    name: z.string().min(1),
    email: z.email(),
    role: z
      .enum(["admin", "limited_user", "observer", "owner", "read_only_user", "user"])
      .default("limited_user"),
    job_title: optionalText,
    time_zone: z.string().default("Etc/UTC"),
  }),
});

const NewTeam = z.object({
  team: z.object({
    type: z.literal("team").optional(),
    name: z.string().min(1),
    description: optionalText,
  }),
});

/** Users, teams, schedules and who is on call. */
export function peopleRoutes(account: Account): Route[] {
  return [
    ...userRoutes(account),
    ...teamRoutes(account),
    ...scheduleRoutes(account),
    {
      method: "GET",
      path: "/oncalls",
      handle: ({ query }) => {
        const { items, page } = pageOf(query, onCalls(account, query));
        return { status: 200, body: { oncalls: items, ...page } };
      },
    },
  ];
}

function userRoutes(account: Account): Route[] {
  const { store } = account;
  return [
    {
      method: "GET",
      path: "/users",
      handle: ({ query }) => {
        const words = query.get("query")?.toLowerCase() ?? "";
        const teams = many(query, "team_ids");
        const found = store
          .list("users")
          .filter(
            ({ name, email, teams: own }) =>
              (name.toLowerCase().includes(words) || email.toLowerCase().includes(words)) &&
              (teams.length === 0 || own.some((id) => teams.includes(id))),
          );
        const { items, page } = pageOf(query, found);
        return {
          status: 200,
          body: { users: items.map((user) => renderUser(account, user)), ...page },
        };
      },
    },
    {
      method: "POST",
      path: "/users",
      from: "required",
      handle: (call) => {
        const wanted = parseBody(call, NewUser).user;
        if (store.byKey("users", wanted.email.toLowerCase()).length > 0) {
          throw invalidInput("Email has already been taken");
        }
        const user: User = {
          id: objectId(),
          name: wanted.name,
          email: wanted.email,
          role: wanted.role,
          jobTitle: wanted.job_title ?? "",
          timeZone: wanted.time_zone,
          teams: [],
        };
        store.put("users", user);
        return { status: 201, body: { user: renderUser(account, user) } };
      },
    },
    {
      method: "GET",
      path: "/users/me",
      handle: ({ user }) => ({ status: 200, body: { user: renderUser(account, user) } }),
    },
    {
      method: "GET",
      path: "/users/:id",
      handle: (call) => {
        const user = store.get("users", param(call, "id"));
        if (!user) {
          throw notFound();
        }
        return { status: 200, body: { user: renderUser(account, user) } };
      },
    },
  ];
}

function teamRoutes(account: Account): Route[] {
  const { store } = account;
  return [
    {
      method: "GET",
      path: "/teams",
      handle: ({ query }) => {
        const words = query.get("query")?.toLowerCase() ?? "";
        const found = store.list("teams").filter(({ name }) => name.toLowerCase().includes(words));
        const { items, page } = pageOf(query, found);
        return {
          status: 200,
          body: { teams: items.map((team) => renderTeam(account, team)), ...page },
        };
      },
    },
    {
      method: "POST",
      path: "/teams",
      handle: (call) => {
        const { name, description } = parseBody(call, NewTeam).team;
        const team: Team = { id: objectId(), name, description: description ?? "", parent: null };
        store.put("teams", team);
        return { status: 201, body: { team: renderTeam(account, team) } };
      },
    },
    {
      method: "GET",
      path: "/teams/:id",
      handle: (call) => {
        const team = store.get("teams", param(call, "id"));
        if (!team) {
          throw notFound();
        }
        return { status: 200, body: { team: renderTeam(account, team) } };
      },
    },
  ];
}

function scheduleRoutes(account: Account): Route[] {
  const { store } = account;
  return [
    {
      method: "GET",
      path: "/schedules",
      handle: ({ query }) => {
        const words = query.get("query")?.toLowerCase() ?? "";
        const found = store
          .list("schedules")
          .filter(({ name }) => name.toLowerCase().includes(words));
        const { items, page } = pageOf(query, found);
        return {
          status: 200,
          body: { schedules: items.map((item) => renderSchedule(account, item)), ...page },
        };
      },
    },
    {
      method: "GET",
      path: "/schedules/:id",
      handle: (call) => {
        const schedule = store.get("schedules", param(call, "id"));
        if (!schedule) {
          throw notFound();
        }
        return { status: 200, body: { schedule: renderSchedule(account, schedule) } };
      },
    },
  ];
}

/** Everybody at every level of every policy; nobody's turn ends, so `start` and `end` are null. */
function onCalls(account: Account, query: URLSearchParams): Record<string, unknown>[] {
  const wantedUsers = many(query, "user_ids");
  const wantedPolicies = many(query, "escalation_policy_ids");
  const wantedSchedules = many(query, "schedule_ids");
  return account.store
    .list("escalationPolicies")
    .filter(({ id }) => wantedPolicies.length === 0 || wantedPolicies.includes(id))
    .flatMap((policy) =>
      policy.rules.flatMap(({ targets }, index) =>
        targets
          .filter(({ id }) => wantedSchedules.length === 0 || wantedSchedules.includes(id))
          .flatMap((target) =>
            usersOf(account, [target])
              .filter((user) => wantedUsers.length === 0 || wantedUsers.includes(user))
              .map((user) => ({
                escalation_policy: referenceTo(account, "escalation_policy", policy.id),
                escalation_level: index + 1,
                schedule: target.type.startsWith("schedule")
                  ? referenceTo(account, "schedule", target.id)
                  : null,
                user: referenceTo(account, "user", user),
                start: null,
                end: null,
              })),
          ),
      ),
    );
}

export function renderUser(account: Account, user: User): Record<string, unknown> {
  return {
    id: user.id,
    type: "user",
    summary: user.name,
    self: selfUrl(account, `/users/${user.id}`),
    html_url: htmlUrl(account, `/users/${user.id}`),
    name: user.name,
    email: user.email,
    role: user.role,
    job_title: user.jobTitle,
    time_zone: user.timeZone,
    color: "purple",
    description: null,
    avatar_url: `https://secure.gravatar.com/avatar/${user.id.toLowerCase()}`,
    invitation_sent: false,
    teams: user.teams.map((id) => referenceTo(account, "team", id)),
    contact_methods: [],
    notification_rules: [],
  };
}

function renderTeam(account: Account, team: Team): Record<string, unknown> {
  return {
    id: team.id,
    type: "team",
    summary: team.name,
    self: selfUrl(account, `/teams/${team.id}`),
    html_url: htmlUrl(account, `/teams/${team.id}`),
    name: team.name,
    description: team.description,
    parent: team.parent === null ? null : referenceTo(account, "team", team.parent),
  };
}

function renderSchedule(account: Account, schedule: Schedule): Record<string, unknown> {
  return {
    id: schedule.id,
    type: "schedule",
    summary: schedule.name,
    self: selfUrl(account, `/schedules/${schedule.id}`),
    html_url: htmlUrl(account, `/schedules/${schedule.id}`),
    name: schedule.name,
    description: schedule.description,
    time_zone: schedule.timeZone,
    users: schedule.users.map((id) => referenceTo(account, "user", id)),
    schedule_layers: [],
  };
}
