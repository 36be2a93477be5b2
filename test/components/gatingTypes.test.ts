// What programs see of the gating (`components/gatingTypes.ts`) against what the gate reads. That both are equal is checked
// by the compiler (`npm run types`); the first test only shows that the comparison sees a difference.
import assert from "node:assert/strict";
import type * as pulumi from "@pulumi/pulumi";
import type { Gating, GatingRule, GatingService } from "../../components/index.ts";
import type { GatingInput, ServiceGatingInput } from "../../functions/gate/gating/index.ts";
import { gatingObjects } from "../../scripts/gatingModel.ts";

/** What is left of a type when nothing in it has to be waited for. */
type Plain<T> =
  T extends pulumi.OutputInstance<infer U>
    ? Plain<U>
    : T extends Promise<infer U>
      ? Plain<U>
      : T extends (infer U)[]
        ? Plain<U>[]
        : T extends object
          ? { [K in keyof T]: Plain<T[K]> }
          : T;
type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

const services: Equal<Plain<GatingService>, Plain<ServiceGatingInput>> = true;
const all: Equal<Plain<Gating>, Plain<GatingInput>> = true;
const rules: Equal<Plain<GatingRule>, Plain<Omit<GatingRule, "sla"> & { sla?: number }>> = false;

describe("types of the gating", () => {
  it("are those of the schema", () => {
    assert.deepEqual([services, all, rules], [true, true, false]);
  });

  it("say of every field what it means, and of durations and numbers how they are written", () => {
    const described = gatingObjects().flatMap(({ name, fields }) =>
      fields.map((field): [string, string] => [`${name}.${field.name}`, field.description]),
    );
    assert.ok(described.length > 50);
    assert.deepEqual(
      described.filter(([, description]) => !/^.{10,}\.$/.test(description)),
      [],
    );
    const of = new Map(described);
    assert.equal(
      of.get("GatingRule.sla"),
      'How long to wait for a decision, from receipt: 1m to 7d. Written as "5m" or "1h30m". Default: "15m".',
    );
    assert.equal(
      of.get("GatingRule.risk"),
      "Risk score sent to Cheqpoint. From 0 to 1. Default: 0.5.",
    );
    assert.equal(
      of.get("GatingWindow.to"),
      'When it ends; on the next day if not later than `from`. Default: "24:00".',
    );
  });
});
