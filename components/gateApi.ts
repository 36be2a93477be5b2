import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { RETENTION_DAYS } from "./gateFunction.ts";
import { CALLBACK_ROUTES, MIDDLEWARE_ROUTES, WEBHOOK_ROUTE, routesTo } from "./gateRoutes.ts";
import type { RequestHandler } from "./gateRoutes.ts";
import { integer, matching, oneOf } from "./inputs.ts";
import { merged } from "./overrides.ts";
import { CERTIFICATE_ARN, DOMAIN_NAME, TRUSTSTORE, ZONE_ID } from "./textRules.ts";
import { onceWithin } from "./onceWithin.ts";

/** An address of one's own for the API. */
export interface CustomDomain {
  /** Domain name, such as "gate.example.com". */
  name: pulumi.Input<string>;
  /** ARN of a certificate for it in the same region. */
  certificateArn: pulumi.Input<string>;
  /** Route 53 zone to put the name into. Defaults to none: point the name to `domainTarget` yourself. */
  hostedZoneId?: pulumi.Input<string>;
  /** S3 address of the certificates that callers must present (mutual TLS). Defaults to none. */
  truststoreUri?: pulumi.Input<string>;
}

/** How many requests are let through. */
export interface Throttle {
  /** Requests a second, lasting. */
  rate: pulumi.Input<number>;
  /** Requests at once. */
  burst: pulumi.Input<number>;
}

/** Arguments to set on the API's resources whatever the component says. */
export interface GateApiTransform {
  /** For the API. */
  api?: Partial<aws.apigatewayv2.ApiArgs>;
  /** For its stage. */
  stage?: Partial<aws.apigatewayv2.StageArgs>;
  /** For the access log's group. */
  logGroup?: Partial<aws.cloudwatch.LogGroupArgs>;
}

/** Inputs of {@link GateApi}. */
export interface GateApiArgs {
  /** Answers webhooks and proposals. */
  middleware: RequestHandler;
  /** Answers Cheqpoint's callbacks. */
  callback: RequestHandler;
  /** For PagerDuty's deliveries, which are repeated when refused. Defaults to 200 a second, 400 at once. */
  webhookThrottle?: Throttle;
  /** For each other route. Defaults to 50 a second, 100 at once. */
  throttle?: Throttle;
  /** An address of one's own. Defaults to the one that AWS gives. */
  domain?: CustomDomain;
  /** Days that the access log is kept. Defaults to 30. */
  logRetentionDays?: pulumi.Input<number>;
  /** Key for the access log. Defaults to a key that AWS owns. */
  kmsKeyArn?: pulumi.Input<string>;
  /** Tags of all its resources. */
  tags?: pulumi.Input<{ [name: string]: pulumi.Input<string> }>;
  /** Arguments to set whatever this component says. */
  transform?: GateApiTransform;
}

/** The gate's public address: an HTTP API with one route for each thing that somebody may ask. */
export class GateApi {
  /** Base of all addresses, without a slash at the end. */
  readonly url: pulumi.Output<string>;
  /** Id of the HTTP API. */
  readonly apiId: pulumi.Output<string>;
  /** What a custom domain's DNS record must point to; absent without a custom domain. */
  readonly domainTarget?: pulumi.Output<string>;
  /** It answers once these are there. */
  readonly resources: pulumi.Resource[];

