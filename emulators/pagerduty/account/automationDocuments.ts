import type { Target } from "./directoryDocuments.ts";

type Outcome = "completed" | "error" | "aborted" | "stuck" | "unknown";

export interface AutomationAction {
  id: string;
  name: string;
  description: string;
  actionType: string;
  classification: string | null;
  data: Record<string, unknown>;
  runner: string | null;
  services: string[];
  teams: string[];
  onlyOnUnresolved: boolean;
  createdAtMs: number;
  modifiedAtMs: number;
  lastRunAtMs: number | null;
  lastRunBy: Target | null;
  /** How its invocations end; `stuck` stands for a runner that is offline, `unknown` for states that cannot be read. */
  outcome: Outcome;
  rest: Record<string, unknown>;
}

export interface Invocation {
  id: string;
  action: string;
  incident: string;
  alert: string | null;
  snapshot: Record<string, unknown>;
  runner: string | null;
  state: string;
  timing: { atMs: number; state: string }[];
  agent: Target;
  /** What a runbook that reads the incident's custom fields found when it began, by the fields' names; absent: it has not begun. */
  fieldsFound?: Record<string, unknown>;
}

export interface Workflow {
  id: string;
  name: string;
  description: string;
  enabled: boolean;
  team: string | null;
  steps: unknown[];
  createdAtMs: number;
}

export interface WorkflowInstance {
  id: string;
  workflow: string;
  incident: string;
  startedAtMs: number;
  completedAtMs: number | null;
}
