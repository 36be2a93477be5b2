// A human's no to the same thing, and what outweighs it at the claim.
import assert from "node:assert/strict";
import { sentName } from "../../../functions/gate/proposal/sent.ts";
import { START_MS } from "../../harness/clock.ts";
import { Bench, endOf } from "./bench.ts";

const HOUR_MS = 3_600_000;

describe("a human's no that stands", () => {
  for (const [whose, atMs, untilMs] of [
    ["the no's own rule", START_MS - 24 * HOUR_MS, START_MS + HOUR_MS],
    ["this proposal's rule", START_MS - 1_000, START_MS],
  ] as const) {
    it(`by ${whose} alone lets nothing be claimed that a rule allows`, () => {
      const bench = new Bench({ decision: "allow" });
      bench.save();
      bench.no = { atMs, untilMs };
      assert.equal(endOf(bench.step()), "suppressed sameAsRejected");
    });
  }

  it("stands no more once it stands by neither rule", () => {
    const bench = new Bench({ decision: "allow" });
    bench.save();
    bench.no = { atMs: START_MS - 24 * HOUR_MS, untilMs: START_MS };
    assert.equal(bench.step().kind, "effect");
  });
});

describe("a yes to a change, after a human's no to just that", () => {
  const NO_AT_MS = START_MS + 5_000;
  /** What the request that was approved told its reader of. */
  const after = (told: (name: string) => { name: string; atMs: number }[] | undefined): string => {
    const bench = new Bench({ editable: ["max_replicas"] }).approved({
      modifiedDetails: { max_replicas: 2 },
    });
    bench.no = { atMs: NO_AT_MS, untilMs: NO_AT_MS + HOUR_MS };
    const { approval, incident, weighing } = bench.proposal;
    assert.ok(approval !== null && incident !== null && weighing !== null);
    const toldNoes = told(sentName(incident.id, weighing.runbook, { max_replicas: 2 }));
    const attempts = approval.attempts.map((attempt) => ({
      ...attempt,
      ...(toldNoes === undefined ? {} : { toldNoes }),
    }));
    bench.proposal = { ...bench.proposal, approval: { ...approval, attempts } };
    const step = bench.step();
    return endOf(step) ?? step.kind;
  };
  const REFUSED = "suppressed sameAsRejected";

  it("outweighs the no that its request told of, and one before that", () => {
    assert.equal(
      after((name) => [{ name, atMs: NO_AT_MS }]),
      "effect",
    );
    assert.equal(
      after((name) => [{ name, atMs: NO_AT_MS + 1 }]),
      "effect",
    );
  });

  it("does not where its request told of none", () => {
    assert.equal(
      after(() => undefined),
      REFUSED,
    );
    assert.equal(
      after(() => []),
      REFUSED,
    );
  });

  it("does not where its request told of an earlier no only", () => {
    assert.equal(
      after((name) => [{ name, atMs: NO_AT_MS - 1 }]),
      REFUSED,
    );
  });

  it("does not where its request told of a no to something else", () => {
    assert.equal(
      after((name) => [{ name: `${name}0`, atMs: NO_AT_MS }]),
      REFUSED,
    );
  });
});
