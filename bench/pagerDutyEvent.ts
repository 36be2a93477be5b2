import { signPagerDuty } from "../functions/pagerduty/signature.ts";

/** Headers of the delivery with that number. */
export function headersOf(body: Buffer, sent: number, secret: string): Record<string, string> {
  return {
    "content-type": "application/json",
    "x-webhook-id": `bench-${sent}`,
    "x-webhook-subscription": "PBENCH1",
    "x-pagerduty-signature": signPagerDuty(body, secret),
  };
}

/** An incident that nothing is gated of. */
export function eventBody(sent: number): Buffer {
  const reference = (type: string, id: string, summary: string) => ({
    type: `${type}_reference`,
    id,
    summary,
    html_url: `https://example.pagerduty.com/${type}s/${id}`,
    self: `https://api.pagerduty.com/${type}s/${id}`,
  });
  return Buffer.from(
    JSON.stringify({
      event: {
        id: `01BENCH${String(sent).padStart(19, "0")}`,
        event_type: "incident.triggered",
        resource_type: "incident",
        occurred_at: new Date().toISOString(),
        agent: null,
        client: null,
        data: {
          id: `Q${String(sent).padStart(13, "0")}`,
          type: "incident",
          self: `https://api.pagerduty.com/incidents/Q${sent}`,
          html_url: `https://example.pagerduty.com/incidents/Q${sent}`,
          number: sent,
          status: "triggered",
          incident_key: `bench/${sent}`,
          created_at: new Date().toISOString(),
          title: "Disk of the reporting host is filling up",
          service: reference("service", "PBENCHS", "reporting"),
          assignees: [reference("user", "PBENCHU", "Jo Keller")],
          escalation_policy: reference("escalation_policy", "PBENCHP", "Reporting"),
          teams: [reference("team", "PBENCHT", "Reporting")],
          priority: reference("priority", "PBENCH3", "P3"),
          urgency: "low",
          conference_bridge: null,
          resolve_reason: null,
        },
      },
    }),
  );
}
