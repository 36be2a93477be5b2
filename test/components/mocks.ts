import assert from "node:assert/strict";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { functionSources } from "../../components/bundle.ts";

/** A resource as it was registered. */
export interface Registered {
  type: string;
  name: string;
  /** What the provider is given; secrets in clear, unknown values left out. */
  inputs: Record<string, unknown>;
  /** Names of the inputs that are secret as a whole. */
  secrets: string[];
  /** `Type name` of its parents, outermost first. */
  parents: string[];
  options: pulumi.CustomResourceOptions;
}

/** What a program registered. */
export interface Recording<T> {
  value: T;
  resources: Registered[];
  /** The only resource of that type and name. */
  find(type: string, name: string): Registered;
  ofType(type: string): Registered[];
}

const SECRET_SIGNATURE = "4dabf18193072939515e22adb298388d";

/** Outputs that providers compute. */
const COMPUTED: Readonly<Record<string, (name: string) => Record<string, unknown>>> = {
  "aws:dynamodb/table:Table": (name) => ({ arn: `arn:aws:dynamodb:::table/${name}` }),
  "aws:sqs/queue:Queue": (name) => ({ arn: `arn:aws:sqs:::${name}`, url: `https://sqs/${name}` }),
  "aws:secretsmanager/secret:Secret": (name) => ({ arn: `arn:aws:secretsmanager:::${name}` }),
  "aws:secretsmanager/secretVersion:SecretVersion": (name) => ({ versionId: `${name}-1` }),
  "aws:cloudwatch/logGroup:LogGroup": (name) => ({ arn: `arn:aws:logs:::${name}` }),
  "aws:iam/role:Role": (name) => ({ arn: `arn:aws:iam:::role/${name}` }),
  "aws:lambda/function:Function": (name) => ({
    arn: `arn:aws:lambda:::${name}`,
    invokeArn: `arn:aws:apigateway:::${name}`,
  }),
  "aws:apigatewayv2/api:Api": (name) => ({
    apiEndpoint: `https://${name}.example.com`,
    executionArn: `arn:aws:execute-api:::${name}`,
  }),
  "aws:apigatewayv2/domainName:DomainName": () => ({
    domainNameConfiguration: {
      targetDomainName: "target.example.com",
      hostedZoneId: "ZTARGET",
    },
  }),
  "aws:cloudwatch/metricAlarm:MetricAlarm": (name) => ({ arn: `arn:aws:cloudwatch:::${name}` }),
  "aws:sns/topic:Topic": (name) => ({ arn: `arn:aws:sns:::${name}` }),
  "random:index/randomId:RandomId": (name) => ({ hex: `hex-of-${name}` }),
  "random:index/randomPassword:RandomPassword": (name) => ({ result: `random-of-${name}` }),
  "pagerduty:index/serviceIntegration:ServiceIntegration": (name) => ({
    integrationKey: `key-of-${name}`,
  }),
  "pagerduty:index/service:Service": () => ({ name: "payments-db" }),
  "pulumi:pulumi:StackReference": () => ({
    outputs: {
      gate: {
        name: "other-gate",
        region: "ap-south-1",
        gatingTableName: "gating-of-another-stack",
        gatingTableArn: "arn:other",
        proposalsUrl: "https://other.example.com/proposals",
      },
    },
  }),
  "aws:lambda/invocation:Invocation": () => ({
    result: '{"subscriptionIds":{"account":"PSUB001"}}',
  }),
};

const FUNCTIONS: Readonly<
  Record<string, (inputs: Record<string, unknown>) => Record<string, unknown>>
> = {
  "aws:index/getCallerIdentity:getCallerIdentity": () => ({
    arn: "arn:aws:sts::123456789012:assumed-role/deploy/session",
  }),
  // A session does not tell the path of its role.
  "aws:iam/getSessionContext:getSessionContext": ({ arn }) => ({
    issuerArn:
      arn === "arn:aws:sts::123456789012:assumed-role/deploy/session"
        ? "arn:aws:iam::123456789012:role/ci/deploy"
        : arn,
  }),
  "aws:index/getRegion:getRegion": () => ({ region: "eu-central-1", id: "eu-central-1" }),
  "pagerduty:index/getService:getService": ({ name }) => ({
    id: "PSVC001",
    name,
    type: "service",
  }),
  "pagerduty:index/getVendor:getVendor": ({ name }) => ({ id: "PVENDOR", name, type: "vendor" }),
};

/** Whoever deploys has a token. */
process.env["PAGERDUTY_TOKEN"] ??= "none";

/** Functions whose code never changes, so that inputs can be compared. */
functionSources.folder = join(import.meta.dirname, "../engine/fixtures/functions");

