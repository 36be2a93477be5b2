import assert from "node:assert/strict";
import type { Log, LogFields, WorkItem } from "../../functions/gate/ports/index.ts";
import { createLocalQueue } from "../../local/queue.ts";
import type { LocalQueueOptions } from "../../local/queue.ts";
import { START_MS } from "../contract/proposals.ts";

const proposal = (id: string): WorkItem => ({ kind: "proposal", id });

/** A queue under test, whose handler ends an item when it is told to. */
function underTest(options: Partial<LocalQueueOptions> = {}) {
  const begun: string[] = [];
  const ends = new Map<string, { resolve(): void; reject(error: Error): void }>();
  const logged: [string, LogFields | undefined][] = [];
  const log: Log = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: (message, fields) => logged.push([message, fields]),
  };
  const queue = createLocalQueue({
    handle: ({ kind, id }) => {
      begun.push(`${kind} ${id}`);
      return new Promise((resolve, reject) => ends.set(id, { resolve, reject }));
    },
    ledger: { due: async () => [] },
    clock: { now: () => START_MS },
    log,
    sweepEveryMs: null,
    ...options,
  });
  const end = (id: string) => ends.get(id)?.resolve();
  const fail = (id: string, message: string) => ends.get(id)?.reject(new Error(message));
  return { queue, begun, end, fail, logged };
}

