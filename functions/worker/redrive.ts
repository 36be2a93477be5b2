import { readWorkItem } from "../aws/sqsQueue.ts";
import type { Ledger, Queue, WorkItem } from "../gate/ports/index.ts";

/** A queue of messages that were tried too often. A message that was taken comes back unless it is removed. */
export interface DeadLetters {
  /** Some of those that are there; none: no more come now. */
  take(): Promise<readonly DeadLetter[]>;
  remove(letter: DeadLetter): Promise<void>;
  /** Lets it be taken again at once: whoever only looked must not keep it from who acts. */
  giveBack(letter: DeadLetter): Promise<void>;
}

export interface DeadLetter {
  /** The same whenever the message is taken. */
  id: string;
  receipt: string;
  body: string;
}

/** What becomes of a dead letter. */
export type Fate =
  /** Put back into the work queue. */
  | "queued"
  /** What it is about has ended: nothing is to be done any more. */
  | "done"
  /** No message of this gate, or about something that its ledger does not know: it stays where it is. */
  | "left";

export interface Redriven {
  id: string;
  /** Null: the message is none of the gate's. */
  item: WorkItem | null;
  fate: Fate;
}

/**
 * Takes up dead letters again. Nothing is done twice by it: a message only says what to look at, what is done follows
 * from the ledger, and every effect is claimed there before it is done. So it is queued first and removed after; who is
 * cut off in between has it looked at once more. With `dryRun` nothing is queued and nothing removed.
 */
export async function redrive(
  {
    deadLetters,
    ledger,
    queue,
  }: {
    deadLetters: DeadLetters;
    ledger: Pick<Ledger, "get" | "getDelivery">;
    queue: Queue;
  },
  { dryRun }: { dryRun: boolean },
): Promise<Redriven[]> {
  const found = new Map<string, Redriven>();
  const kept = new Map<string, DeadLetter>();
  for (;;) {
    const letters = await deadLetters.take();
    // What is left in its place comes round again; then all have been seen.
    const fresh = letters.filter(({ id }) => !found.has(id));
    for (const letter of letters) {
      kept.set(letter.id, letter);
    }
    if (fresh.length === 0) {
      await Promise.all([...kept.values()].map((letter) => deadLetters.giveBack(letter)));
      return [...found.values()];
    }
    for (const letter of fresh) {
      const item = readWorkItem(letter.body);
      const fate = item === null ? "left" : await fateOf(ledger, item);
      if (!dryRun && fate !== "left") {
        if (fate === "queued" && item !== null) {
          await queue.send([item]);
        }
        await deadLetters.remove(letter);
        kept.delete(letter.id);
      }
      found.set(letter.id, { id: letter.id, item, fate });
    }
  }
}

async function fateOf(
  ledger: Pick<Ledger, "get" | "getDelivery">,
  { kind, id }: WorkItem,
): Promise<Fate> {
  if (kind === "delivery") {
    const delivery = await ledger.getDelivery(id);
    return delivery === null ? "left" : delivery.state === "new" ? "queued" : "done";
  }
  const loaded = await ledger.get(id);
  if (loaded === null) {
    return "left";
  }
  const { proposal, hints } = loaded;
  const isAtRest = proposal.closedAtMs !== null && proposal.dueAtMs === null && hints.length === 0;
  return isAtRest ? "done" : "queued";
}
