import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { parse } from "yaml";
import { z } from "zod";
import {
  casesJsonSchema,
  evaluate,
  gatingJsonSchema,
  parseGating,
  stackJsonSchema,
} from "../../../../functions/gate/gating/index.ts";
import type { Gating } from "../../../../functions/gate/gating/index.ts";
import { schemaFiles, staleSchemaFiles } from "../../../../scripts/gatingSchema.ts";
import { subject } from "../subjects.ts";

function read(file: string): string {
  return readFileSync(new URL(`../../../../${file}`, import.meta.url), "utf8");
}

const stackConfig = z.object({
  config: z.object({
    "pagerduty-approval-gate:services": z.unknown(),
    "pagerduty-approval-gate:defaults": z.unknown().optional(),
  }),
});

/** What the stack file says, as it is written. */
function written(stack: string): { services: unknown; defaults: unknown } {
  const { config } = stackConfig.parse(parse(read(`Pulumi.${stack}.yaml`)));
  return {
    services: config["pagerduty-approval-gate:services"],
    defaults: config["pagerduty-approval-gate:defaults"],
  };
}

function gatingOf(stack: string): Gating {
  return parseGating(written(stack));
}

describe("JSON Schema of the gating", () => {
  it("is committed as it is generated (run node scripts/gatingSchema.ts)", () => {
    assert.deepEqual(staleSchemaFiles(), []);
    assert.deepEqual(
      [...schemaFiles.keys()],
      [
        "gating.schema.json",
        "gating.test.schema.json",
        "stack.schema.json",
        "components/gatingTypes.ts",
      ],
    );
  });

  it("tells a description for every field, and the default where there is one", () => {
    const missing: string[] = [];
    for (const schema of [gatingJsonSchema(), casesJsonSchema()]) {
      walk(schema, "", (path, field) => {
        if (typeof field["description"] !== "string") missing.push(path);
      });
    }
    assert.deepEqual(missing, []);
  });

  it("accepts and refuses as the reader does, as far as a schema can", () => {
    const validate = new Ajv({ allowUnionTypes: true }).compile(gatingJsonSchema());
    const rule = { name: "a", decision: "deny" };
    for (const [input, isRight] of [
      [{ services: { db: { rules: [rule] } } }, true],
      [{ services: { db: { rules: [{ ...rule, match: { priority: ["P1", "P2"] } }] } } }, true],
      [{ services: { db: { rules: [{ ...rule, match: { priority: 1 } }] } } }, false],
      [
        { services: { db: { rules: [{ ...rule, match: { event: "incident.triggered" } }] } } },
        true,
      ],
      [{ services: { db: { rules: [{ ...rule, match: { event: "custom:incident.x" } }] } } }, true],
      [
        { services: { db: { rules: [{ ...rule, match: { event: "incident.trigered" } }] } } },
        false,
      ],
      [{ services: { db: { runbooks: { "a b": { automationAction: "01A" } } } } }, false],
      [{ services: { db: { rulez: [rule] } } }, false],
      [{ services: { db: { rules: [{ ...rule, sla: "5 minutes" }] } } }, false],
      [{ services: { db: { rules: [{ ...rule, risk: 2 }] } } }, false],
      [{ services: { db: { rules: [{ name: "a" }] } } }, false],
      [{ services: { db: { runbooks: { r: { automationAction: "01A" } } } } }, true],
      [{ services: { db: { runbooks: { r: {} } } } }, false],
      [
        {
          services: {
            db: { runbooks: { r: { automationAction: "01A", escalate: { level: 1 } } } },
          },
        },
        false,
      ],
    ] as const) {
      assert.equal(validate(input), isRight, JSON.stringify(input));
    }
  });

  it("is what a stack file's schema points to", () => {
    assert.deepEqual(stackJsonSchema("gating.schema.json")["properties"], {
      config: {
        type: "object",
        properties: {
          "pagerduty-approval-gate:services": { $ref: "gating.schema.json#/properties/services" },
          "pagerduty-approval-gate:defaults": { $ref: "gating.schema.json#/properties/defaults" },
        },
      },
    });
  });
});

