export interface Orchestration {
  id: string;
  name: string;
  description: string;
  team: string | null;
  integration: string;
  routingKey: string;
  createdAtMs: number;
  updatedAtMs: number;
  by: string;
}

export type OrchestrationPathType = "global" | "router" | "unrouted" | "service";

/** The rules that are kept at one place: three for an event orchestration, one for a service. */
export interface OrchestrationPath {
  /** `<type>/<orchestration or service>`. */
  id: string;
  type: OrchestrationPathType;
  owner: string;
  sets: OrchestrationSet[];
  catchAll: Record<string, unknown>;
  /** Of a service: whether its rules count. */
  active: boolean;
  updatedAtMs: number;
  by: string | null;
}

export interface OrchestrationSet {
  id: string;
  rules: ({ id: string } & Record<string, unknown>)[];
}

/** When a workflow starts, or may be started. */
export interface WorkflowTrigger {
  id: string;
  triggerType: string;
  workflow: string;
  services: string[];
  everyService: boolean;
  condition: string | null;
  /** The only team that may start it by hand. */
  team: string | null;
}
