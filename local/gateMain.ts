import { startLocalGate } from "./gate.ts";
import { gateSettings } from "./gateSettings.ts";
import { lockFolder } from "./folderLock.ts";
import { createCounters, createLog } from "./log.ts";
import { requireFree } from "./ports.ts";
import { runUntilStopped } from "./process.ts";
import { checkedGating } from "./stackFile.ts";
import { withReadOnlyTimeline } from "./timeline/index.ts";

/** `npm run gate`: the gate alone. Its log goes to standard output, as JSON lines. */
async function start(): Promise<{ stop(): Promise<void> }> {
  const { logLevel, ...settings } = gateSettings(process.env);
  checkedGating(settings.gatingFile);
  const lock = lockFolder(settings.dataDir);
  try {
    await requireFree({ GATE_PORT: settings.port });
    const log = createLog({ level: logLevel });
    const gate = await startLocalGate(
      withReadOnlyTimeline({
        ...settings,
        clock: { now: () => Date.now() },
        log,
        metrics: createCounters(),
      }),
    );
    log.info("gate started", {
      url: gate.url,
      publicUrl: settings.publicUrl ?? gate.url,
      gatingFile: settings.gatingFile,
      dataDir: settings.dataDir,
      pagerDuty: settings.pagerDuty.apiUrl,
      proposers: Object.keys(settings.proposers),
      operators: Object.keys(settings.operators),
    });
    return {
      async stop() {
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

await runUntilStopped(start);
