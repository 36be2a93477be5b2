import type { Account } from "./account/account.ts";
import { restTime } from "./account/time.ts";
import { notFound } from "./http/errors.ts";
import { param } from "./http/route.ts";
import type { Answer, Route } from "./http/route.ts";

/** Plain pages for people: what this is, and what `html_url` of an incident shows. */
export function webRoutes(account: Account, listed: readonly Route[]): Route[] {
  const page = (path: string, handle: Route["handle"]): Route => ({
    method: "GET",
    path,
    access: "open",
    own: true,
    handle,
  });
  return [
    page("/", () => frame("PagerDuty emulator", overview(listed))),
    page("/web/incidents/:id", (call) => incidentPage(account, param(call, "id"))),
    page("/web/*", () =>
      frame("PagerDuty emulator", "<p>There is no page for this. Use the REST API.</p>"),
    ),
  ];
}

function overview(routes: readonly Route[]): string {
  const lines = routes.map(
    ({ method, path, access, from }) =>
      `<tr><td>${method}</td><td><code>${escaped(path)}</code></td><td>${
        access === "open" ? "no token" : from === "required" ? "token and From" : "token"
      }</td></tr>`,
  );
  return `<p>An account of its own that behaves as PagerDuty's documentation says: REST API v2,
Events API v2 and signed webhooks v3. It is not PagerDuty, and nobody is paged.</p>
<p>Send <code>Authorization: Token token=…</code> or <code>Authorization: Bearer …</code>.
Routes under <code>/_emulator</code> switch faults on and tell what was received.</p>
<table>${lines.join("\n")}</table>`;
}

function incidentPage(account: Account, id: string): Answer {
  const { store } = account;
  const incident = store.get("incidents", id);
  if (!incident) {
    throw notFound();
  }
  const service = store.get("services", incident.service)?.name ?? incident.service;
  const notes = store
    .list("notes", id)
    .map(
      ({ createdAtMs, user, content }) =>
        `<li>${restTime(createdAtMs)} ${escaped(user?.summary ?? "")}<pre>${escaped(content)}</pre></li>`,
    );
  const entries = store
    .list("logEntries", id)
    .map(({ createdAtMs, summary }) => `<li>${restTime(createdAtMs)} ${escaped(summary)}</li>`);
  return frame(
    `#${incident.number} ${incident.title}`,
    `<p>${incident.status}, urgency ${incident.urgency}, service ${escaped(service)}</p>
<p>${escaped(incident.details ?? "")}</p>
<h2>Notes</h2><ul>${notes.join("")}</ul><h2>Timeline</h2><ol>${entries.join("")}</ol>`,
  );
}

function frame(title: string, content: string): Answer {
  return {
    status: 200,
    html: `<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>${escaped(title)}</title>
<style>:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{max-width:60rem;margin:2rem auto;padding:0 1rem}td{padding:.1rem .8rem .1rem 0}
pre{white-space:pre-wrap}</style></head><body><h1>${escaped(title)}</h1>${content}</body></html>`,
  };
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
