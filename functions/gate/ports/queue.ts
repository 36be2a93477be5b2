/** What the worker is told: look at this one. */
export interface WorkItem {
  kind: "proposal" | "delivery";
  id: string;
}

export interface Queue {
  /** May lose, repeat or reorder: the ledger's due times heal it. */
  send(items: readonly WorkItem[]): Promise<void>;
}
