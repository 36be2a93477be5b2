import { parseArgs } from "node:util";
import { join, relative, resolve } from "node:path";
import type { Gating } from "../functions/gate/gating/index.ts";
import { LOG_FILE, portsBefore, startEmbedded, type Embedded } from "./embedded.ts";
import { optional, port, SettingError, type Environment } from "./settings/environment.ts";
import { lockFolder } from "./folderLock.ts";
import { requireFree, sameAsBefore } from "./settings/ports.ts";
import { runUntilStopped } from "./process.ts";
import { checkedGating, stackFile } from "./gatingFile/stackFile.ts";
import { withTimeline } from "./timeline/index.ts";

const DEFAULT_DATA_DIR = ".gate";

interface StartSettings {
  dataDir: string;
  gatingFile: string;
  /** What the gating is called when it is told. */
  gatingName: string;
  ports: Ports;
}

interface Ports {
  GATE_PORT: number;
  PAGERDUTY_PORT: number;
  CHEQPOINT_PORT: number;
}

const DEFAULT_PORTS: Ports = { GATE_PORT: 8787, PAGERDUTY_PORT: 8788, CHEQPOINT_PORT: 8789 };

async function settings(argv: readonly string[], env: Environment): Promise<StartSettings> {
  const { stack } = optionsOf(argv);
  const config = optional(env, "GATE_CONFIG");
  const dataDir = resolve(optional(env, "GATE_DATA_DIR") ?? DEFAULT_DATA_DIR);
  return {
    dataDir,
    gatingFile: config === undefined ? stackFile(process.cwd(), stack) : resolve(config),
    gatingName: config === undefined ? `stack ${stack}` : config,
    ports: await portsFor(dataDir, env),
  };
}

/** As it is set; else where it was on that folder the last time, which a browser or a script may know; else the default. */
async function portsFor(dataDir: string, env: Environment): Promise<Ports> {
  const { gate = 0, pagerDuty = 0, cheqpoint = 0 } = portsBefore(dataDir);
  const set: Ports = {
    GATE_PORT: port(env, "GATE_PORT", 0),
    PAGERDUTY_PORT: port(env, "PAGERDUTY_PORT", 0),
    CHEQPOINT_PORT: port(env, "CHEQPOINT_PORT", 0),
  };
  const kept = await sameAsBefore(set, {
    GATE_PORT: gate,
    PAGERDUTY_PORT: pagerDuty,
    CHEQPOINT_PORT: cheqpoint,
  });
  const one = (name: keyof Ports): number =>
    optional(env, name) !== undefined ? set[name] : kept[name] || DEFAULT_PORTS[name];
  return {
    GATE_PORT: one("GATE_PORT"),
    PAGERDUTY_PORT: one("PAGERDUTY_PORT"),
    CHEQPOINT_PORT: one("CHEQPOINT_PORT"),
  };
}

function optionsOf(argv: readonly string[]): { stack: string } {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { stack: { type: "string", default: "dev" } },
    });
    return values;
  } catch (error) {
    throw new SettingError(
      `${error instanceof Error ? error.message : String(error)}. Usage: npm start -- [--stack <name>]`,
    );
  }
}

async function start(): Promise<{ stop(): Promise<void> }> {
  const { dataDir, gatingFile, gatingName, ports } = await settings(
    process.argv.slice(2),
    process.env,
  );
  const gating = checkedGating(gatingFile);
  const lock = lockFolder(dataDir);
  try {
    await requireFree({ ...ports });
    const embedded = await startEmbedded(
      withTimeline({
        dataDir,
        gatingFile,
        onGatingChange: tellGating,
        gatePort: ports.GATE_PORT,
        pagerDutyPort: ports.PAGERDUTY_PORT,
        cheqpointPort: ports.CHEQPOINT_PORT,
      }),
    );
    process.stdout.write(welcome(embedded, `gating of ${gatingName}: ${gatedServices(gating)}`));
    return {
      async stop() {
        await embedded.stop();
        lock.release();
        process.stdout.write("Stopped.\n");
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** The log is a file here: whoever just saved looks at the terminal, or at the timeline. */
function tellGating(problem: string | null): void {
  if (problem === null) {
    process.stdout.write("The changed gating is in force.\n");
  } else {
    process.stderr.write(
      `The changed gating is refused, the earlier one stays in force: ${problem}\n`,
    );
  }
}

function gatedServices({ services }: Gating): string {
  const { length } = Object.keys(services);
  return length === 0 ? "no service" : `${length} ${length === 1 ? "service" : "services"}`;
}

function welcome({ gate, pagerDuty, cheqpoint, dataDir }: Embedded, gatedBy: string): string {
  const folder = relative(process.cwd(), dataDir);
  const isDefault = dataDir === resolve(DEFAULT_DATA_DIR);
  const shown = folder === "" || folder.startsWith("..") ? dataDir : folder;
  return `
Approval gate on this machine (${gatedBy})

  Timeline   ${gate.url}   what is proposed, decided and run; scenarios to try
  Inbox      ${cheqpoint.url}   where a reviewer approves or rejects (Cheqpoint emulator)
  PagerDuty  ${pagerDuty.url}   PagerDuty emulator: nobody is paged

Try, in this folder in another terminal${isDefault ? "" : ` (with GATE_DATA_DIR=${dataDir})`}:

  npx gate scenario failover    an AI asks to fail over a database: decide in the inbox
  npx gate list --open          what waits; then: npx gate show <id>
  npx gate --help

Data in ${shown}, log in ${join(shown, LOG_FILE)}. Ctrl-C stops it.
`.replace(/^\n/, "");
}

await runUntilStopped(start);
