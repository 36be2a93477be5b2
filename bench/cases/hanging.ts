import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { BenchCase } from "./benchCase.ts";
import { asDeployed, onOneMachine } from "./hangingGates.ts";
import { GATING, PAGE_AFTER_MS, quickPagerDuty, startHangingCheqpoint } from "./hangingWorld.ts";

const GATES = {
  "on one machine": onOneMachine,
  "by five instances": asDeployed,
} as const;

/**
 * What has to happen at its time, beside very many proposals that wait for Cheqpoint, while Cheqpoint takes connections
 * and does not answer: a run that a rule allows, from its proposal on, and a page, from its time on. The worst of some.
 */
export function hanging(what: "run" | "page", where: keyof typeof GATES): BenchCase {
  return async (scale) => {
    if (what === "page" && scale === "tiny") {
      return { skipped: "a tiny run does not wait a minute for a page" };
    }
    const open = scale === "full" ? 1_000 : 10;
    const probes = scale === "full" ? 10 : 2;
    const dataDir = mkdtempSync(join(tmpdir(), "gate-bench-"));
    const gatingFile = join(dataDir, "gating.yaml");
    writeFileSync(gatingFile, GATING);
    const cheqpoint = await startHangingCheqpoint();
    /** Who waits for something to be done for an incident. */
    const waiting = new Map<string, (atMs: number) => void>();
    const done = (incidentId: string): void => waiting.get(incidentId)?.(Date.now());
    const gate = await GATES[where]({
      dataDir,
      gatingFile,
      cheqpointUrl: cheqpoint.url,
      pagerDuty: (real) => quickPagerDuty(real, done),
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
      const status = await gate.propose(JSON.stringify(body));
      if (status !== 202) {
        throw new Error(`the proposal was answered ${status}`);
      }
      return { beganAtMs, doneAtMs };
    };
    // All at once, they would be as many as a proposer may make in a minute.
    for (let i = 0; i < open - 2 * probes; i += 1) {
      await propose("ask");
    }
    await gate.idle();

    const worst = async (isHanging: boolean): Promise<number> => {
      cheqpoint.hang(isHanging);
      // Everything that waits is to be read again.
      await gate.sweep();
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
        name: `a ${what} at its time ${where}, beside ${open} proposals whose decisions Cheqpoint does not tell`,
        baseline: "the same while Cheqpoint answers",
        unit: "ms",
        operations: probes,
        most: what === "run" ? 5_000 : 10_000,
        runSubject: () => worst(true),
        runBaseline: () => worst(false),
      },
      async stop() {
        await cheqpoint.stop();
        await gate.stop();
        rmSync(dataDir, { recursive: true, force: true });
      },
    };
  };
}
