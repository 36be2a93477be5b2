import { join } from "node:path";

/** One file for each version, named after it; made by scripts/recordState.ts. */
export const statesFolder = join(import.meta.dirname, "fixtures/states");

/** What stands for the addresses of the emulators, which are others in each run. */
export const RECORDED_ADDRESSES = {
  pagerduty: "http://127.0.0.1:1/pagerduty",
  cheqpoint: "http://127.0.0.1:1/cheqpoint",
} as const;
