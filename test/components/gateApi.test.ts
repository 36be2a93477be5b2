import assert from "node:assert/strict";
import { GateApi } from "../../components/gateApi.ts";
import type { GateApiArgs } from "../../components/gateApi.ts";
import { CALLBACK_ROUTES, MIDDLEWARE_ROUTES } from "../../components/gateRoutes.ts";
import { callbackRoute } from "../../functions/callback/callback.ts";
import { middlewareRoutes } from "../../functions/middleware/middleware.ts";
import { record, refused, valueOf } from "./mocks.ts";

const ROUTE = "aws:apigatewayv2/route:Route";
const STAGE = "aws:apigatewayv2/stage:Stage";

const args: GateApiArgs = {
  middleware: { functionName: "mw", invokeArn: "arn:invoke:mw" },
  callback: { functionName: "cb", invokeArn: "arn:invoke:cb" },
};

const make = (more: Partial<GateApiArgs> = {}) =>
  record((opts) => new GateApi("a", { ...args, ...more }, opts));

describe("GateApi", () => {
  it("sends on every route that the functions answer, and no other", () => {
    assert.deepEqual(Object.values(MIDDLEWARE_ROUTES).sort(), [...middlewareRoutes].sort());
    assert.deepEqual(Object.values(CALLBACK_ROUTES), [callbackRoute]);
  });

  it("has exactly the gate's routes, each to its function", async () => {
    const { ofType, find } = await make();
    assert.deepEqual(
      ofType(ROUTE).map(({ name, inputs }) => [name, inputs["routeKey"], inputs["target"]]),
      [
        ["a-middleware-webhook", "POST /pagerduty/webhook", "integrations/a-middleware-id"],
        ["a-middleware-slashes", "POST /pagerduty/{path+}", "integrations/a-middleware-id"],
        ["a-middleware-propose", "POST /proposals", "integrations/a-middleware-id"],
        ["a-middleware-list", "GET /proposals", "integrations/a-middleware-id"],
        ["a-middleware-show", "GET /proposals/{id}", "integrations/a-middleware-id"],
        ["a-middleware-events", "GET /proposals/{id}/events", "integrations/a-middleware-id"],
        ["a-middleware-withdraw", "DELETE /proposals/{id}", "integrations/a-middleware-id"],
        ["a-middleware-health", "GET /healthz", "integrations/a-middleware-id"],
        ["a-callback-decision", "POST /cheqpoint/callback/{token}", "integrations/a-callback-id"],
      ],
    );
    assert.deepEqual(find("aws:apigatewayv2/integration:Integration", "a-callback").inputs, {
      apiId: "a-id",
      integrationType: "AWS_PROXY",
      integrationUri: "arn:invoke:cb",
      payloadFormatVersion: "2.0",
      timeoutMilliseconds: 30_000,
    });
    assert.deepEqual(find("aws:lambda/permission:Permission", "a-middleware").inputs, {
      function: "mw",
      action: "lambda:InvokeFunction",
      principal: "apigateway.amazonaws.com",
      sourceArn: "arn:aws:execute-api:::a/*/*",
    });
  });

  it("limits requests and logs them without their paths, which may hold a callback's token", async () => {
    const { find, value, ofType } = await make({ tags: { a: "b" } });
    const { accessLogSettings, ...inputs } = find(STAGE, "a").inputs;
    assert.deepEqual(inputs, {
      apiId: "a-id",
      name: "$default",
      autoDeploy: true,
      defaultRouteSettings: { throttlingRateLimit: 50, throttlingBurstLimit: 100 },
      routeSettings: [
        {
          routeKey: "POST /pagerduty/webhook",
          throttlingRateLimit: 200,
          throttlingBurstLimit: 400,
        },
      ],
      tags: { a: "b" },
    });
    const { destinationArn, format } = accessLogSettings as Record<string, string>;
    assert.equal(destinationArn, "arn:aws:logs:::a-access");
    assert.deepEqual(JSON.parse(format ?? ""), {
      requestId: "$context.requestId",
      time: "$context.requestTimeEpoch",
      route: "$context.routeKey",
      status: "$context.status",
      sourceIp: "$context.identity.sourceIp",
      userAgent: "$context.identity.userAgent",
      latencyMs: "$context.responseLatency",
      bytes: "$context.responseLength",
      error: "$context.integrationErrorMessage",
    });
    assert.equal([find(STAGE, "a").options.dependsOn].flat().length, 11);
    assert.equal(await valueOf(value.url), "https://a.example.com");
    assert.equal(value.domainTarget, undefined);
    assert.deepEqual(ofType("aws:apigatewayv2/domainName:DomainName"), []);
    assert.equal(find("aws:apigatewayv2/api:Api", "a").inputs["disableExecuteApiEndpoint"], false);
  });

  it("answers at a domain of one's own, with client certificates only there", async () => {
    const { find, value } = await make({
      throttle: { rate: 1, burst: 2 },
      webhookThrottle: { rate: 3, burst: 4 },
      domain: {
        name: "gate.example.com",
        certificateArn: "arn:aws:acm:::certificate/1",
        hostedZoneId: "ZONE",
        truststoreUri: "s3://bucket/ca.pem",
      },
    });
    assert.deepEqual(find("aws:apigatewayv2/domainName:DomainName", "a").inputs, {
      domainName: "gate.example.com",
      domainNameConfiguration: {
        certificateArn: "arn:aws:acm:::certificate/1",
        endpointType: "REGIONAL",
        securityPolicy: "TLS_1_2",
      },
      mutualTlsAuthentication: { truststoreUri: "s3://bucket/ca.pem" },
      tags: {},
    });
    assert.deepEqual(find("aws:apigatewayv2/apiMapping:ApiMapping", "a").inputs, {
      apiId: "a-id",
      domainName: "a-id",
      stage: "a-id",
    });
    assert.deepEqual(find("aws:route53/record:Record", "a").inputs, {
      zoneId: "ZONE",
      name: "gate.example.com",
      type: "A",
      aliases: [{ name: "target.example.com", zoneId: "ZTARGET", evaluateTargetHealth: false }],
    });
    assert.equal(find("aws:apigatewayv2/api:Api", "a").inputs["disableExecuteApiEndpoint"], true);
    assert.equal(await valueOf(value.url), "https://gate.example.com");
    assert.equal(await valueOf(value.domainTarget), "target.example.com");
  });

  it("leaves DNS alone without a zone", async () => {
    const { ofType } = await make({
      domain: { name: "gate.example.com", certificateArn: "arn:aws:acm:::certificate/1" },
    });
    assert.deepEqual(ofType("aws:route53/record:Record"), []);
  });

  it("refuses what cannot work", async () => {
    const bad = (more: object) => () => new GateApi("a", { ...args, ...more });
    await refused(
      bad({ throttle: { rate: 0, burst: 1 } }),
      "`throttle.rate` must be a whole number from 1 to 10000, got 0",
    );
    await refused(
      bad({ webhookThrottle: { rate: 1, burst: 9999 } }),
      "`webhookThrottle.burst` must be a whole number from 1 to 5000, got 9999",
    );
    await refused(
      bad({ domain: { name: "https://gate.example.com", certificateArn: "arn:aws:acm:x" } }),
      '`domain.name` must be a domain name such as "gate.example.com", got "https://gate.example.com"',
    );
    await refused(
      bad({ domain: { name: "gate.example.com", certificateArn: "" } }),
      '`domain.certificateArn` must be the ARN of an ACM certificate, got ""',
    );
  });
});
