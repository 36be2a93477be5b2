import assert from "node:assert/strict";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { agentRoutes } from "../../functions/agents/agents.ts";
import { openApi } from "../../functions/agents/openapi.ts";
import { callbackRoute } from "../../functions/callback/callback.ts";
import { middlewareRoutes } from "../../functions/middleware/middleware.ts";
import { gatingOf } from "../harness/gating.ts";
import { World } from "../harness/world.ts";

describe("openapi.json", () => {
  it("has no warning of a linter that others wrote", async () => {
    const config = await createConfig({
      extends: ["recommended-strict"],
      // Nothing that is asked of the document itself can be wrong.
      rules: { "operation-4xx-response": "off" },
    });
    const problems = await lintFromString({
      source: JSON.stringify(openApi()),
      absoluteRef: "openapi.json",
      config,
    });
    assert.deepEqual(
      problems.map(({ message, ruleId, location }) => [
        ruleId,
        message,
        location.map(({ pointer }) => pointer).join(),
      ]),
      [],
    );
  });

  it("has exactly the public routes", () => {
    const { paths } = openApi() as { paths: Record<string, Record<string, object>> };
    const told = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const routes = [...middlewareRoutes, ...agentRoutes, callbackRoute].filter(
      // The webhook with a slash too many.
      (route) => route !== "POST /pagerduty/{path+}",
    );
    assert.deepEqual(told.sort(), [...routes].sort());
  });

  it("is served to anybody", async () => {
    const world = await World.start();
    try {
      await world.begin({ gating: gatingOf() });
      const { status, body } = await world.onGate("GET", "/openapi.json", undefined, {
        authorization: "",
      });
      assert.deepEqual([status, body], [200, JSON.parse(JSON.stringify(openApi()))]);
    } finally {
      await world.stop();
    }
  });
});
