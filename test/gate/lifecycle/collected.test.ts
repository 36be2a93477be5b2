// What nobody can act on is told of in one task for several proposals.
import assert from "node:assert/strict";
import type { Known, Step } from "../../../functions/gate/lifecycle/known.ts";
import type { Collection } from "../../../functions/gate/ports/index.ts";
import { Bench, endOf, INCIDENT } from "./bench.ts";

const MINUTE_MS = 60_000;

/** Denied by the gating, and told of in this collection's task. */
function denied(collection: Collection | null): Bench {
  const bench = new Bench({ decision: "deny" });
  assert.equal(endOf(bench.save()), "suppressed deniedByPolicy");
  bench.more = knownOf(collection);
  return bench;
}

function knownOf(collection: Collection | null): Partial<Known> {
  return {
    collection,
    ...(collection === null
      ? {}
      : { task: { ok: true, value: { ...INCIDENT, id: collection.incidentId } } }),
  };
}

/** Its task is made, and PagerDuty has answered. */
function made(ref: string, bench: Bench): Bench {
  const { effect } = bench.claim();
  assert.ok(effect.kind === "createIncident");
  bench.answer(effect, { ok: true, kind: "duty", ref });
  return bench;
}

function collectOf(step: Step) {
  return step.kind === "save" ? step.options?.collect : undefined;
}

describe("a task that collects", () => {
  it("is joined where one is open, and counts one more", () => {
    const before = { generation: 1, incidentId: "PTASK01", count: 3 };
    const { next, options } = denied(before).save();
    assert.deepEqual(
      { ...options?.collect, key: "" },
      { key: "", before, next: { ...before, count: 4 } },
    );
    assert.equal(next.duties.manualTask?.ref, "PTASK01");
  });

  it("is not joined while this proposal makes its own: it would be told of in two", () => {
    const bench = denied(null);
    const { effect } = bench.claim();
    assert.ok(effect.kind === "createIncident");
    bench.more = knownOf({ generation: 1, incidentId: "PTASK01", count: 1 });
    bench.nowMs += 29_999;
    const step = bench.step();
    assert.equal(collectOf(step), undefined);
    assert.deepEqual(step, { kind: "wait", untilMs: bench.nowMs + 1, lookFailures: 0 });
  });

  it("counts its first when it is made", () => {
    const { options } = made("PTASK01", denied(null)).save();
    assert.deepEqual(options?.collect?.before, null);
    assert.deepEqual(options?.collect?.next, { generation: 1, incidentId: "PTASK01", count: 1 });
  });

  it("does not take the place of a later one that counts by then", () => {
    const bench = made("PTASK01", denied(null));
    bench.nowMs += MINUTE_MS;
    bench.more = knownOf({ generation: 2, incidentId: "PTASK02", count: 5 });
    const step = bench.save();
    assert.equal(collectOf(step), undefined);
    assert.deepEqual(step.next.handover, { kind: "collected", generation: 1, number: 0 });
  });
});
