import type { Sabotage } from "../sabotage.ts";
import { AFTERWARDS } from "./afterwards.ts";
import { ASKING } from "./asking.ts";
import { BEFORE_CLAIM } from "./beforeClaim.ts";
import { DYNAMO_GUARDS } from "./dynamo.ts";
import { GATING } from "./gating.ts";
import { LEDGERS } from "./ledgers.ts";
import { WORKER } from "./worker.ts";

export const SABOTAGES: readonly Sabotage[] = [
  ...ASKING,
  ...BEFORE_CLAIM,
  ...AFTERWARDS,
  ...GATING,
  ...WORKER,
  ...LEDGERS,
  ...DYNAMO_GUARDS,
];
