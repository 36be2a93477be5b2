import { gatingHash, parseServiceGating } from "../../../functions/gate/gating/index.ts";
import type { StoredGating } from "../../../functions/gate/ports/index.ts";

/** A rule as people write it, as far as histories use rules. */
export interface SimRule {
  name: string;
  match: { runbook?: string; proposer?: string; event?: string };
  decision: "allow" | "deny" | "requireApproval";
  /** Only tried: the rules below decide. */
  dryRun?: boolean;
  sla?: string;
  validFor?: string;
  coolDown?: string;
  onExpiry?: "approve" | "reject";
  acknowledgeRisk?: boolean;
  editable?: string[];
  acceptRuleApprovals?: boolean;
  delivery?: "callback" | "poll";
  escalateAfter?: string;
  escalateTo?: object;
  propose?: string;
  limits?: { executionsPerHour: number };
}

export interface SimGating {
  rules: SimRule[];
  /** The automation action behind `failover` and `alias`. */
  actionId: string;
  defaultReplicas: number | null;
}

/** The runbooks of each gated service, by the name that proposers use. */
export const RUNBOOKS = ["failover", "alias", "drain", "workflow", "handover"] as const;

/** As the gating says it; the judge reads its own words from the same facts. */
export function targetOf(gating: SimGating, runbook: string): string {
  switch (runbook) {
    case "failover":
    case "alias":
      return `action:${gating.actionId}`;
    case "drain":
      return "action:01DRAIN";
    case "workflow":
      return "workflow:PWF0001";
    default:
      return "assign:PEP0002";
  }
}

export function usesField(runbook: string): boolean {
  return runbook === "failover" || runbook === "alias" || runbook === "drain";
}

/** As people write it. */
export function writtenGating({ rules, actionId, defaultReplicas }: SimGating): object {
  const max_replicas = {
    type: "integer",
    minimum: 1,
    maximum: 5,
    customField: "max_replicas",
    ...(defaultReplicas === null ? {} : { default: defaultReplicas }),
  };
  const parameters = { max_replicas, ticket: { type: "string" } };
  return {
    runbooks: {
      failover: { automationAction: actionId, parameters },
      alias: { automationAction: actionId, parameters },
      drain: { automationAction: "01DRAIN", parameters: { max_replicas } },
      workflow: { incidentWorkflow: "PWF0001" },
      handover: { reassign: { escalationPolicy: "PEP0002" } },
    },
    // `editable` names parameters that a workflow does not have: such rules stand behind one for it.
    rules,
    manualTask: { escalationPolicy: "PEP0001" },
  };
}

const parsed = new Map<string, Omit<StoredGating, "seen">>();
const MOST_PARSED = 5_000;

/** The gate's form of it, but for where it was read. Parsing takes its time, and histories repeat each other's gatings. */
export function storedGating(key: string, gating: SimGating): Omit<StoredGating, "seen"> {
  const name = `${key} ${JSON.stringify(gating)}`;
  const known = parsed.get(name);
  if (known !== undefined) {
    return known;
  }
  const service = parseServiceGating(key, writtenGating(gating));
  const stored = { key, listed: true, hash: gatingHash(service), gating: service };
  if (parsed.size >= MOST_PARSED) {
    parsed.clear();
  }
  parsed.set(name, stored);
  return stored;
}

const OTHERWISE: SimRule = { name: "otherwise", match: {}, decision: "requireApproval" };

/** The first rule that matches, as the documentation has it; where none does, somebody is asked. */
export function ruleFor(
  gating: SimGating,
  of: { runbook: string; proposer: string; event: string | null },
): SimRule {
  return (
    gating.rules.find(
      ({ match, dryRun }) =>
        dryRun !== true &&
        (match.runbook === undefined || match.runbook === of.runbook) &&
        (match.proposer === undefined || match.proposer === of.proposer) &&
        (match.event === undefined || match.event === of.event),
    ) ?? OTHERWISE
  );
}

export function msOf(duration: string): number {
  const unit = { s: 1_000, m: 60_000, h: 3_600_000 }[duration.at(-1) ?? ""] ?? 0;
  return Number(duration.slice(0, -1)) * unit;
}
