import assert from "node:assert/strict";
import { parseServiceGating, type Runbook } from "../../../functions/gate/gating/index.ts";
import { sentName } from "../../../functions/gate/proposal/sent.ts";
import type { Parameters } from "../../../functions/gate/proposal/proposal.ts";

const parameters = {
  max_replicas: { type: "integer", customField: "max_replicas" },
  force: { type: "boolean", customField: "force" },
  ticket: { type: "string" },
};
const { runbooks } = parseServiceGating("payments-db", {
  runbooks: {
    scale: { automationAction: "01SCALE", parameters },
    alias: { automationAction: "01SCALE", parameters },
    renamed: {
      automationAction: "01SCALE",
      parameters: { replicas: { type: "integer", customField: "max_replicas" } },
    },
    other: { automationAction: "01OTHER", parameters },
    workflow: { incidentWorkflow: "PWF0001", parameters },
  },
  otherwise: "requireApproval",
});

function named(
  values: Parameters = { max_replicas: 3 },
  runbook = "scale",
  incidentId = "PINC1",
): string {
  const found: Runbook | undefined = runbooks[runbook];
  assert.ok(found !== undefined);
  return sentName(incidentId, found, values);
}

describe("the name of what PagerDuty would be asked to do", () => {
  for (const [what, other] of [
    ["incident", named(undefined, undefined, "PINC2")],
    ["target", named(undefined, "other")],
    ["kind of target", named(undefined, "workflow")],
    ["value", named({ max_replicas: 2 })],
    ["type of a value", named({ max_replicas: "3" })],
    ["field", named({ force: true })],
    ["field beside it", named({ max_replicas: 3, force: true })],
  ] as const) {
    it(`is another one for another ${what}`, () => {
      assert.notEqual(other, named());
    });
  }

  for (const [what, same] of [
    ["runbook of the same target", named(undefined, "alias")],
    ["parameter that sends the same field", named({ replicas: 3 }, "renamed")],
    ["value of what is never sent", named({ max_replicas: 3, ticket: "CHG-1" })],
  ] as const) {
    it(`is the same for another ${what}`, () => {
      assert.equal(same, named());
    });
  }
});
