import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { startLocalGate } from "../../local/gate.ts";
import type { Incident } from "../../functions/gate/proposal/proposal.ts";
import { createHttpClient } from "../httpClient.ts";
import type { BenchCase } from "./benchCase.ts";

const TOKEN = "bench-proposer-token-0001";
const made = z.object({ id: z.string() });

/**
 * What has to happen at its time, beside very many proposals that wait for Cheqpoint, while Cheqpoint takes connections
 * and does not answer: a run that a rule allows, from its proposal on, and a page, from its time on. The worst of some.
 */
export function hanging(what: "run" | "page"): BenchCase {
  return async (scale) => {
    if (what === "page" && scale === "tiny") {
      return { skipped: "a tiny run does not wait a minute for a page" };
    }
    const open = scale === "full" ? 1_000 : 10;
    const probes = scale === "full" ? 10 : 2;
    const dataDir = mkdtempSync(join(tmpdir(), "gate-bench-"));
    const gatingFile = join(dataDir, "gating.yaml");
    writeFileSync(gatingFile, GATING);
    const cheqpoint = await startCheqpoint();
    const client = createHttpClient();
    /** Who waits for something to be done for an incident. */
    const waiting = new Map<string, (atMs: number) => void>();
    const done = (incidentId: string): void => waiting.get(incidentId)?.(Date.now());
    const gate = await startLocalGate({
      port: 0,
      dataDir,
      gatingFile,
      pagerDuty: { apiUrl: "http://127.0.0.1:9", token: "none", from: "bench@example.com" },
      cheqpoint: { apiUrl: cheqpoint.url, connectionKey: "none" },
      webhookSecrets: () => [],
      proposers: { bench: TOKEN },
      proposerLimits: { bench: { perMinute: 1_000_000, perHour: 1_000_000 } },
      operators: {},
      clock: { now: () => Date.now() },
      log: { debug() {}, info() {}, warn() {}, error() {} },
      metrics: { count() {} },
      wrap: {
        pagerDuty: (real) => ({
          ...real,
          incident: (id) => Promise.resolve(incidentOf(id)),
          incidentsByKey: () => Promise.resolve({ found: [], unreadable: [] }),
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
        }),
      },
    });
    let number = 0;
    /** Proposes for a new incident; when that was, and when it is done for it. */
    const propose = async (
      runbook: string,
    ): Promise<{ beganAtMs: number; doneAtMs: Promise<number> }> => {
      number += 1;
      const incidentId = `QBENCH${number}`;
      const doneAtMs = new Promise<number>((resolve) => waiting.set(incidentId, resolve));
      const body = {
        incident_id: incidentId,
        service: "reporting",
        runbook,
        justification: "bench",
      };
      const beganAtMs = Date.now();
      const answer = await client.send(
        "POST",
        `${gate.url}/proposals`,
        { "content-type": "application/json", authorization: `Bearer ${TOKEN}` },
        Buffer.from(JSON.stringify(body)),
      );
      if (answer.status !== 202) {
        throw new Error(`the proposal was answered ${answer.status}: ${answer.body}`);
      }
      made.parse(JSON.parse(answer.body));
      return { beganAtMs, doneAtMs };
    };
    // All at once, they would be as many as a proposer may make in a minute.
    for (let i = 0; i < open - 2 * probes; i += 1) {
      await propose("ask");
    }
    await gate.queue.idle();

    const worst = async (isHanging: boolean): Promise<number> => {
      cheqpoint.hang(isHanging);
      const took: Promise<number>[] = [];
      for (let i = 0; i < probes; i += 1) {
        const { beganAtMs, doneAtMs } = await propose(what === "run" ? "go" : "page");
        const dueAtMs = beganAtMs + (what === "run" ? 0 : PAGE_AFTER_MS);
        took.push(doneAtMs.then((atMs) => Math.max(1, atMs - dueAtMs)));
        await pause(500);
      }
      return Math.max(...(await Promise.all(took)));
    };
    return {
      rounds: scale === "full" ? 3 : 1,
      pair: {
        name: `a ${what} at its time, beside ${open} proposals whose decisions Cheqpoint does not tell`,
        baseline: "the same while Cheqpoint answers",
        unit: "ms",
        operations: probes,
        most: what === "run" ? 5_000 : 10_000,
        runSubject: () => worst(true),
        runBaseline: () => worst(false),
      },
      async stop() {
        client.close();
        await cheqpoint.stop();
        await gate.stop();
        rmSync(dataDir, { recursive: true, force: true });
      },
    };
  };
}

/** The shortest that a rule may say. */
const PAGE_AFTER_MS = 60_000;

const GATING = `services:
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
async function startCheqpoint() {
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
