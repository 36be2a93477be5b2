import assert from "node:assert/strict";
import { createTurns } from "../../local/turns.ts";

const loop = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("createTurns", () => {
  let nowMs: number;
  let steps: number[];
  const port = { step: (n: number) => Promise.resolve(steps.push(n)) };

  beforeEach(() => {
    nowMs = 1_000;
    steps = [];
  });

  it("takes eight steps between two looks at what has come in, in their order", async () => {
    const behind = createTurns(() => nowMs).behind(port);
    const all = Array.from({ length: 20 }, (_, n) => behind.step(n));
    assert.deepEqual(steps, []);
    await loop();
    assert.equal(steps.length, 8);
    await Promise.all(all);
    assert.deepEqual(
      steps,
      Array.from({ length: 20 }, (_, n) => n),
    );
  });

  it("takes single steps in a storm of requests, and goes on", async () => {
    const turns = createTurns(() => nowMs);
    const behind = turns.behind(port);
    Array.from({ length: 5 }).forEach(() => turns.arrived());
    const all = Array.from({ length: 3 }, (_, n) => behind.step(n));
    await loop();
    await loop();
    assert.deepEqual(steps, []);
    await all[0];
    assert.deepEqual(steps, [0]);
    // The storm is over.
    nowMs += 50;
    await Promise.all(all);
    assert.deepEqual(steps, [0, 1, 2]);
  });

  it("does not take a few requests for a storm", async () => {
    const turns = createTurns(() => nowMs);
    const behind = turns.behind(port);
    for (let i = 0; i < 20; i += 1) {
      turns.arrived();
      nowMs += 13;
    }
    const all = Array.from({ length: 8 }, (_, n) => behind.step(n));
    await loop();
    assert.equal(steps.length, 8);
    await Promise.all(all);
  });

  it("gives back what the port answers, and what it throws", async () => {
    const behind = createTurns().behind({
      ok: () => Promise.resolve(7),
      bad: () => Promise.reject(new Error("disk full")),
    });
    assert.equal(await behind.ok(), 7);
    await assert.rejects(behind.bad(), { message: "disk full" });
  });
});
