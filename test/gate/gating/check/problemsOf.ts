import { GatingError, parseGating } from "../../../../functions/gate/gating/index.ts";
import type { ServiceGating } from "../../../../functions/gate/gating/index.ts";
import { normaliseService } from "../../../../functions/gate/gating/schema/normalise.ts";
import { serviceSchema } from "../../../../functions/gate/gating/schema/schema.ts";

/** The lines with which a gating is refused; empty: it is accepted. */
export function problemsOf(input: unknown): string[] {
  try {
    parseGating(input);
    return [];
  } catch (error) {
    if (error instanceof GatingError) return error.problems.map((problem) => problem.message);
    throw error;
  }
}

/** Three runbooks, of which one has parameters, as they are written. */
export const runbooks = {
  failover: {
    automationAction: "01DBFAILOVER",
    parameters: {
      max_replicas: { type: "integer", minimum: 1, maximum: 5, customField: "max_replicas" },
      note: { type: "string" },
    },
  },
  restart: { automationAction: "01RESTARTAPI", action: "restart_service" },
  page: { escalate: { level: 2 } },
} as const;

/** A gating of one service, `db`, with these rules and {@link runbooks}. */
export function withRules(...rules: unknown[]): unknown {
  return { services: { db: { runbooks, rules } } };
}

/** The same as it is evaluated, with rules that do not get past the checks against each other. */
export function unchecked(...rules: unknown[]): ServiceGating {
  return normaliseService(serviceSchema.parse({ runbooks, rules }));
}
