import type { WorkItem } from "../gate/ports/index.ts";
import { deliver } from "./deliveries.ts";
import type { WorkerPorts } from "./ports.ts";
import { visit } from "./visit.ts";

/** The only one that moves a proposal on. */
export interface Worker {
  /** Looks at one item; throws when a store cannot be reached, and the item is looked at again later. */
  handle(item: WorkItem): Promise<void>;
}

export function createWorker(ports: WorkerPorts): Worker {
  return {
    handle: (item) => (item.kind === "delivery" ? deliver(ports, item.id) : visit(ports, item.id)),
  };
}
