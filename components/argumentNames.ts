import type { ApprovalGateArgs, ApprovalGateTransform } from "./approvalGateArgs.ts";
import { isLater, mapping, refuse } from "./inputs.ts";
import type { ServiceGatingArgs } from "./serviceGatingArgs.ts";

/*
 * Every argument's name, once: a typing mistake must not pass as a default, least of all in YAML. The compiler holds
 * these to the interfaces, so that none lacks and none is left over.
 */

/** A value: what it may be is checked where it is used. */
const value = null;
/** What is set on a resource: its names are the resource's own. */
const overrides = "overrides";

const key = { keepers: value } as const;
const functionChildren = { function: overrides, role: overrides, logGroup: overrides } as const;
const throttle = { rate: value, burst: value } as const;

/** The gating has checks of its own. */
export const GATE_ARGUMENTS: Names<Omit<ApprovalGateArgs, "gating" | "transform">> & {
  readonly gating: null;
  readonly transform: OverridesOf<Required<ApprovalGateTransform>>;
} = {
  cheqpointConnectionKey: value,
  pagerdutyToken: value,
  pagerdutyTokenType: value,
  pagerdutyFrom: value,
  cheqpointApiUrl: value,
  pagerdutyApiUrl: value,
  gating: value,
  webhook: { enabled: value, teams: value, services: value, events: value, keepers: value },
  proposers: { each: { keepers: value, limits: { perMinute: value, perHour: value } } },
  operators: { each: key },
  callbackSigning: { secret: value, keepers: value },
  network: {
    domain: { name: value, certificateArn: value, hostedZoneId: value, truststoreUri: value },
    webhookThrottle: throttle,
    throttle,
    vpc: { subnetIds: value, securityGroupIds: value },
  },
  retention: { logDays: value, secretRecoveryDays: value, deletionProtection: value },
  alarms: { topicArn: value, pagerdutyServiceId: value, pagerdutyEventsUrl: value },
  functions: {
    memoryMb: value,
    logLevel: value,
    workerConcurrency: value,
    reserveWorkerConcurrency: value,
    maxAttempts: value,
    tracing: value,
  },
  perimeter: { principals: value },
  kmsKeyArn: value,
  tags: value,
  transform: {
    ledger: { ledger: overrides, gating: overrides },
    queue: { queue: overrides, deadLetters: overrides },
    middleware: functionChildren,
    callback: functionChildren,
    worker: functionChildren,
    api: { api: overrides, stage: overrides, logGroup: overrides },
  },
};

/** `pagerdutyService` may be a resource, which has more members. */
export const SERVICE_ARGUMENTS: Names<Omit<ServiceGatingArgs, "pagerdutyService" | "gating">> & {
  readonly pagerdutyService: null;
  readonly gating: null;
} = {
  gate: value,
  service: value,
  pagerdutyService: value,
  gating: value,
  manualTaskIntegration: value,
};

type OverridesOf<T> = {
  readonly [K in keyof T]: { readonly [C in keyof Required<T[K]>]: typeof overrides };
};
type Names<T> = [Extract<T, PromiseLike<unknown>>] extends [never]
  ? T extends object
    ? string extends keyof T
      ? NamesOfEach<T[string & keyof T]>
      : { readonly [K in keyof T]-?: Names<NonNullable<T[K]>> }
    : null
  : null;
type NamesOfEach<T> = Names<T> extends null ? null : { readonly each: Names<T> };

/** As the compiler cannot say it of a type that holds itself. */
type Known = { readonly [name: string]: unknown };

/** That an args object has no other names than its interface, as deep as that goes. */
export function checkNames(args: object, known: Known, within = ""): void {
  mapping(within === "" ? "args" : within, args);
  const of = (name: string) => (within === "" ? name : `${within}.${name}`);
  for (const [name, given] of Object.entries(args)) {
    if (!Object.hasOwn(known, name)) {
      refuse(`\`${of(name)}\` is no argument; there are ${Object.keys(known).join(", ")}`);
    }
    if (given !== undefined) {
      checkValue(given, known[name], of(name));
    }
  }
}

function checkValue(given: unknown, known: unknown, field: string): void {
  if (known === value) {
    return;
  }
  mapping(field, given);
  if (known === overrides || isLater(given)) {
    return;
  }
  const { each } = known as { each?: Known };
  if (each === undefined) {
    checkNames(given, known as Known, field);
    return;
  }
  for (const [name, one] of Object.entries(given)) {
    checkNames(one as object, each, `${field}.${name}`);
  }
}
