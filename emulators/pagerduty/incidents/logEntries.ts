import { htmlUrl, referenceTo, restAgent, selfUrl } from "../account/account.ts";
import type { Account } from "../account/account.ts";
import type { LogEntry } from "../account/documents.ts";
import { restTime } from "../account/time.ts";
import { notFound } from "../http/errors.ts";
import { instant, pageOf } from "../http/pages.ts";
import { param } from "../http/route.ts";
import type { Answer, Route } from "../http/route.ts";
import { incidentById, teamsOf } from "./find.ts";

const OVERVIEW = new Set([
  "trigger_log_entry",
  "acknowledge_log_entry",
  "unacknowledge_log_entry",
  "resolve_log_entry",
  "reopen_log_entry",
  "assign_log_entry",
  "delegate_log_entry",
  "escalate_log_entry",
]);

/** Who did what, newest first. */
export function logEntryRoutes(account: Account): Route[] {
  const { store } = account;
  const list = (entries: LogEntry[], query: URLSearchParams): Answer => {
    const sinceMs = instant(query, "since") ?? -Infinity;
    const untilMs = instant(query, "until") ?? Infinity;
    const overview = query.get("is_overview") === "true";
    const found = entries
      .filter(
        ({ createdAtMs, type }) =>
          createdAtMs >= sinceMs && createdAtMs < untilMs && (!overview || OVERVIEW.has(type)),
      )
      .toReversed();
    const { items, page } = pageOf(query, found);
    return {
      status: 200,
      body: { log_entries: items.map((entry) => render(account, entry)), ...page },
    };
  };
  return [
    {
      method: "GET",
      path: "/log_entries",
      handle: ({ query }) => list(store.list("logEntries"), query),
    },
    {
      method: "GET",
      path: "/log_entries/:id",
      handle: (call) => {
        const entry = store.get("logEntries", param(call, "id"));
        if (!entry) {
          throw notFound();
        }
        return { status: 200, body: { log_entry: render(account, entry) } };
      },
    },
    {
      method: "GET",
      path: "/incidents/:id/log_entries",
      handle: (call) =>
        list(store.list("logEntries", incidentById(account, param(call, "id")).id), call.query),
    },
  ];
}

function render(account: Account, entry: LogEntry): Record<string, unknown> {
  const incident = account.store.get("incidents", entry.incident);
  return {
    id: entry.id,
    type: entry.type,
    summary: entry.summary,
    self: selfUrl(account, `/log_entries/${entry.id}`),
    html_url: htmlUrl(account, `/incidents/${entry.incident}`),
    created_at: restTime(entry.createdAtMs),
    agent: restAgent(entry.agent),
    channel: entry.channel,
    service: referenceTo(account, "service", entry.service),
    incident: referenceTo(account, "incident", entry.incident),
    teams: incident ? teamsOf(account, incident).map((id) => referenceTo(account, "team", id)) : [],
    contexts: [],
    event_details: {},
    ...entry.details,
  };
}
