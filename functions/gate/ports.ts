/** Everything that the gate needs from outside itself, one file for each port. Importers need not know which. */
export type * from "./ports/cheqpoint.ts";
export type * from "./ports/clock.ts";
export type * from "./ports/gatingStore.ts";
export type * from "./ports/ids.ts";
export type * from "./ports/ledger.ts";
export type * from "./ports/pagerduty.ts";
export type * from "./ports/queue.ts";
export { RemoteError } from "./ports/remoteError.ts";
export type * from "./ports/secrets.ts";
export type * from "./ports/telemetry.ts";
