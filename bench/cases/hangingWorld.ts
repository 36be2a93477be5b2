import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { PagerDuty } from "../../functions/gate/ports/index.ts";
import type { Incident } from "../../functions/gate/proposal/proposal.ts";

/** PagerDuty as far as a run and a page need it: it answers at once, and tells for which incident something was done. */
export function quickPagerDuty(real: PagerDuty, done: (incidentId: string) => void): PagerDuty {
  return {
    ...real,
    incident: (id) => Promise.resolve(incidentOf(id)),
    notes: () => Promise.resolve([]),
    addNote: () => Promise.resolve({ id: "NOTE" }),
    createIncident({ details }) {
      // The page names the incident that it is about.
      done(/QBENCH\d+/.exec(details)?.[0] ?? "");
      return Promise.resolve({ id: `P${details.length}`, url: null });
    },
    execute(order) {
      done(order.incidentId);
      return Promise.resolve({ invocationId: null, state: "completed", agentId: null });
    },
  };
}

/** The shortest that a rule may say. */
export const PAGE_AFTER_MS = 60_000;

export const GATING = `services:
  reporting:
    runbooks:
      ask: { reassign: { escalationPolicy: PBENCH1 } }
      page: { reassign: { escalationPolicy: PBENCH1 } }
      go: { escalate: { level: 2 } }
    rules:
      - { name: go, match: { runbook: go }, decision: allow, limits: LIMITS }
      - name: page
        match: { runbook: page }
        decision: requireApproval
        sla: 1h
        escalateAfter: 1m
        escalateTo: { escalationPolicy: PBENCH2 }
        limits: LIMITS
      - { name: ask, match: {}, decision: requireApproval, sla: 2h, limits: LIMITS }
`.replaceAll("LIMITS", "{ openProposals: 1000, executionsPerHour: 1000 }");

function incidentOf(id: string): Incident {
  return {
    id,
    number: 1,
    title: "Disk of the reporting host is filling up",
    status: "triggered",
    url: null,
    priority: "P3",
    urgency: "low",
    serviceId: "PBENCHS",
    serviceName: "reporting",
    escalationPolicyId: "PBENCHP",
    assigneeIds: [],
    incidentKey: null,
    createdAtMs: Date.now(),
  };
}

/** Takes every request and lets nobody decide; told to, it does not answer either. */
export async function startHangingCheqpoint() {
  let isHanging = false;
  let count = 0;
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    if (isHanging) {
      return;
    }
    const id = (request.url ?? "").split("/").at(-1);
    count += 1;
    response
      .writeHead(200, { "content-type": "application/json" })
      .end(
        JSON.stringify(
          request.method === "POST"
            ? { id: `req_${count}`, approvalId: `req_${count}`, status: "PENDING" }
            : { id, status: "PENDING", details: {} },
        ),
      );
  };
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => answer(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hang(on: boolean) {
      isHanging = on;
    },
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
