import { GateClient } from "../gateClient.ts";
import { connectionOf } from "../connection.ts";
import type { ConnectionOptions } from "../connection.ts";
import type { Io } from "../io.ts";
import type { GateAccess } from "./gateAccess.ts";
import { LedgerGate, baseOf } from "./ledgerGate.ts";
import { targetOf, type DeployedOptions } from "./target.ts";

/** The gate that the options name: in AWS by its ledger, else over HTTP. */
export function gateOf(io: Io, options: ConnectionOptions & DeployedOptions): GateAccess {
  const target = targetOf(io, options);
  if (target === null) {
    return new GateClient(io, connectionOf(io, options));
  }
  const url = options.url ?? (target.outputs === null ? null : baseOf(target.outputs.proposalsUrl));
  return new LedgerGate(io, target, {
    http: url === null ? null : () => new GateClient(io, connectionOf(io, { ...options, url })),
    hasToken: (options.token ?? io.env["GATE_TOKEN"] ?? "") !== "",
  });
}