describe("example stacks", () => {
  for (const stack of ["dev", "prod"]) {
    it(`${stack} is accepted by the reader and by the schema that its first line names`, () => {
      assert.equal(
        read(`Pulumi.${stack}.yaml`).split("\n")[0],
        "# yaml-language-server: $schema=./stack.schema.json",
      );
      const ajv = new Ajv({
        allowUnionTypes: true,
        schemas: { "gating.schema.json": gatingJsonSchema() },
      });
      const validate = ajv.compile(stackJsonSchema("gating.schema.json"));
      const file: unknown = parse(read(`Pulumi.${stack}.yaml`));
      assert(validate(file), ajv.errorsText(validate.errors));
      assert(Object.keys(gatingOf(stack).services).length > 0);
    });
  }

  const LOW_RISK = ["diagnostics", "hand_to_dba", "page_level_2"];
  const failover = {
    runbook: "db_failover_primary_to_replica",
    action: "run_auto_remediation_runbook",
  };

  it("dev holds the failover of a P1 for five minutes and pages the DBA leads after two", () => {
    const db = gatingOf("dev").services["payments-db"];
    assert(db !== undefined);
    const { rule, decision, terms } = evaluate(db, subject(failover));
    assert.equal(rule, "p1-failover");
    assert.equal(decision, "requireApproval");
    assert.equal(terms.slaMs, 300_000);
    assert.equal(terms.escalateAfterMs, 120_000);
    assert.deepEqual(terms.escalateTo, { users: [], escalationPolicy: "PEP0002" });
    assert.deepEqual(terms.editable, ["max_replicas"]);
  });

  it("dev gates the high-risk actions of one service only, and lets the others run", () => {
    const { services, defaults } = gatingOf("dev");
    assert.deepEqual(Object.keys(services), ["payments-db"]);
    assert.equal(defaults.events, "ignore");
    const [db] = Object.values(services);
    assert(db !== undefined);
    for (const { name, decision, risk } of db.rules) {
      assert.equal(decision, risk >= 0.8 ? "requireApproval" : "allow", name);
    }
    // What is proposed for each runbook, whatever the incident: none is left to `otherwise`.
    for (const [runbook, { action }] of Object.entries(db.runbooks)) {
      for (const priority of ["P1", "P5", null]) {
        const { rule, decision, terms } = evaluate(db, subject({ runbook, action, priority }));
        assert(rule !== null, runbook);
        assert.equal(decision, LOW_RISK.includes(runbook) ? "allow" : "requireApproval", runbook);
        assert(decision === "allow" || terms.risk >= 0.8, runbook);
      }
    }
    const restart = evaluate(
      db,
      subject({ runbook: "restart_primary", action: "run_auto_remediation_runbook" }),
    );
    assert.equal(restart.rule, "restart");
    assert.equal(restart.terms.slaMs, 60_000);
  });

  it("prod gates several services", () => {
    assert.deepEqual(Object.keys(gatingOf("prod").services), [
      "payments-db",
      "checkout-api",
      "search",
    ]);
  });

  it("prod holds every P1 for five minutes at most, and pages somebody before", () => {
    for (const [name, gating] of Object.entries(gatingOf("prod").services)) {
      const rules = gating.rules.filter((rule) => rule.match.priority?.includes("P1"));
      assert(rules.length > 0, name);
      for (const rule of rules) {
        assert.equal(rule.decision, "requireApproval");
        assert.equal(rule.slaMs, 300_000);
        assert(rule.escalateAfterMs !== null && rule.escalateTo !== null);
      }
    }
  });

  it("prod freezes the failover at weekends, but not for a P1", () => {
    const db = gatingOf("prod").services["payments-db"];
    assert(db !== undefined);
    const atMs = Date.parse("2026-11-28T12:00:00Z"); // a Saturday
    const ruleFor = (fields: object) => evaluate(db, subject({ ...failover, ...fields })).rule;
    assert.equal(ruleFor({ atMs, priority: "P3" }), "freeze");
    assert.equal(ruleFor({ atMs, priority: null }), "freeze");
    assert.equal(ruleFor({ atMs, priority: "P1" }), "p1-failover");
    assert.equal(ruleFor({ priority: "P3" }), "failover");
  });
});

/** Visits every property of every object in a JSON Schema. */
function walk(
  schema: unknown,
  path: string,
  visit: (path: string, field: Record<string, unknown>) => void,
): void {
  if (Array.isArray(schema)) {
    schema.forEach((each) => {
      walk(each, path, visit);
    });
    return;
  }
  const parsed = z.record(z.string(), z.unknown()).safeParse(schema);
  if (!parsed.success) return;
  const properties = z.record(z.string(), z.record(z.string(), z.unknown()));
  for (const [name, field] of Object.entries(properties.parse(parsed.data["properties"] ?? {}))) {
    visit(`${path}.${name}`, field);
    walk(field, `${path}.${name}`, visit);
  }
  for (const key of ["items", "additionalProperties", "anyOf"]) walk(parsed.data[key], path, visit);
}
