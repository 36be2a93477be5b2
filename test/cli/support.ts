import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Io } from "../../cli/io.ts";
import { runCli } from "../../cli/run.ts";
import { startEmbedded, type Embedded } from "../../local/embedded.ts";

export const ROOT = new URL("../../", import.meta.url).pathname;
export const DEV_STACK = join(ROOT, "Pulumi.dev.yaml");

/** Follows the dev stack's only service, for what one service alone cannot show. */
const SECOND_SERVICE = `
    checkout-api:
      runbooks:
        restart_api: { automationAction: 01RESTARTAPI }
        diagnostics: { automationAction: 01DIAGNOSE, action: collect_diagnostics }
      rules:
        - name: restart
          match: { runbook: restart_api }
          decision: requireApproval
          sla: 1m
        - { name: diagnostics, match: { runbook: diagnostics }, decision: allow }
`;

export interface Ran {
  code: number;
  out: string;
  err: string;
}

/** Runs one command as a shell would, without a process of its own. */
export async function run(
  args: readonly string[],
  at: Partial<Pick<Io, "env" | "cwd" | "columns" | "fetch" | "stopping" | "sleep">> = {},
): Promise<Ran> {
  const ran: Ran = { code: 0, out: "", err: "" };
  ran.code = await runCli(args, {
    out: (text) => {
      ran.out += text;
    },
    err: (text) => {
      ran.err += text;
    },
    env: {},
    cwd: ROOT,
    columns: null,
    fetch,
    sleep: async (ms) => {
      // Looks come often, but waits that a command counts by stay whole.
      await delay(Math.min(ms, 200));
    },
    stopping: new AbortController().signal,
    ...at,
  });
  return ran;
}

/** An embedded gate in a folder of its own, and commands that talk to it. */
export class GateBench {
  readonly dataDir = mkdtempSync(join(tmpdir(), "gate-cli-"));
  readonly gatingFile: string;
  #embedded: Embedded | null = null;

  /** `two`: the dev stack's service and `checkout-api`. */
  constructor(services: "dev" | "two" = "dev") {
    this.gatingFile = services === "dev" ? DEV_STACK : join(this.dataDir, "two.yaml");
    if (services === "two") {
      writeFileSync(this.gatingFile, readFileSync(DEV_STACK, "utf8") + SECOND_SERVICE);
    }
  }

  get embedded(): Embedded {
    assert.ok(this.#embedded !== null, "the bench is not started");
    return this.#embedded;
  }

  async start(): Promise<void> {
    this.#embedded = await startEmbedded({
      dataDir: this.dataDir,
      gatingFile: this.gatingFile,
      gatePort: 0,
      pagerDutyPort: 0,
      cheqpointPort: 0,
    });
  }

  async stop(): Promise<void> {
    await this.#embedded?.stop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  gate(...args: string[]): Promise<Ran> {
    return run(args, { env: { GATE_DATA_DIR: this.dataDir } });
  }

  /** The JSON that a command prints; it must succeed. */
  async json<T>(parse: (value: unknown) => T, ...args: string[]): Promise<T> {
    const ran = await this.gate(...args, "--json");
    assert.equal(ran.err, "");
    assert.equal(ran.code, 0);
    return parse(JSON.parse(ran.out));
  }

  /** A proposal of the failover that somebody can decide. */
  async failover(): Promise<string> {
    return this.#proposed("failover");
  }

  async restart(): Promise<string> {
    return this.#proposed("restart");
  }

  async #proposed(scenario: string): Promise<string> {
    const ran = await this.gate("scenario", scenario, "--json");
    const { proposalIds } = JSON.parse(ran.out) as { proposalIds: string[] };
    const [id] = proposalIds;
    assert.ok(id !== undefined);
    return id;
  }
}
