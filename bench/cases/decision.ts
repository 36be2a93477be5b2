import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { startCheqpointEmulator } from "../../emulators/cheqpoint/index.ts";
import { startLocalGate } from "../../local/gate.ts";
import { SEED, startPagerDutyEmulator } from "../../emulators/pagerduty/index.ts";
import { startBareServer } from "../bareServer.ts";
import { createHttpClient } from "../httpClient.ts";
import type { BenchCase } from "./benchCase.ts";

const TOKEN = "bench-proposer-token-0001";
const ACTION = SEED.actions.restartApi;

const incidentShape = z.object({ incident: z.object({ id: z.string() }) });
const viewShape = z.object({ id: z.string(), approval_id: z.string().nullable() });
const approvalShape = z.object({ id: z.string() });

/**
 * From the moment at which Cheqpoint sends a decision to the moment at which PagerDuty is asked to invoke: the gate
 * confirms the decision, looks at the incident, the gating and the kill switch again, and writes its claim in between.
 */
export const decision: BenchCase = async (scale) => {
  const dataDir = mkdtempSync(join(tmpdir(), "gate-bench-"));
  const gatingFile = join(dataDir, "gating.yaml");
  writeFileSync(gatingFile, GATING);
  const client = createHttpClient();
  const json = { "content-type": "application/json" };
  const own = <T>(schema: z.ZodType<T>, text: string): T => schema.parse(JSON.parse(text));

  /** When the callback of a request was sent, and when its invocation was, by incident. */
  const sentAt = new Map<string, number>();
  const invoked = new Map<string, (atMs: number) => void>();
  const noteCallback: typeof fetch = (input, init) => {
    sentAt.set(requestUrl(input), performance.now());
    return fetch(input, init);
  };
  const pagerDuty = await startPagerDutyEmulator({
    dataFile: ":memory:",
    port: 0,
    rateLimitPerMinute: 1_000_000,
  });
  const cheqpoint = await startCheqpointEmulator({
    dataFile: ":memory:",
    port: 0,
    loopWindowMs: 0,
    maxRequestsHour: 1_000_000,
    fetch: noteCallback,
  });
  const ofPagerDuty = {
    ...json,
    authorization: `Token token=${pagerDuty.token}`,
    from: pagerDuty.from,
  };
  const gate = await startLocalGate({
    port: 0,
    dataDir,
    gatingFile,
    pagerDuty: { apiUrl: pagerDuty.url, token: pagerDuty.token, from: pagerDuty.from },
    cheqpoint: { apiUrl: cheqpoint.url, connectionKey: cheqpoint.connectionKey },
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
        execute(order) {
          invoked.get(order.incidentId)?.(performance.now());
          return real.execute(order);
        },
      }),
    },
  });
  const bare = await startBareServer(async (body) => {
    const { id, incidentId } = z
      .object({ id: z.string(), incidentId: z.string() })
      .parse(JSON.parse(body.toString("utf8")));
    const confirmed = await client.send("GET", `${cheqpoint.url}/api/approvals/${id}`, {
      "x-api-key": cheqpoint.connectionKey,
    });
    JSON.parse(confirmed.body);
    await client.send("GET", `${pagerDuty.url}/incidents/${incidentId}`, ofPagerDuty);
    invoked.get(incidentId)?.(performance.now());
  });

  const post = async (url: string, body: unknown, headers: Record<string, string> = json) => {
    const { status, body: text } = await client.send(
      "POST",
      url,
      headers,
      Buffer.from(JSON.stringify(body)),
    );
    if (status >= 300) {
      throw new Error(`${url} answered ${status}: ${text}`);
    }
    return text;
  };
  const openIncident = async (): Promise<string> =>
    own(
      incidentShape,
      await post(
        `${pagerDuty.url}/incidents`,
        {
          incident: {
            type: "incident",
            title: "Requests time out",
            service: { id: SEED.services.checkoutApi, type: "service_reference" },
          },
        },
        ofPagerDuty,
      ),
    ).incident.id;
  const invocationOf = (incidentId: string): Promise<number> =>
    new Promise((resolve) => invoked.set(incidentId, resolve));

  const throughGate = async (): Promise<number> => {
    const incidentId = await openIncident();
    const made = own(
      viewShape,
      await post(
        `${gate.url}/proposals`,
        {
          incident_id: incidentId,
          service: "checkout-api",
          runbook: "restart",
          justification: "bench",
        },
        { ...json, authorization: `Bearer ${TOKEN}` },
      ),
    );
    const approvalId = await submitted(gate.ledger, made.id);
    await gate.queue.idle();
    const at = invocationOf(incidentId);
    sentAt.clear();
    await post(`${cheqpoint.url}/_emulator/approvals/${approvalId}/decide`, {
      decision: "approved",
    });
    const invokedAt = await at;
    const [callbackAt] = sentAt.values();
    await gate.queue.idle();
    if (callbackAt === undefined) {
      throw new Error("the gate invoked before any callback was sent");
    }
    return invokedAt - callbackAt;
  };
  const withoutGate = async (): Promise<number> => {
    const incidentId = await openIncident();
    const { id } = own(
      approvalShape,
      await post(
        `${cheqpoint.url}/api/approvals/request`,
        { action: "restart", summary: "bench", details: { incidentId }, riskScore: 0.5 },
        { ...json, "x-api-key": cheqpoint.connectionKey },
      ),
    );
    await post(`${cheqpoint.url}/_emulator/approvals/${id}/decide`, { decision: "approved" });
    const at = invocationOf(incidentId);
    const began = performance.now();
    await fetch(bare.url, {
      method: "POST",
      headers: json,
      body: JSON.stringify({ id, incidentId }),
    });
    return (await at) - began;
  };
  const operations = scale === "full" ? 5 : 1;
  return {
    rounds: scale === "full" ? 20 : 1,
    pair: {
      name: "decision sent to invocation",
      baseline: "the same two read-backs without a ledger",
      unit: "ms",
      operations,
      runSubject: () => mean(operations, throughGate),
      runBaseline: () => mean(operations, withoutGate),
    },
    async stop() {
      client.close();
      await bare.stop();
      await gate.stop();
      await cheqpoint.stop();
      await pagerDuty.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
};

const GATING = `services:
  checkout-api:
    runbooks:
      restart: { automationAction: ${ACTION} }
    rules:
      - name: restart
        decision: requireApproval
        sla: 10m
        limits: { openProposals: 1000, executionsPerHour: 1000 }
`;

/** Cheqpoint's id of the approval, once the gate has it. */
async function submitted(
  ledger: { get(id: string): Promise<{ proposal: ProposalPart } | null> },
  id: string,
): Promise<string> {
  for (;;) {
    const attempts = (await ledger.get(id))?.proposal.approval?.attempts ?? [];
    const approvalId = attempts.find((attempt) => attempt.approvalId !== null)?.approvalId;
    if (approvalId !== undefined && approvalId !== null) {
      return approvalId;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

interface ProposalPart {
  approval: { attempts: { approvalId: string | null }[] } | null;
}

async function mean(operations: number, measure: () => Promise<number>): Promise<number> {
  let total = 0;
  for (let index = 0; index < operations; index += 1) {
    total += await measure();
  }
  return total / operations;
}

function requestUrl(input: Parameters<typeof fetch>[0]): string {
  return typeof input === "string" ? input : input instanceof URL ? input.href : input.url;
}
