import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/** A function that answers requests. */
export interface RequestHandler {
  /** Name of the Lambda function. */
  functionName: pulumi.Input<string>;
  /** What an API integration calls. */
  invokeArn: pulumi.Input<string>;
}

/** Where PagerDuty delivers to. */
export const WEBHOOK_ROUTE = "POST /pagerduty/webhook";

/** Each route by the end of its resource's name. */
export const MIDDLEWARE_ROUTES: Readonly<Record<string, string>> = {
  webhook: WEBHOOK_ROUTE,
  slashes: "POST /pagerduty/{path+}",
  propose: "POST /proposals",
  list: "GET /proposals",
  show: "GET /proposals/{id}",
  events: "GET /proposals/{id}/events",
  withdraw: "DELETE /proposals/{id}",
  health: "GET /healthz",
};
export const CALLBACK_ROUTES: Readonly<Record<string, string>> = {
  decision: "POST /cheqpoint/callback/{token}",
};

/** Everything that sends requests of these routes to one function; what must be there before it does. */
export function routesTo(
  name: string,
  routes: Readonly<Record<string, string>>,
  api: aws.apigatewayv2.Api,
  handler: RequestHandler,
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const integration = new aws.apigatewayv2.Integration(
    name,
    {
      apiId: api.id,
      integrationType: "AWS_PROXY",
      integrationUri: handler.invokeArn,
      payloadFormatVersion: "2.0",
      timeoutMilliseconds: 30_000,
    },
    opts,
  );
  const permission = new aws.lambda.Permission(
    name,
    {
      function: handler.functionName,
      action: "lambda:InvokeFunction",
      principal: "apigateway.amazonaws.com",
      sourceArn: pulumi.interpolate`${api.executionArn}/*/*`,
    },
    opts,
  );
  const made = Object.entries(routes).map(
    ([what, routeKey]) =>
      new aws.apigatewayv2.Route(
        `${name}-${what}`,
        { apiId: api.id, routeKey, target: pulumi.interpolate`integrations/${integration.id}` },
        opts,
      ),
  );
  return [permission, ...made];
}