/** Runs a program without an engine, as an update or as a preview before anything exists. */
export async function record<T>(
  program: (opts: pulumi.ComponentResourceOptions) => T,
  { preview = false }: { preview?: boolean } = {},
): Promise<Recording<T>> {
  const given = new Map<string, Record<string, unknown>>();
  const seen: { type: string; name: string; props: object; options: pulumi.ResourceOptions }[] = [];
  const mocks: pulumi.runtime.Mocks = {
    newResource: ({ type, name, inputs, id }) => {
      const plainInputs = clear(inputs) as Record<string, unknown>;
      given.set(`${type} ${name}`, plainInputs);
      return preview && type.startsWith("aws:")
        ? { id: undefined, state: plainInputs }
        : {
            id: id === undefined || id === "" ? `${name}-id` : id,
            state: { name, ...plainInputs, ...COMPUTED[type]?.(name) },
          };
    },
    call: ({ token, inputs }) => {
      const answer = FUNCTIONS[token];
      assert.ok(answer !== undefined, `${token} is not expected`);
      return answer(inputs as Record<string, unknown>);
    },
  };
  await pulumi.runtime.setMocks(mocks, "project", "stack", preview);
  let value: T;
  try {
    value = program({
      transformations: [
        ({ type, name, props, opts }) => {
          seen.push({ type, name, props: props, options: opts });
          return undefined;
        },
      ],
    });
  } finally {
    await pulumi.runtime.disconnect();
  }
  const resources = await Promise.all(
    seen.map(async ({ type, name, props, options }): Promise<Registered> => {
      const secrets = await Promise.all(
        Object.entries(props).map(async ([key, input]) =>
          pulumi.Output.isInstance(input) && (await pulumi.isSecret(input)) ? [key] : [],
        ),
      );
      return {
        type,
        name,
        inputs: given.get(`${type} ${name}`) ?? {},
        secrets: secrets.flat().sort(),
        parents: parentsOf(options.parent),
        options,
      };
    }),
  );
  const ofType = (type: string) => resources.filter((resource) => resource.type === type);
  return {
    value,
    resources,
    ofType,
    find: (type, name) => {
      const all = ofType(type);
      const [match, ...others] = all.filter((resource) => resource.name === name);
      assert.ok(
        match !== undefined && others.length === 0,
        `one ${type} ${name} among: ${all.map((resource) => resource.name).join(", ")}`,
      );
      return match;
    },
  };
}

/** The value of an output; undefined when it is not known. */
export async function valueOf<T>(output: pulumi.Output<T> | undefined): Promise<T | undefined> {
  assert.ok(output !== undefined);
  const { isKnown } = output as unknown as { isKnown: Promise<boolean> };
  return (await isKnown) ? new Promise<T>((resolve) => void output.apply(resolve)) : undefined;
}

/**
 * That a program is refused, with exactly this message and without a stack.
 * @param component Name of the component that Pulumi names beside the message; absent: it may name none.
 */
export async function refused(
  program: (opts: pulumi.ComponentResourceOptions) => unknown,
  message: string,
  component?: string,
): Promise<void> {
  await assert.rejects(record(program), (error) => {
    assert.ok(pulumi.RunError.isInstance(error) || pulumi.ResourceError.isInstance(error));
    assert.equal(error.message, message);
    if (component !== undefined) {
      assert.ok(pulumi.ResourceError.isInstance(error) && error.hideStack === true);
      assert.equal(pulumi.Resource.isInstance(error.resource) && nameOf(error.resource), component);
    }
    return true;
  });
}

function nameOf(resource: pulumi.Resource): string | undefined {
  return (resource as unknown as { __name?: string }).__name;
}

function parentsOf(parent: pulumi.Resource | undefined): string[] {
  if (parent === undefined) {
    return [];
  }
  const {
    __pulumiType: type,
    __name: name,
    __parentResource: next,
  } = parent as unknown as {
    __pulumiType: string;
    __name?: string;
    __parentResource?: pulumi.Resource;
  };
  if (type === "pulumi:pulumi:Stack") {
    return [];
  }
  return [...parentsOf(next), `${type.split(":").at(-1)} ${name}`];
}

/** Secrets as the provider sees them. */
function clear(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(clear);
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  if (pulumi.asset.Asset.isInstance(value) || pulumi.asset.Archive.isInstance(value)) {
    return value;
  }
  const members = value as Record<string, unknown>;
  if (SECRET_SIGNATURE in members) {
    return clear(members["value"]);
  }
  return Object.fromEntries(Object.entries(members).map(([key, member]) => [key, clear(member)]));
}

/** What a program without types may pass. */
export function untyped(value: unknown): never {
  return value as never;
}
