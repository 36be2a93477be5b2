import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { ENDPOINTS_FILE, readAddress, readEndpoints, type Endpoints } from "../local/address.ts";
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
  const here = gateHere(io, options);
  const url = asked === undefined ? here?.url : addressOf(asked);
  if (url === undefined) {
    throw noGateHere(io, options);
  }
  const isHere = here !== null && here.url === url;
  const endpoints = isHere ? here.endpoints : null;
  const operatorToken = token ?? endpoints?.gate.operatorToken;
  const proposerToken = token ?? endpoints?.gate.proposerToken;
  if (operatorToken === undefined || proposerToken === undefined) {
    throw new CliError(`no token for the gate at ${url}`, {
      hint: isHere
        ? "set GATE_TOKEN (or --token) to a token of its GATE_OPERATOR_TOKENS, or of its GATE_PROPOSER_TOKENS to propose"
        : "set GATE_TOKEN (or --token) to a proposer's or an operator's token",
    });
  }
  return { url, operatorToken, proposerToken, endpoints };
}

export interface GateHere {
  url: string;
  /** Null: the gate alone, whose tokens only those know that they were given to. */
  endpoints: Endpoints | null;
}

/** The gate that runs on the data folder; null when none does. */
export function gateHere(io: Io, options: ConnectionOptions): GateHere | null {
  const dataDir = dataDirOf(io, options);
  if (!existsSync(join(dataDir, ENDPOINTS_FILE))) {
    return null;
  }
  try {
    const endpoints = readEndpoints(dataDir);
    return { url: endpoints.gate.url, endpoints };
  } catch {
    // Not what `npm start` writes.
  }
  try {
    return { url: readAddress(dataDir).url, endpoints: null };
  } catch {
    throw new CliError(`${join(dataDir, ENDPOINTS_FILE)} is not what a gate writes`, {
      hint: "start that gate again",
    });
  }
}

export function noGateHere(io: Io, options: ConnectionOptions): CliError {
  return new CliError(`no gate runs on the data folder ${dataDirOf(io, options)}`, {
    hint: "name the gate by --url (or GATE_URL) and --token (or GATE_TOKEN), by --data-dir, or one in AWS by --stack; to try one with emulators, `npm start`",
  });
}

function dataDirOf(io: Io, options: ConnectionOptions): string {
  return resolve(io.cwd, options.dataDir ?? set(io.env["GATE_DATA_DIR"]) ?? ".gate");
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
