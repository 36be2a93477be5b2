import assert from "node:assert/strict";
import { RemoteError } from "../functions/gate/ports/index.ts";
import { createTraffic } from "../functions/traffic.ts";
import type { TrafficOptions } from "../functions/traffic.ts";
import { TestClock } from "./contract/proposals.ts";

const SILENCE = { nothingDone: true, retryable: true, silent: true };

describe("createTraffic", () => {
  let clock: TestClock;
  let waited: number[];
  let called: number;

  beforeEach(() => {
    clock = new TestClock();
    waited = [];
    called = 0;
  });

  const traffic = (more: Partial<TrafficOptions> = {}) =>
    createTraffic({
      name: "Cheqpoint",
      clock,
      wait: (ms) => {
        waited.push(ms);
        clock.advance(ms);
        return Promise.resolve();
      },
      ...more,
    });
  const answered = (): Promise<string> => {
    called += 1;
    return Promise.resolve("answer");
  };
  const silent = (): Promise<never> => {
    called += 1;
    return Promise.reject(new RemoteError("Cheqpoint did not answer", SILENCE));
  };
  const refused = (): Promise<never> => {
    called += 1;
    return Promise.reject(
      new RemoteError("Cheqpoint answered 503", {
        nothingDone: true,
        retryable: true,
        status: 503,
      }),
    );
  };
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  const NOT_CALLED = {
    name: "RemoteError",
    message: "Cheqpoint has not answered the last 3 calls, so it was not called",
    nothingDone: true,
    retryable: true,
    silent: false,
  };

  describe("while the other side does not answer", () => {
    const awayAfterThree = async () => {
      const way = traffic();
      for (let i = 0; i < 3; i += 1) {
        await assert.rejects(way.pass(silent), { message: "Cheqpoint did not answer" });
      }
      return way;
    };

    it("refuses at once what comes after three calls that nobody answered, and sends nothing", async () => {
      const way = await awayAfterThree();
      await assert.rejects(way.pass(answered), NOT_CALLED);
      await assert.rejects(way.pass(answered, true), NOT_CALLED);
      assert.equal(called, 3);
    });

    it("lets one call through every five seconds, and all as soon as one is answered", async () => {
      const way = await awayAfterThree();
      clock.advance(5_000);
      const probe = Promise.withResolvers<string>();
      const probing = way.pass(() => probe.promise);
      await assert.rejects(way.pass(answered), NOT_CALLED);
      probe.reject(new RemoteError("Cheqpoint did not answer", SILENCE));
      await assert.rejects(probing, { message: "Cheqpoint did not answer" });
      clock.advance(4_999);
      await assert.rejects(way.pass(answered), { message: /the last 4 calls/ });
      clock.advance(1);
      assert.equal(await way.pass(answered), "answer");
      assert.equal(await way.pass(answered), "answer");
    });

    it("goes on after a probe that ended without telling anything of the other side", async () => {
      const way = await awayAfterThree();
      clock.advance(5_000);
      const unreadable = new RemoteError("the key could not be read", {
        nothingDone: true,
        retryable: true,
      });
      await assert.rejects(
        way.pass(() => Promise.reject(unreadable)),
        unreadable,
      );
      assert.equal(await way.pass(answered), "answer");
    });

    it("does not wait longer because the clock was put back", async () => {
      const way = await awayAfterThree();
      clock.advance(-3_600_000);
      assert.equal(await way.pass(answered), "answer");
    });

    it("refuses those who wait for their turn too, instead of letting them find out one by one", async () => {
      const way = traffic({ atOnce: 3 });
      const hanging = Array.from({ length: 3 }, () => Promise.withResolvers<string>());
      const calls = hanging.map(({ promise }) => way.pass(() => promise));
      const waiting = Array.from({ length: 100 }, () => way.pass(answered));
      const all = Promise.allSettled([...calls, ...waiting]);
      hanging.forEach(({ reject }) => reject(new RemoteError("Cheqpoint did not answer", SILENCE)));
      const refusals = (await all).slice(3).filter(({ status }) => status === "rejected");
      // Those whose turn came between the first time-out and the third may have called.
      assert.ok(refusals.length >= 98, `${refusals.length}`);
    });
  });

  describe("for a process that is held up until the last of its calls has ended", () => {
    /** Calls that end when they are given up, or as they are told. */
    const underWay = (way: ReturnType<typeof createTraffic>) => {
      const end = Promise.withResolvers<string>();
      let isGivenUp = false;
      const ended = way.pass((givenUp) => {
        called += 1;
        givenUp.addEventListener("abort", () => {
          isGivenUp = true;
          end.reject(new RemoteError("Cheqpoint did not answer", SILENCE));
        });
        return end.promise;
      });
      ended.catch(() => undefined);
      return { ended, end, isGivenUp: () => isGivenUp };
    };
    const ONE_NOT_CALLED = {
      ...NOT_CALLED,
      message: "Cheqpoint has not answered the last call, so it was not called",
    };

    it("gives up with the first call that nobody answers all that are under way, and calls nobody for five seconds", async () => {
      const way = traffic({ oneForAll: true });
      const others = [underWay(way), underWay(way)];
      await turn();
      await assert.rejects(way.pass(silent), { message: "Cheqpoint did not answer" });
      for (const { ended, isGivenUp } of others) {
        await assert.rejects(ended, { message: "Cheqpoint did not answer" });
        assert.ok(isGivenUp());
      }
      assert.equal(called, 3);
      clock.advance(4_999);
      await assert.rejects(way.pass(answered), ONE_NOT_CALLED);
      clock.advance(1);
      assert.equal(await way.pass(answered), "answer");
      assert.equal(await way.pass(answered), "answer");
    });

    it("is not told by an answer to what was under way that the other side is back", async () => {
      const way = traffic({ oneForAll: true });
      const late = Promise.withResolvers<string>();
      const answeredLate = way.pass(() => late.promise);
      await turn();
      await assert.rejects(way.pass(silent), { message: "Cheqpoint did not answer" });
      late.resolve("answer");
      assert.equal(await answeredLate, "answer");
      await assert.rejects(way.pass(answered), ONE_NOT_CALLED);
    });

    it("gives up nobody otherwise", async () => {
      const way = traffic();
      const other = underWay(way);
      await turn();
      for (let i = 0; i < 3; i += 1) {
        await assert.rejects(way.pass(silent), { message: "Cheqpoint did not answer" });
      }
      assert.ok(!other.isGivenUp());
      other.end.resolve("answer");
      assert.equal(await other.ended, "answer");
    });
  });

  it("takes an answer that refuses for an answer", async () => {
    const way = traffic();
    for (let i = 0; i < 10; i += 1) {
      await assert.rejects(way.pass(refused), { status: 503 });
    }
    for (const call of [silent, silent, refused, silent, silent, answered]) {
      await way.pass<unknown>(call).catch(() => undefined);
    }
    assert.equal(called, 16);
  });

  it("lets so many call at once, and of the others the urgent ones first", async () => {
    const way = traffic({ atOnce: 2 });
    const order: string[] = [];
    const ends = new Map<string, () => void>();
    const call = (name: string, isUrgent: boolean) =>
      way.pass(() => {
        order.push(name);
        return new Promise<void>((resolve) => ends.set(name, resolve));
      }, isUrgent);
    const all = [call("a", false), call("b", false), call("c", false), call("run", true)];
    await turn();
    assert.deepEqual(order, ["a", "b"]);
    for (const [end, next] of [
      ["a", "run"],
      ["b", "c"],
    ] as const) {
      ends.get(end)?.();
      await turn();
      assert.equal(order.at(-1), next);
    }
    ends.get("run")?.();
    ends.get("c")?.();
    await Promise.all(all);
  });

  describe("with a number of calls in a minute", () => {
    it("never makes more in any minute", async () => {
      const way = traffic({ perMinute: 60 });
      const madeAtMs: number[] = [];
      for (let i = 0; i < 200; i += 1) {
        await way.pass(() => Promise.resolve(madeAtMs.push(clock.now())), true);
      }
      for (const fromMs of madeAtMs) {
        const inMinute = madeAtMs.filter((atMs) => atMs >= fromMs && atMs < fromMs + 60_000);
        assert.ok(inMinute.length <= 60, `${inMinute.length}`);
      }
    });

    it("keeps back a part for what is urgent, and lets nobody wait for more than five seconds", async () => {
      const way = traffic({ perMinute: 20 });
      for (let i = 0; i < 8; i += 1) {
        await way.pass(answered);
      }
      await assert.rejects(way.pass(answered), {
        message: "too many calls to Cheqpoint in this minute, so it was not called",
        nothingDone: true,
        retryAfterMs: 6_000,
      });
      await way.pass(answered, true);
      await way.pass(answered, true);
      assert.deepEqual(waited, []);
      assert.equal(called, 10);
    });
  });
});
