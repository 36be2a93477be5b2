import { createServer } from "node:net";
import { SettingError } from "./environment.ts";

const LOOPBACK = "127.0.0.1";

/** Throws with every port that something else has, by the setting that names it. */
export async function requireFree(
  ports: Readonly<Record<string, number>>,
  host = LOOPBACK,
): Promise<void> {
  const problems: string[] = [];
  const seen = new Map<number, string>();
  for (const [setting, port] of Object.entries(ports)) {
    const other = seen.get(port);
    if (port === 0) {
      continue;
    }
    seen.set(port, setting);
    if (other !== undefined) {
      problems.push(
        `\`${setting}\` and \`${other}\` are both ${port}: each needs a port of its own`,
      );
    } else if (!(await isFree(port, host))) {
      problems.push(
        `port ${port} on ${host} is taken: stop what listens there, or set \`${setting}\` to another one (0 takes a free one)`,
      );
    }
  }
  if (problems.length > 0) {
    throw new SettingError(problems.join("\n"));
  }
}

/**
 * For 0 the port of the run before, as long as nothing else has or wants it: what others were told (a subscription, a
 * callback's address) then stays true.
 */
export async function sameAsBefore<Name extends string>(
  wanted: Readonly<Record<Name, number>>,
  before: Readonly<Partial<Record<Name, number>>>,
): Promise<Record<Name, number>> {
  const ports: Record<Name, number> = { ...wanted };
  for (const name of Object.keys(wanted) as Name[]) {
    const kept = before[name] ?? 0;
    const isWanted = Object.values(ports).includes(kept);
    if (ports[name] === 0 && !isWanted && (await isFree(kept))) {
      ports[name] = kept;
    }
  }
  return ports;
}

function isFree(port: number, host = LOOPBACK): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}
