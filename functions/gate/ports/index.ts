/** Everything that the gate needs from outside itself, one file for each port. Importers need not know which. */
export type * from "./cheqpoint.ts";
export type * from "./clock.ts";
export type * from "./gatingStore.ts";
export type * from "./ids.ts";
export type * from "./ledger.ts";
export type * from "./pagerduty.ts";
export type * from "./queue.ts";
export { RemoteError } from "./remoteError.ts";
export type * from "./secrets.ts";
export type * from "./telemetry.ts";
