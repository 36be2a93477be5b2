import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const endpointsShape = z.object({
  gate: z.object({ url: z.string(), proposerToken: z.string(), operatorToken: z.string() }),
  pagerduty: z.object({ url: z.string(), token: z.string(), from: z.string() }),
  cheqpoint: z.object({ url: z.string(), connectionKey: z.string() }),
  pid: z.number(),
});

/** What `endpoints.json` in the data folder tells: everything that a client of the three needs. */
export type Endpoints = z.infer<typeof endpointsShape>;

export const ENDPOINTS_FILE = "endpoints.json";

/** Throws when the folder has none: nothing runs there. */
export function readEndpoints(dataDir: string): Endpoints {
  return endpointsShape.parse(JSON.parse(readFileSync(join(dataDir, ENDPOINTS_FILE), "utf8")));
}

const addressShape = z.object({ gate: z.object({ url: z.string() }), pid: z.number() });

/** Where the gate on a data folder is, whoever started it; throws when nothing tells. */
export function readAddress(dataDir: string): { url: string; pid: number } {
  const { gate, pid } = addressShape.parse(
    JSON.parse(readFileSync(join(dataDir, ENDPOINTS_FILE), "utf8")),
  );
  return { url: gate.url, pid };
}

/** Tells commands on the data folder where the gate alone is. Its tokens are whoever's they were given to. */
export function writeAddress(dataDir: string, url: string): { remove(): void } {
  const file = join(dataDir, ENDPOINTS_FILE);
  // Whole or not at all: a command may read it at any moment.
  writeFileSync(`${file}.new`, `${JSON.stringify({ gate: { url }, pid: process.pid })}\n`, {
    mode: 0o600,
  });
  renameSync(`${file}.new`, file);
  return { remove: () => rmSync(file, { force: true }) };
}
