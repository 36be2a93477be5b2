import { resolve } from "node:path";
import { writeAddress } from "./address.ts";
import { allSettings } from "./settings/allSettings.ts";
import { optional, type Environment } from "./settings/environment.ts";
import { startLocalGate } from "./gate.ts";
import { gateSettings, type GateSettings } from "./settings/gateSettings.ts";
import { lockFolder } from "./folderLock.ts";
import { createLog } from "./log.ts";
import { createMetrics } from "./metrics.ts";
import { requireFree } from "./settings/ports.ts";
import { runUntilStopped } from "./process.ts";
import { checkedGating } from "./gatingFile/stackFile.ts";
import { withReadOnlyTimeline } from "./timeline/index.ts";

/** PagerDuty takes 960 of all who use a user's or an account's keys; some are left to others. */
const PAGERDUTY_PER_MINUTE = 900;

/** `npm run gate`: the gate alone. Its log goes to standard output, as JSON lines. */
async function start(): Promise<{ stop(): Promise<void> }> {
  const { logLevel, ...settings } = settingsOf(process.env);
  const lock = lockFolder(settings.dataDir);
  try {
    await requireFree({ GATE_PORT: settings.port }, settings.host);
    const log = createLog({ level: logLevel });
    const gate = await startLocalGate(
      withReadOnlyTimeline({
        ...settings,
        pagerDutyPerMinute: PAGERDUTY_PER_MINUTE,
        clock: { now: () => Date.now() },
        log,
        metrics: createMetrics({ ofProcess: true }),
      }),
    );
    const address = writeAddress(settings.dataDir, gate.url);
    log.info("gate started", {
      url: gate.url,
      publicUrl: settings.publicUrl ?? gate.url,
      gatingFile: settings.gatingFile,
      dataDir: settings.dataDir,
      pagerDuty: settings.pagerDuty.apiUrl,
      proposers: Object.keys(settings.proposers),
      operators: Object.keys(settings.operators),
    });
    if (Object.keys(settings.operators).length === 0) {
      log.warn(NO_OPERATOR);
      // The log may go to a file that nobody reads now.
      process.stderr.write(`WARNING: ${NO_OPERATOR}\n`);
    }
    return {
      async stop() {
        address.remove();
        await gate.stop();
        lock.release();
        log.info("gate stopped");
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

const NO_OPERATOR =
  "`GATE_OPERATOR_TOKENS` is not set: nobody can throw the kill switch, list proposals or see alarms";

/** Everything that is wrong with them, the gating that they name included. */
function settingsOf(env: Environment): GateSettings {
  return allSettings({
    settings: () => gateSettings(env),
    gating: () => {
      const named = optional(env, "GATE_CONFIG");
      return named === undefined ? null : checkedGating(resolve(named));
    },
  }).settings;
}

await runUntilStopped(start);
