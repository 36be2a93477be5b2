import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { startCheqpointEmulator } from "../../emulators/cheqpoint/index.ts";
import type { CheqpointEmulator } from "../../emulators/cheqpoint/index.ts";
import { startPagerDutyEmulator } from "../../emulators/pagerduty/index.ts";
import type { PagerDutyEmulator } from "../../emulators/pagerduty/index.ts";
import { openDoor } from "./door.ts";
import type { Door } from "./door.ts";
import { localFetch } from "./localFetch.ts";

/** What the gate gets in with at first. */
export const CREDENTIALS = {
  pagerdutyToken: "pagerduty-token-that-nobody-may-see",
  connectionKey: "connection-key-that-nobody-may-see",
  callbackSecret: "callback-secret-that-nobody-may-see",
} as const;

/** As the gate tells it. */
export interface Told {
  id: string;
  status: string;
  final: boolean;
  approval_id: string | null;
  rule_decision: string | null;
  manual_task: unknown;
}

interface Integration {
  name: string;
  integration_key: string;
  vendor: { summary: string } | null;
}

interface Incident {
  id: string;
  title: string;
  status: string;
  service: { id: string };
}

interface Invocation {
  id: string;
  action_id: string;
}

/** PagerDuty and Cheqpoint, and what people and agents do there. */
export interface World {
  pagerduty: PagerDutyEmulator;
  cheqpoint: CheqpointEmulator;
  /** Where the gate reaches them, with keys that can be revoked. */
  doors: { pagerduty: Door; cheqpoint: Door };
  openIncident(title: string, serviceId: string, priorityId?: string): Promise<string>;
  incidents(): Promise<Incident[]>;
  integrations(serviceId: string): Promise<Integration[]>;
  invocations(incidentId: string): Promise<Invocation[]>;
  /** Names of what a stack could leave in PagerDuty besides subscriptions and incidents. */
  registered(): Promise<string[]>;
  subscriptions(): Promise<{ id: string; active: boolean; url: string }[]>;
  pendingApproval(proposalId: string): Promise<string | undefined>;
  decide(approvalId: string, decision: "approved" | "rejected"): Promise<void>;
  removeSubscription(id: string): Promise<void>;
  stop(): Promise<void>;
}

export async function startWorld(): Promise<World> {
  const pagerduty = await startPagerDutyEmulator({
    dataFile: ":memory:",
    port: 0,
    fetch: localFetch,
    retryScheduleMs: [500, 1000, 2000, 4000],
  });
  const cheqpoint = await startCheqpointEmulator({
    dataFile: ":memory:",
    port: 0,
    webhookSecret: CREDENTIALS.callbackSecret,
    maxRequestsHour: 10_000,
    fetch: localFetch,
  });
  const doors = {
    pagerduty: await openDoor(
      { url: pagerduty.url, key: pagerduty.token },
      "authorization",
      CREDENTIALS.pagerdutyToken,
    ),
    cheqpoint: await openDoor(
      { url: cheqpoint.url, key: cheqpoint.connectionKey },
      "x-api-key",
      CREDENTIALS.connectionKey,
    ),
  };
  const callPagerDuty = (method: string, path: string, body?: object) =>
    json(`${pagerduty.url}${path}`, method, body, {
      authorization: `Token token=${pagerduty.token}`,
      from: pagerduty.from,
    });
  return {
    pagerduty,
    cheqpoint,
    doors,
    async openIncident(title, serviceId, priorityId) {
      const { incident } = (await callPagerDuty("POST", "/incidents", {
        incident: {
          type: "incident",
          title,
          urgency: "high",
          service: { id: serviceId, type: "service_reference" },
          ...(priorityId === undefined
            ? {}
            : { priority: { id: priorityId, type: "priority_reference" } }),
        },
      })) as { incident: { id: string } };
      return incident.id;
    },
    async incidents() {
      const { incidents } = (await callPagerDuty("GET", "/incidents?limit=100")) as {
        incidents: Incident[];
      };
      return incidents;
    },
    async integrations(serviceId) {
      const { integrations } = (await callPagerDuty(
        "GET",
        `/services/${serviceId}/integrations`,
      )) as { integrations: Integration[] };
      return integrations;
    },
    async invocations(incidentId) {
      const { invocations } = (await callPagerDuty(
        "GET",
        `/automation_actions/invocations?incident_id=${incidentId}`,
      )) as { invocations: Invocation[] };
      return invocations;
    },
    async registered() {
      const { services } = (await callPagerDuty(
        "GET",
        "/services?limit=100&include[]=integrations",
      )) as { services: { name: string; integrations: { id: string }[] }[] };
      const { escalation_policies: policies } = (await callPagerDuty(
        "GET",
        "/escalation_policies?limit=100",
      )) as { escalation_policies: { name: string }[] };
      return [
        ...services.flatMap(({ name, integrations }) => [
          `service ${name}`,
          ...integrations.map(({ id }) => `integration ${id} of ${name}`),
        ]),
        ...policies.map(({ name }) => `escalation policy ${name}`),
      ].sort();
    },
    async subscriptions() {
      const { webhook_subscriptions: found } = (await callPagerDuty(
        "GET",
        "/webhook_subscriptions",
      )) as {
        webhook_subscriptions: { id: string; active: boolean; delivery_method: { url: string } }[];
      };
      return found.map(({ id, active, delivery_method }) => ({
        id,
        active,
        url: delivery_method.url,
      }));
    },
    async pendingApproval(proposalId) {
      const { approvals } = (await json(
        `${cheqpoint.url}/_emulator/approvals?status=pending&limit=1000`,
        "GET",
      )) as { approvals: { id: string; details: Record<string, unknown> }[] };
      return approvals.find(({ details }) => details["proposal_id"] === proposalId)?.id;
    },
    async decide(approvalId, decision) {
      await json(`${cheqpoint.url}/_emulator/approvals/${approvalId}/decide`, "POST", {
        decision,
        note: `${decision} by a test`,
      });
    },
    async removeSubscription(id) {
      await callPagerDuty("DELETE", `/webhook_subscriptions/${id}`);
    },
    async stop() {
      await Promise.all([doors.pagerduty.close(), doors.cheqpoint.close()]);
      await Promise.all([pagerduty.stop(), cheqpoint.stop()]);
    },
  };
}

/** Calls an HTTP API; anything but a 2xx fails. */
export async function json(
  url: string,
  method: string,
  body?: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const answer = await localFetch(url, {
    method,
    headers: { ...headers, "content-type": "application/json", accept: "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${url} answered ${answer.status}: ${text}`);
  return text === "" ? null : JSON.parse(text);
}

/** Looks until there is something; the deployed gate works on its own time. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  seconds = 60,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) {
      return found;
    }
    assert.ok(Date.now() < end, `after ${seconds} s still not: ${what}`);
    await pause(250);
  }
}
