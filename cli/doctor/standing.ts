import type { Match, Runbook, ServiceGating, Target } from "../../functions/gate/gating/index.ts";
import type { Status } from "./check.ts";
import type { GatedService } from "./subject.ts";

/**
 * What gating says about something that PagerDuty can run. `held`: a rule may ask for an approval or deny it. `free`:
 * the gating lets it run whatever the incident. `unlisted`: no runbook runs it.
 */
export type Standing = "held" | "free" | "unlisted";

export type Runnable = { kind: "action"; id: string } | { kind: "workflow"; id: string };

export function standingOf(runnable: Runnable, services: readonly GatedService[]): Standing {
  let standing: Standing = "unlisted";
  for (const { gating } of services) {
    for (const runbook of Object.values(gating.runbooks)) {
      if (runs(runbook.target, runnable)) {
        if (isHeld(gating, runbook)) {
          return "held";
        }
        standing = "free";
      }
    }
  }
  return standing;
}

/** How bad it is that something can be run without the gate. */
export function severity(standing: Standing): Status {
  return { held: "fail", free: "ok", unlisted: "warn" }[standing] as Status;
}

export function standingText(standing: Standing): string {
  return {
    held: "which the gating holds",
    free: "which the gating always allows",
    unlisted: "which is in no runbook",
  }[standing];
}

function runs(target: Target, { kind, id }: Runnable): boolean {
  return kind === "action"
    ? target.kind === "automationAction" && target.actionId === id
    : target.kind === "incidentWorkflow" && target.workflowId === id;
}

function isHeld(gating: ServiceGating, { name, action }: Runbook): boolean {
  const { otherwise } = gating;
  // What a dry run would hold is not held.
  const rules = gating.rules.filter(({ dryRun }) => dryRun !== true);
  const isProposed = rules.some(({ propose }) => propose === name);
  for (const { match, decision } of rules) {
    // An event leads to nothing but what rules propose for events.
    if (match.event !== null && !isProposed) {
      continue;
    }
    if (includes(match.runbook, name) && includes(match.action, action)) {
      if (decision !== "allow") {
        return true;
      }
      if (isUnconditional(match)) {
        return false;
      }
    }
  }
  return otherwise !== "allow";
}

function includes(wanted: readonly string[] | null, value: string): boolean {
  return wanted === null || wanted.includes(value);
}

/** Nothing besides runbook and action is asked for. */
function isUnconditional({ runbook: _runbook, action: _action, ...others }: Match): boolean {
  return Object.values(others).every((one) => one === null);
}
