import assert from "node:assert/strict";
import type { Queue, WorkItem } from "../../functions/gate/ports/index.ts";

/** A queue under test, and who takes from it. */
export interface QueueSubject {
  queue: Queue;
  /** What has come out of it since the last call, once so many different items did. */
  received(different: number): Promise<WorkItem[]>;
  close(): Promise<void>;
}

const unique = (items: readonly WorkItem[]): string[] =>
  [...new Set(items.map(({ kind, id }) => `${kind} ${id}`))].sort();

/** What every work queue must do: it may repeat and reorder, but what was sent comes out as it was. */
export function queueContract(name: string, open: () => Promise<QueueSubject>): void {
  describe(`${name} keeps the queue contract`, () => {
    let subject: QueueSubject;

    before(async () => {
      subject = await open();
    });
    after(() => subject.close());

    const passes = async (items: readonly WorkItem[]): Promise<void> => {
      await subject.queue.send(items);
      const sent = unique(items);
      assert.deepEqual(unique(await subject.received(sent.length)), sent);
    };

    it("passes proposals and deliveries on", () =>
      passes([
        { kind: "proposal", id: "one" },
        { kind: "delivery", id: "one" },
      ]));

    it("passes on more than fit into one call", () =>
      passes(Array.from({ length: 25 }, (_, i): WorkItem => ({ kind: "proposal", id: `p${i}` }))));

    it("passes on what was sent twice, in one call and in two", async () => {
      const item: WorkItem = { kind: "proposal", id: "twice" };
      await passes([item, item]);
      await passes([item]);
    });

    it("takes ids as they are", () =>
      passes([{ kind: "delivery", id: `body-{"a": "<b> & c", 'd': "ü🚨"}/\\` }]));

    it("takes an empty list", () => subject.queue.send([]));
  });
}
