/** What the worker is told: look at this one. */
export interface WorkItem {
  kind: "proposal" | "delivery";
  id: string;
}

export interface SendOptions {
  /** Not before so much time is over. A queue whose sweep comes more often may leave it to that. */
  afterMs?: number;
}

export interface Queue {
  /** May lose, repeat or reorder: the ledger's due times heal it. */
  send(items: readonly WorkItem[], how?: SendOptions): Promise<void>;
}
