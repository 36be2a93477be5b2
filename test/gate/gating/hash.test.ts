import assert from "node:assert/strict";
import fc from "fast-check";
import {
  findRunbook,
  gatingHash,
  parseServiceGating,
} from "../../../functions/gate/gating/index.ts";
import type { ServiceGatingInput } from "../../../functions/gate/gating/index.ts";
import { runbooks } from "./check/problemsOf.ts";

const input = {
  otherwise: "deny",
  runbooks,
  manualTask: { urgency: "high", users: ["PUSER01"] },
  rules: [
    { name: "a", decision: "allow", match: { runbook: "page", priority: ["P2", "P3"] } },
    {
      name: "b",
      decision: "requireApproval",
      sla: "5m",
      limits: { openProposals: 5, executionsPerHour: 3 },
    },
  ],
} satisfies ServiceGatingInput & Record<string, unknown>;

describe("gatingHash", () => {
  it("does not depend on the order of keys", () => {
    const expected = gatingHash(parseServiceGating("db", input));
    assert.match(expected, /^sha256:[0-9a-f]{64}$/);
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat(1000)), (order) => {
        const reordered = parseServiceGating("db", shuffled(input, order));
        assert.equal(gatingHash(reordered), expected);
        assert.deepEqual(reordered, parseServiceGating("db", input));
      }),
    );
  });

  it("does not depend on how a value is written, or on defaults that are spelled out", () => {
    const rule = { name: "a", decision: "deny" };
    const hashOf = (fields: object) =>
      gatingHash(parseServiceGating("db", { runbooks, rules: [{ ...rule, ...fields }] }));
    assert.equal(
      hashOf({ sla: "15m", match: { priority: ["P1"] } }),
      hashOf({ match: { priority: "P1" } }),
    );
    assert.equal(hashOf({ coolDown: "90m" }), hashOf({ coolDown: "1h30m" }));
  });

  it("depends on the order of rules and on every value", () => {
    const [first, second] = input.rules;
    const changed: Record<string, unknown>[] = [
      { ...input, otherwise: "allow" },
      { ...input, manualTask: {} },
      { ...input, rules: [first, { ...second, sla: "6m" }] },
      { ...input, rules: [{ ...second, match: { runbook: "restart" } }, first] },
      { ...input, rules: [first, { ...second, match: { runbook: "restart" } }] },
      { ...input, runbooks: { ...runbooks, page: { escalate: { level: 3 } } } },
    ];
    const hashes = [input, ...changed].map((each) => gatingHash(parseServiceGating("db", each)));
    assert.equal(new Set(hashes).size, hashes.length);
  });

  it("stays the same from release to release, because proposals carry it", () => {
    assert.equal(
      gatingHash(parseServiceGating("db", {})),
      "sha256:32ec253ded5fe00851b85ad42ea309225a94a8cd48ab1ee94de9a892e9a77a3d",
    );
  });
});

describe("findRunbook", () => {
  it("finds a runbook by name, and nothing that every object has", () => {
    const gating = parseServiceGating("db", { runbooks });
    assert.equal(findRunbook(gating, "page")?.action, "escalate_incident");
    for (const name of ["constructor", "__proto__", "toString", "", "Page"]) {
      assert.equal(findRunbook(gating, name), null);
    }
  });
});

/** The same value with the keys of every object in another order. */
function shuffled(value: unknown, order: Iterator<number>): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => shuffled(item, order));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map((entry) => ({ entry, rank: Number(order.next().value) }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ entry: [key, member] }) => [key, shuffled(member, order)]),
  );
}
