import { htmlUrl, referenceTo, selfUrl } from "../account/account.ts";
import type { Account } from "../account/account.ts";
import type { Alert } from "../account/documents.ts";
import { restTime } from "../account/time.ts";
import { integrationReference } from "../directory/integrations.ts";
import { notFound } from "../http/errors.ts";
import { many, pageOf } from "../http/pages.ts";
import { param } from "../http/route.ts";
import type { Route } from "../http/route.ts";
import { incidentById } from "./find.ts";

/** The alerts behind an incident. */
export function alertRoutes(account: Account): Route[] {
  const { store } = account;
  return [
    {
      method: "GET",
      path: "/incidents/:id/alerts",
      handle: (call) => {
        const incident = incidentById(account, param(call, "id"));
        const statuses = many(call.query, "statuses");
        const key = call.query.get("alert_key");
        const found = store
          .list("alerts", incident.id)
          .filter(
            ({ status, alertKey }) =>
              (statuses.length === 0 || statuses.includes(status)) &&
              (key === null || key === alertKey),
          );
        const { items, page } = pageOf(call.query, found);
        return {
          status: 200,
          body: { alerts: items.map((alert) => render(account, alert)), ...page },
        };
      },
    },
    {
      method: "GET",
      path: "/incidents/:id/alerts/:alert",
      handle: (call) => {
        const incident = incidentById(account, param(call, "id"));
        const alert = store.get("alerts", param(call, "alert"));
        if (alert?.incident !== incident.id) {
          throw notFound();
        }
        return { status: 200, body: { alert: render(account, alert) } };
      },
    },
  ];
}

function render(account: Account, alert: Alert): Record<string, unknown> {
  const integration = account.store.get("integrations", alert.integration);
  return {
    id: alert.id,
    type: "alert",
    summary: alert.summary,
    self: selfUrl(account, `/incidents/${alert.incident}/alerts/${alert.id}`),
    html_url: htmlUrl(account, `/incidents/${alert.incident}`),
    created_at: restTime(alert.createdAtMs),
    updated_at: restTime(alert.updatedAtMs),
    status: alert.status,
    alert_key: alert.alertKey,
    suppressed: false,
    severity: alert.severity,
    service: referenceTo(account, "service", alert.service),
    incident: referenceTo(account, "incident", alert.incident),
    integration: integration ? integrationReference(account, integration) : null,
    body: { type: "alert_body", contexts: [], ...alert.body },
  };
}
