import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { eventBody, headersOf } from "../pagerDutyEvent.ts";
import type { BenchCase } from "./benchCase.ts";

const SECRET = "bench-signing-secret-0001";
const script = join(import.meta.dirname, "../processes/storm.ts");
const ready = z.object({ url: z.string() });

/**
 * Very many events at once, each over a connection of its own and each leading to a proposal, while the worker works on
 * those before: how long the slowest answer takes. PagerDuty waits for five seconds.
 */
export const storm: BenchCase = async (scale) => {
  const begin = async (what: "gate" | "bare") => {
    const dataDir = mkdtempSync(join(tmpdir(), "gate-bench-"));
    const gatingFile = join(dataDir, "gating.yaml");
    writeFileSync(gatingFile, GATING);
    const start = JSON.stringify({ what, secret: SECRET, dataDir, gatingFile });
    const child = fork(script, [start], { execArgv: [] });
    const [message] = (await once(child, "message")) as [unknown];
    return {
      url: ready.parse(message).url,
      async stop() {
        child.kill("SIGKILL");
        await once(child, "exit");
        rmSync(dataDir, { recursive: true, force: true });
      },
    };
  };
  let sent = 0;
  const events = scale === "full" ? 2_000 : 20;
  const before = events / 10;

  const slowest = async (url: string, count: number): Promise<number> => {
    const deliveries = Array.from({ length: count }, () => {
      sent += 1;
      const body = eventBody(sent);
      return { body, headers: headersOf(body, sent, SECRET) };
    });
    const took = deliveries.map(({ body, headers }) => deliver(url, headers, body));
    return Math.max(...(await Promise.all(took)));
  };
  /** A new process for each round: what one storm leaves to the worker must not slow whatever comes next. */
  const round = async (what: "gate" | "bare", path: string): Promise<number> => {
    const { url, stop } = await begin(what);
    try {
      await slowest(url + path, before);
      return await slowest(url + path, events);
    } finally {
      await stop();
    }
  };
  return {
    rounds: scale === "full" ? 3 : 1,
    pair: {
      name: `the slowest answer to ${events} events at once that propose, beside a working worker`,
      baseline: "bare node:http, HMAC and JSON.parse, nothing stored",
      unit: "ms",
      operations: 1,
      most: 2_000,
      runSubject: () => round("gate", "/pagerduty/webhook"),
      runBaseline: () => round("bare", "/"),
    },
    stop: () => Promise.resolve(),
  };
};

const GATING = `services:
  reporting:
    runbooks:
      clean_up: { automationAction: 01BENCHACTION }
    rules:
      - name: clean_up
        match: { event: incident.triggered }
        propose: clean_up
        decision: deny
`;

/** Sends one event over a connection of its own; how long its answer took. */
function deliver(url: string, headers: Record<string, string>, body: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const sending = request(
      url,
      {
        method: "POST",
        agent: false,
        headers: { ...headers, "content-length": String(body.byteLength) },
      },
      (response) => {
        response.resume();
        response.on("end", () => {
          if (response.statusCode === 202) {
            resolve(performance.now() - began);
          } else {
            reject(new Error(`${url} answered ${response.statusCode}`));
          }
        });
      },
    );
    sending.on("error", reject);
    sending.end(body);
  });
}