  /** @param name Begins the names of its resources. */
  constructor(name: string, args: GateApiArgs, opts?: pulumi.CustomResourceOptions) {
    const parent = onceWithin("GateApi", name, opts);
    const tags = args.tags ?? {};
    const { transform = {} } = args;

    const api = new aws.apigatewayv2.Api(
      name,
      merged(
        {
          protocolType: "HTTP",
          description: "Approval gate for PagerDuty actions",
          // With client certificates the address without them must not answer.
          disableExecuteApiEndpoint: args.domain?.truststoreUri !== undefined,
          tags,
        },
        transform.api,
      ),
      parent,
    );
    const routes = [
      ...routesTo(`${name}-middleware`, MIDDLEWARE_ROUTES, api, args.middleware, parent),
      ...routesTo(`${name}-callback`, CALLBACK_ROUTES, api, args.callback, parent),
    ];
    const logGroup = new aws.cloudwatch.LogGroup(
      `${name}-access`,
      merged(
        {
          namePrefix: `/aws/apigateway/${name}-`,
          retentionInDays: oneOf("logRetentionDays", args.logRetentionDays ?? 30, RETENTION_DAYS),
          ...(args.kmsKeyArn === undefined ? {} : { kmsKeyId: args.kmsKeyArn }),
          tags,
        },
        transform.logGroup,
      ),
      parent,
    );
    const stage = new aws.apigatewayv2.Stage(
      name,
      merged(
        {
          apiId: api.id,
          name: "$default",
          autoDeploy: true,
          defaultRouteSettings: limits("throttle", args.throttle ?? { rate: 50, burst: 100 }),
          routeSettings: [
            {
              routeKey: WEBHOOK_ROUTE,
              ...limits("webhookThrottle", args.webhookThrottle ?? { rate: 200, burst: 400 }),
            },
          ],
          accessLogSettings: { destinationArn: logGroup.arn, format: accessLogFormat() },
          tags,
        },
        transform.stage,
      ),
      // Settings of a route that does not exist yet are refused.
      { ...parent, dependsOn: routes },
    );
    const domain = args.domain && customDomain(name, args.domain, api, stage, tags, parent);

    this.resources = [stage, ...(domain?.resources ?? [])];
    this.apiId = api.id;
    this.url = domain?.url ?? api.apiEndpoint;
    if (domain !== undefined) {
      this.domainTarget = domain.target;
    }
  }
}

export function checkedThrottle(field: string, throttle: Throttle): Throttle {
  return {
    rate: integer(`${field}.rate`, throttle.rate, 1, 10_000),
    burst: integer(`${field}.burst`, throttle.burst, 1, 5_000),
  };
}

function limits(field: string, throttle: Throttle) {
  const { rate, burst } = checkedThrottle(field, throttle);
  return { throttlingRateLimit: rate, throttlingBurstLimit: burst };
}

export function checkedDomain(field: string, domain: CustomDomain): CustomDomain {
  return {
    ...domain,
    name: matching(`${field}.name`, domain.name, ...DOMAIN_NAME),
    certificateArn: matching(`${field}.certificateArn`, domain.certificateArn, ...CERTIFICATE_ARN),
    ...(domain.hostedZoneId === undefined
      ? {}
      : {
          hostedZoneId: matching(`${field}.hostedZoneId`, domain.hostedZoneId, ...ZONE_ID),
        }),
    ...(domain.truststoreUri === undefined
      ? {}
      : {
          truststoreUri: matching(`${field}.truststoreUri`, domain.truststoreUri, ...TRUSTSTORE),
        }),
  };
}

/** One line of JSON a request. The route, not the path: a callback's path holds its token. */
function accessLogFormat(): string {
  return JSON.stringify({
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
}

function customDomain(
  name: string,
  written: CustomDomain,
  api: aws.apigatewayv2.Api,
  stage: aws.apigatewayv2.Stage,
  tags: pulumi.Input<{ [name: string]: pulumi.Input<string> }>,
  opts: pulumi.CustomResourceOptions,
): { url: pulumi.Output<string>; target: pulumi.Output<string>; resources: pulumi.Resource[] } {
  const domain = checkedDomain("domain", written);
  const { name: domainName, certificateArn } = domain;
  const resource = new aws.apigatewayv2.DomainName(
    name,
    {
      domainName,
      domainNameConfiguration: {
        certificateArn,
        endpointType: "REGIONAL",
        securityPolicy: "TLS_1_2",
      },
      ...(domain.truststoreUri === undefined
        ? {}
        : { mutualTlsAuthentication: { truststoreUri: domain.truststoreUri } }),
      tags,
    },
    opts,
  );
  const resources: pulumi.Resource[] = [];
  const mapping = new aws.apigatewayv2.ApiMapping(
    name,
    { apiId: api.id, domainName: resource.id, stage: stage.id },
    opts,
  );
  resources.push(mapping);
  const { targetDomainName, hostedZoneId } = resource.domainNameConfiguration;
  if (domain.hostedZoneId !== undefined) {
    const record = new aws.route53.Record(
      name,
      {
        zoneId: domain.hostedZoneId,
        name: domainName,
        type: "A",
        aliases: [{ name: targetDomainName, zoneId: hostedZoneId, evaluateTargetHealth: false }],
      },
      opts,
    );
    resources.push(record);
  }
  return {
    url: pulumi.interpolate`https://${resource.domainName}`,
    target: targetDomainName,
    resources,
  };
}
