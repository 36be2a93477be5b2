import type { GatingDefaults, ServiceGating } from "./types.ts";

/** The gating of a service that is not listed: no rules, and only the runbooks of the defaults. */
export function gatingForUnlisted(defaults: GatingDefaults): ServiceGating {
  return {
    runbooks: defaults.runbooks,
    rules: [],
    otherwise: defaults.proposals,
    ...(defaults.onDeny === undefined ? {} : { onDeny: defaults.onDeny }),
    manualTask: defaults.manualTask,
  };
}