/** Lets everything that is ready run. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("createLocalQueue", () => {
  it("handles what was sent before it started, and after", async () => {
    const { queue, begun } = underTest();
    await queue.send([proposal("a"), { kind: "delivery", id: "a" }]);
    assert.deepEqual(begun, []);
    queue.start();
    await queue.send([proposal("b")]);
    assert.deepEqual(begun, ["proposal a", "delivery a", "proposal b"]);
  });

  it("holds equal waiting items once", async () => {
    const { queue, begun, end } = underTest({ concurrency: 1 });
    queue.start();
    await queue.send([proposal("first"), proposal("a"), proposal("a")]);
    await queue.send([proposal("a"), proposal("b")]);
    end("first");
    await turn();
    end("a");
    await turn();
    end("b");
    await queue.idle();
    assert.deepEqual(begun, ["proposal first", "proposal a", "proposal b"]);
  });

  it("never runs one item twice at once, but looks again at what was sent meanwhile", async () => {
    const { queue, begun, end } = underTest();
    queue.start();
    await queue.send([proposal("a")]);
    await queue.send([proposal("a")]);
    await queue.send([proposal("a")]);
    await turn();
    assert.deepEqual(begun, ["proposal a"]);
    end("a");
    await turn();
    assert.deepEqual(begun, ["proposal a", "proposal a"]);
    end("a");
    await queue.idle();
    assert.deepEqual(begun, ["proposal a", "proposal a"]);
  });

  it("runs up to `concurrency` items at once, 1,024 unless told", async () => {
    const items = Array.from({ length: 1_100 }, (_, i) => proposal(`${i}`));
    for (const [options, expected] of [
      [{ concurrency: 3 }, 3],
      [{}, 1_024],
    ] as const) {
      const { queue, begun, end } = underTest(options);
      queue.start();
      await queue.send(items);
      await turn();
      assert.equal(begun.length, expected);
      end("0");
      await turn();
      assert.equal(begun.length, expected + 1);
    }
  });

  it("refuses a concurrency that would never work", () => {
    assert.throws(() => underTest({ concurrency: 0 }), {
      message: "`concurrency` must be a whole number from 1, got 0",
    });
  });

  it("logs what a handler throws and goes on", async () => {
    const { queue, begun, end, fail, logged } = underTest({ concurrency: 1 });
    queue.start();
    await queue.send([proposal("a"), proposal("b")]);
    fail("a", "PagerDuty is away");
    await turn();
    end("b");
    await queue.idle();
    assert.deepEqual(begun, ["proposal a", "proposal b"]);
    const fields = { kind: "proposal", id: "a", problem: "PagerDuty is away" };
    assert.deepEqual(logged, [["work item failed", fields]]);
  });

  it("goes on when a handler throws at once instead of rejecting", async () => {
    const handled: string[] = [];
    const { queue, logged } = underTest({
      handle: ({ id }) => {
        handled.push(id);
        throw new Error(`no ${id}`);
      },
    });
    queue.start();
    await queue.send([proposal("a"), proposal("b")]);
    await queue.idle();
    assert.deepEqual(handled, ["a", "b"]);
    assert.equal(logged.length, 2);
  });

  describe("sweep", () => {
    it("queues what the ledger calls due at that time", async () => {
      const asked: number[] = [];
      const { queue, begun } = underTest({
        ledger: {
          due: async (nowMs) => {
            asked.push(nowMs);
            return [proposal("a"), { kind: "delivery", id: "b" }];
          },
        },
      });
      queue.start();
      await queue.sweep();
      assert.deepEqual(begun, ["proposal a", "delivery b"]);
      assert.deepEqual(asked, [START_MS]);
    });

    it("comes to what is due behind very much that stays due", async () => {
      const failing = Array.from({ length: 5_000 }, (_, i) => proposal(`failing-${i}`));
      const { queue, begun } = underTest({
        ledger: { due: async (_nowMs, limit) => [...failing, proposal("last")].slice(0, limit) },
        concurrency: 6_000,
      });
      queue.start();
      await queue.sweep();
      assert.ok(begun.includes("proposal last"));
    });

    it("leaves alone what runs, and finds it again later", async () => {
      const { queue, begun, fail } = underTest({ ledger: { due: async () => [proposal("a")] } });
      queue.start();
      await queue.sweep();
      await queue.sweep();
      fail("a", "not this time");
      await queue.idle();
      assert.deepEqual(begun, ["proposal a"]);
      await queue.sweep();
      assert.deepEqual(begun, ["proposal a", "proposal a"]);
    });

    it("asks once at a time", async () => {
      let asked = 0;
      let answer = (_items: WorkItem[]) => {};
      const { queue } = underTest({
        ledger: {
          due: () => {
            asked += 1;
            return new Promise((resolve) => (answer = resolve));
          },
        },
      });
      queue.start();
      const both = [queue.sweep(), queue.sweep()];
      assert.equal(asked, 1);
      answer([]);
      await Promise.all(both);
      const third = queue.sweep();
      assert.equal(asked, 2);
      answer([]);
      await third;
    });

    it("logs a ledger that cannot be reached, and does not throw", async () => {
      const due = () => Promise.reject(new Error("disk full"));
      const { queue, logged } = underTest({ ledger: { due } });
      await queue.sweep();
      assert.deepEqual(logged, [["sweep failed", { problem: "disk full" }]]);
    });

    it("happens at the start and then by itself", async () => {
      let asked = 0;
      let thrice = () => {};
      const askedThrice = new Promise<void>((resolve) => (thrice = resolve));
      const due = async () => {
        asked += 1;
        if (asked === 3) {
          thrice();
        }
        return [];
      };
      const { queue } = underTest({ ledger: { due }, sweepEveryMs: 1 });
      queue.start();
      await askedThrice;
      await queue.stop();
    });
  });

  describe("stop", () => {
    it("lets what runs end, and begins nothing more", async () => {
      const { queue, begun, end } = underTest({ concurrency: 1 });
      queue.start();
      await queue.send([proposal("a"), proposal("b")]);
      let stopped = false;
      const stopping = queue.stop().then(() => (stopped = true));
      await turn();
      assert.equal(stopped, false);
      end("a");
      await stopping;
      await queue.send([proposal("c")]);
      queue.start();
      await turn();
      assert.deepEqual(begun, ["proposal a"]);
    });

    it("with `drain` works off what waits first", async () => {
      const { queue, begun, end } = underTest({ concurrency: 1 });
      queue.start();
      await queue.send([proposal("a"), proposal("b")]);
      const stopping = queue.stop({ drain: true });
      await turn();
      await queue.send([proposal("too late")]);
      end("a");
      await turn();
      end("b");
      await stopping;
      assert.deepEqual(begun, ["proposal a", "proposal b"]);
    });

    it("of a queue that never started ends at once", async () => {
      const { queue, begun } = underTest();
      await queue.send([proposal("a")]);
      await queue.stop({ drain: true });
      await queue.idle();
      assert.deepEqual(begun, []);
    });
  });
});
