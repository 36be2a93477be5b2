import * as pulumi from "@pulumi/pulumi";
import { METRIC_NAMESPACE } from "./alarms.ts";
import type { GateSettings } from "./approvalGateSettings.ts";
import type { ApprovalLedger } from "./approvalLedger.ts";
import { GateApi } from "./gateApi.ts";
import { FunctionName, GateFunction } from "./gateFunction.ts";
import type { GateFunctionArgs } from "./gateFunction.ts";
import type { GateSecrets } from "./gateSecrets.ts";
import type { GateWebhooksArgs } from "./gateWebhooks.ts";
import { optional } from "./inputs.ts";
import {
  callbackPermissions,
  middlewarePermissions,
  subscriptionPermissions,
  workerPermissions,
} from "./permissions.ts";
import type { WorkQueue } from "./workQueue.ts";
import { triggerWorker } from "./workerTriggers.ts";

/** What runs a gate. */
export interface GateRuntime {
  api: GateApi;
  functionNames: Record<Exclude<FunctionName, "subscription">, pulumi.Output<string>>;
  /** Roles of the functions. */
  roleArns: Record<"middleware" | "callback" | "worker", pulumi.Output<string>>;
  /** What must be there before anything is sent to the gate. */
  receivers: pulumi.Resource[];
  /** What reads gating: a record in a form that only this release knows must come after its code. */
  readers: pulumi.Resource[];
  /** What the function needs that looks after the webhook subscriptions. */
  subscription: GateWebhooksArgs["function"];
}

/** Makes the three functions, and everything that starts them. */
export function gateRuntime(
  name: string,
  {
    gateName,
    settings,
    ledger,
    queue,
    secrets,
  }: {
    gateName: pulumi.Input<string>;
    settings: GateSettings;
    ledger: ApprovalLedger;
    queue: WorkQueue;
    secrets: GateSecrets;
  },
  opts: { parent: pulumi.Resource },
): GateRuntime {
  const subjects = {
    ledgerTableArn: ledger.ledgerTableArn,
    gatingTableArn: ledger.gatingTableArn,
    queueArn: queue.arn,
    pagerdutyTokenArn: secrets.pagerdutyTokenArn,
    cheqpointKeyArn: secrets.cheqpointKeyArn,
    proposersArn: secrets.proposersArn,
    operatorsArn: secrets.operatorsArn,
    callbackArn: secrets.callbackArn,
    webhookArn: secrets.webhookArn,
    subscribes: settings.webhook.enabled,
  };
  const pagerDuty = {
    PAGERDUTY_TOKEN_ARN: secrets.pagerdutyTokenArn,
    PAGERDUTY_API_URL: settings.pagerdutyApiUrl,
    PAGERDUTY_TOKEN_TYPE: settings.pagerdutyTokenType,
    PAGERDUTY_FROM: settings.pagerdutyFrom,
  };
  const shared = {
    POWERTOOLS_SERVICE_NAME: gateName,
    POWERTOOLS_METRICS_NAMESPACE: METRIC_NAMESPACE,
    LEDGER_TABLE: ledger.ledgerTableName,
    QUEUE_URL: queue.url,
  };
  const make = (
    which: Exclude<FunctionName, "subscription">,
    own: Pick<GateFunctionArgs, "permissions" | "environment" | "timeoutSeconds"> &
      Partial<GateFunctionArgs>,
  ) =>
    new GateFunction(
      `${name}-${which}`,
      {
        ...settings.common,
        ...settings.functions,
        function: which,
        ...own,
        ...optional("transform", settings.transform[which]),
      },
      opts,
    );

  const middleware = make(FunctionName.Middleware, {
    permissions: middlewarePermissions(subjects),
    timeoutSeconds: MIDDLEWARE_TIMEOUT,
    environment: {
      ...shared,
      GATING_TABLE: ledger.gatingTableName,
      WEBHOOK_SECRET_ARN: secrets.webhookArn,
      PROPOSERS_SECRET_ARN: secrets.proposersArn,
      ...optional("OPERATORS_SECRET_ARN", secrets.operatorsArn),
      ...optional("PROPOSER_LIMITS", settings.proposerLimits),
      // Where nothing can be set aside there may be ten executions in all.
      ...(settings.worker.reservedConcurrency === undefined ? { WAITS_IN_HALF_MINUTE: "1" } : {}),
    },
  });
  const callback = make(FunctionName.Callback, {
    permissions: callbackPermissions(subjects),
    timeoutSeconds: CALLBACK_TIMEOUT,
    environment: { ...shared, ...optional("CALLBACK_SECRET_ARN", secrets.callbackArn) },
  });
  const api = new GateApi(
    `${name}-api`,
    {
      ...settings.common,
      ...settings.api,
      middleware: { functionName: middleware.functionName, invokeArn: middleware.invokeArn },
      callback: { functionName: callback.functionName, invokeArn: callback.invokeArn },
      ...optional("transform", settings.transform.api),
    },
    opts,
  );
  // After the API: the worker tells Cheqpoint where to call back.
  const worker = make(FunctionName.Worker, {
    permissions: workerPermissions(subjects),
    timeoutSeconds: settings.worker.timeoutSeconds,
    ...optional("reservedConcurrency", settings.worker.reservedConcurrency),
    environment: {
      ...shared,
      GATING_TABLE: ledger.gatingTableName,
      ...pagerDuty,
      CHEQPOINT_KEY_ARN: secrets.cheqpointKeyArn,
      ...(settings.webhook.enabled ? { WEBHOOK_SECRET_ARN: secrets.webhookArn } : {}),
      CHEQPOINT_API_URL: settings.cheqpointApiUrl,
      GATE_PUBLIC_URL: api.url,
      PAGERDUTY_PER_MINUTE: pulumi
        .output(settings.worker.concurrency)
        .apply((instances) => String(Math.max(30, Math.floor(PAGERDUTY_PER_MINUTE / instances)))),
    },
  });
  triggerWorker(
    `${name}-worker`,
    {
      workerName: worker.functionName,
      workerArn: worker.arn,
      queueArn: queue.arn,
      maximumConcurrency: settings.worker.concurrency,
      tags: settings.common.tags,
    },
    opts,
  );
  return {
    api,
    functionNames: {
      middleware: middleware.functionName,
      callback: callback.functionName,
      worker: worker.functionName,
    },
    roleArns: {
      middleware: middleware.roleArn,
      callback: callback.roleArn,
      worker: worker.roleArn,
    },
    // The secrets too: the function that subscribes reads the token there.
    receivers: [middleware.resource, ...api.resources, ...secrets.resources],
    readers: [middleware.resource, worker.resource],
    subscription: {
      ...settings.common,
      ...settings.functions,
      permissions: subscriptionPermissions(subjects),
      environment: {
        POWERTOOLS_SERVICE_NAME: gateName,
        POWERTOOLS_METRICS_NAMESPACE: METRIC_NAMESPACE,
        ...pagerDuty,
        WEBHOOK_SECRET_ARN: secrets.webhookArn,
      },
    },
  };
}

/** PagerDuty takes 960 a minute of all who use a user's or an account's keys; some are left to others. */
const PAGERDUTY_PER_MINUTE = 900;
/** A proposer may wait up to 25 seconds for an outcome; the API ends a request after 30. */
const MIDDLEWARE_TIMEOUT = 29;
const CALLBACK_TIMEOUT = 10;
