import assert from "node:assert/strict";
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { signPagerDuty } from "../../functions/pagerduty/signature.ts";
import { gatingOf } from "../harness/gating.ts";
import type { LoadReport } from "./fixtures/loadedGate.ts";

const SECRET = "webhook-secret-of-the-load-test";
/** PagerDuty takes a delivery for failed after this. */
const ANSWER_WITHIN_MS = 5_000;
const MAX_GROWTH_BYTES = 8 * 1024 * 1024;

describe("The gate under load", () => {
  let child: ChildProcess;
  let url = "";
  let folder = "";

  before(async function () {
    folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "gate-load-"));
    const gatingFile = join(folder, "gating.yaml");
    const rule = {
      match: { event: "incident.triggered" },
      propose: "failover",
      decision: "deny",
      onDeny: "page",
    };
    writeFileSync(gatingFile, JSON.stringify(gatingOf(rule)));
    const start = JSON.stringify({ dataDir: folder, gatingFile, secret: SECRET });
    const script = fileURLToPath(new URL("./fixtures/loadedGate.ts", import.meta.url));
    child = fork(script, [start], { execArgv: ["--expose-gc"], stdio: "inherit" });
    const [ready] = (await once(child, "message")) as [{ url: string }];
    ({ url } = ready);
  });

  after(async () => {
    child.kill();
    await once(child, "exit");
    rmSync(folder, { recursive: true, force: true });
  });

  /** How long the answer took. */
  const send = async (number: number): Promise<number> => {
    const id = `QLOAD${number}`;
    const service = { id: "PSVC001", type: "service_reference", summary: "payments-db" };
    const body = JSON.stringify({
      event: {
        id: `01LOAD${number}`,
        event_type: "incident.triggered",
        resource_type: "incident",
        occurred_at: new Date().toISOString(),
        agent: null,
        data: {
          id,
          type: "incident",
          number,
          status: "triggered",
          title: "primary unreachable",
          urgency: "high",
          incident_key: id,
          created_at: new Date().toISOString(),
          service,
          assignees: [],
        },
      },
    });
    const startedAt = performance.now();
    const answer = await fetch(`${url}/pagerduty/webhook`, {
      method: "POST",
      body,
      headers: {
        "x-pagerduty-signature": signPagerDuty(Buffer.from(body), SECRET),
        "x-webhook-id": `delivery-${number}`,
      },
    });
    await answer.arrayBuffer();
    assert.equal(answer.status, 202);
    return performance.now() - startedAt;
  };
  const report = async (): Promise<LoadReport> => {
    child.send({});
    const [told] = (await once(child, "message")) as [LoadReport];
    return told;
  };

  it("answers 200 equal and 1000 different events at once in time, loses none and keeps no memory", async function () {
    await Promise.all(Array.from({ length: 200 }, (_, index) => send(index)));
    const before = await report();
    assert.equal(before.closed, 200);

    const equal = Array.from({ length: 200 }, () => send(1_000));
    const different = Array.from({ length: 1_000 }, (_, index) => send(2_000 + index));
    const took = (await Promise.all([...equal, ...different])).sort((a, b) => a - b);
    const after = await report();

    const slowest = took.at(-1) ?? Infinity;
    assert.ok(slowest < ANSWER_WITHIN_MS, `the slowest answer took ${slowest} ms`);
    assert.deepEqual(
      { ...after, heapUsed: 0 },
      { open: 0, closed: 1_201, tasks: 1_201, mostTasks: 1, heapUsed: 0 },
    );
    const grown = after.heapUsed - before.heapUsed;
    assert.ok(grown < MAX_GROWTH_BYTES, `the heap has grown by ${grown} bytes`);
    const median = took[Math.floor(took.length / 2)] ?? 0;
    console.log(
      `      answers within ${Math.round(slowest)} ms, half of them within ${Math.round(median)} ms; heap ${Math.round(grown / 1024)} KiB more`,
    );
  });
});
