import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { ENDPOINTS_FILE, readEndpoints, type Endpoints } from "../local/embedded.ts";
import { CliError, usage } from "./errors.ts";
import type { Io } from "./io.ts";

export interface ConnectionOptions {
  url?: string;
  token?: string;
  dataDir?: string;
}

/** Where the gate is, and with which token it is asked. */
export interface Connection {
  url: string;
  /** Reads everything. */
  operatorToken: string;
  proposerToken: string;
  /** The embedded gate's, when it is that one; with it the emulators can be used. */
  endpoints: Endpoints | null;
}

/** From the options, the environment, or what a gate on this machine wrote into its data folder; in this order. */
export function connectionOf(io: Io, options: ConnectionOptions): Connection {
  const asked = options.url ?? set(io.env["GATE_URL"]);
  const token = options.token ?? set(io.env["GATE_TOKEN"]);
  const dataDir = resolve(io.cwd, options.dataDir ?? set(io.env["GATE_DATA_DIR"]) ?? ".gate");
  const found = endpointsIn(dataDir);
  const url = asked === undefined ? found?.gate.url : addressOf(asked);
  if (url === undefined) {
    throw new CliError(`no gate runs on the data folder ${dataDir}`, {
      hint: "start one with `npm start`, or name another with --url (or GATE_URL) and --token (or GATE_TOKEN), or its data folder with --data-dir",
    });
  }
  const endpoints = found !== null && found.gate.url === url ? found : null;
  const operatorToken = token ?? endpoints?.gate.operatorToken;
  const proposerToken = token ?? endpoints?.gate.proposerToken;
  if (operatorToken === undefined || proposerToken === undefined) {
    throw new CliError(`no token for the gate at ${url}`, {
      hint: "set GATE_TOKEN (or --token) to a proposer's or an operator's token",
    });
  }
  return { url, operatorToken, proposerToken, endpoints };
}

function endpointsIn(dataDir: string): Endpoints | null {
  if (!existsSync(join(dataDir, ENDPOINTS_FILE))) {
    return null;
  }
  try {
    return readEndpoints(dataDir);
  } catch {
    throw new CliError(`${join(dataDir, ENDPOINTS_FILE)} is not what a gate writes`, {
      hint: "start the gate again with `npm start`",
    });
  }
}

function addressOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw usage(`--url must be an http or https address, got "${text}"`);
  }
  // The stack's output `proposalsUrl` is the address too.
  return text.replace(/\/+$/, "").replace(/\/proposals$/, "");
}

function set(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === "" ? undefined : value.trim();
}
