import { createServer } from "node:net";
import { SettingError } from "./environment.ts";

/** Throws with every port that something else has, by the setting that names it. */
export async function requireFree(ports: Readonly<Record<string, number>>): Promise<void> {
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
    } else if (!(await isFree(port))) {
      problems.push(
        `port ${port} on 127.0.0.1 is taken: stop what listens there, or set \`${setting}\` to another one (0 takes a free one)`,
      );
    }
  }
  if (problems.length > 0) {
    throw new SettingError(problems.join("\n"));
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
