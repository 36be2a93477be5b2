import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { ApprovalGateArgs } from "./approvalGateArgs.ts";
import { checkedSettings } from "./approvalGateSettings.ts";
import { checkAwsSdk } from "./awsSdk.ts";
import { ApprovalLedger } from "./approvalLedger.ts";
import { gateRuntime } from "./gateRuntime.ts";
import { GateSecrets } from "./gateSecrets.ts";
import { gateWebhooks } from "./gateWebhooks.ts";
import { GATING_FORM, defaultsItem } from "./gatingRecord.ts";
import type { Gating } from "./gatingTypes.ts";
import type { InlineGating } from "./inlineGating.ts";
import { collecting, guard } from "./deletionGuard.ts";
import { belongsTo, optional } from "./inputs.ts";
import { ownProvider } from "./pagerDutyAccess.ts";
import { closePerimeter } from "./perimeter.ts";
import { Monitoring } from "./monitoring.ts";
import { ServiceGating } from "./serviceGating.ts";
import type { GateReference } from "./serviceGatingArgs.ts";
import { ungatedAlarms } from "./ungatedAlarms.ts";
import { WorkQueue } from "./workQueue.ts";

/** Types a gating that is written apart from the gate; the component checks it in full. */
export function defineGating(gating: Gating): Gating {
  return gating;
}

/**
 * Holds proposed PagerDuty actions until policy or a human decides, then carries each out once or hands the work to
 * the on-call engineer.
 */
export class ApprovalGate extends pulumi.ComponentResource {
  /** Where PagerDuty delivers its events. */
  readonly webhookUrl: pulumi.Output<string>;
  /** Where proposals go, with a token of `proposerTokens`. */
  readonly proposalsUrl: pulumi.Output<string>;
  /** Where Cheqpoint's decisions come in; each request adds a token of its own. */
  readonly callbackUrl: pulumi.Output<string>;
  /** Address of the dashboard in the AWS console. */
  readonly dashboardUrl: pulumi.Output<string>;
  /** Tokens by proposer; secret. */
  readonly proposerTokens: pulumi.Output<{ [name: string]: string }>;
  /** Tokens by operator; secret. */
  readonly operatorTokens: pulumi.Output<{ [name: string]: string }>;
  /** Key that Cheqpoint must sign its callbacks with; secret, absent when they are not checked. */
  readonly callbackSecret?: pulumi.Output<string>;
  /** What a custom domain's DNS record must point to; absent without a custom domain. */
  readonly domainTarget?: pulumi.Output<string>;
  /** Name of the table of proposals, decisions and executions. */
  readonly ledgerTableName: pulumi.Output<string>;
  /** Name of the table of gating. */
  readonly gatingTableName: pulumi.Output<string>;
  /** URL of the work queue. */
  readonly queueUrl: pulumi.Output<string>;
  /** URL of the dead-letter queue. */
  readonly deadLetterQueueUrl: pulumi.Output<string>;
  /** Names of the Lambda functions: middleware, callback and worker. */
  readonly functionNames: pulumi.Output<{ [name: string]: string }>;
  /** Ids of the webhook subscriptions in PagerDuty, by scope. */
  readonly subscriptionIds: pulumi.Output<{ [scope: string]: string }>;
  /** What another stack needs to gate its own services here. */
  readonly gate: pulumi.Output<GateReference>;

  /** @param name The unique name of this component. */
  constructor(name: string, args: ApprovalGateArgs, opts?: pulumi.ComponentResourceOptions) {
    const made = new Set<pulumi.Resource>();
    super("pagerduty-approval-gate:index:ApprovalGate", name, {}, collecting(made, opts));
    using _ = belongsTo(this);
    checkAwsSdk();
    const settings = checkedSettings(args);
    const parent = { parent: this };
    const { common, gating, transform } = settings;
    // Gates of one account share the metrics' namespace and the names of dashboards, and people give the same names to
    // projects and stacks.
    const { hex } = new random.RandomId(`${name}-name`, { byteLength: 4 }, parent);
    const gateName = pulumi.interpolate`${pulumi.getProject()}-${pulumi.getStack()}-${name}-${hex}`;

    const ledger = new ApprovalLedger(
      `${name}-ledger`,
      {
        ...common,
        deletionProtection: settings.deletionProtection,
        ...optional("transform", transform.ledger),
      },
      parent,
    );
    const queue = new WorkQueue(
      `${name}-queue`,
      {
        ...common,
        consumerTimeoutSeconds: settings.worker.timeoutSeconds,
        maxAttempts: settings.maxAttempts,
        ...optional("transform", transform.queue),
      },
      parent,
    );
    const secrets = new GateSecrets(`${name}-secret`, { ...common, ...settings.secrets }, parent);
    const runtime = gateRuntime(name, { gateName, settings, ledger, queue, secrets }, parent);
    const { api, functionNames } = runtime;

    const webhookUrl = pulumi.interpolate`${api.url}/pagerduty/webhook`;
    const webhooks = gateWebhooks(
      name,
      {
        url: webhookUrl,
        description: pulumi.interpolate`Approval gate ${gateName}`,
        ...settings.webhook,
        function: runtime.subscription,
      },
      { ...parent, dependsOn: runtime.receivers },
    );
    this.subscriptionIds = webhooks.ids;
    if (settings.perimeter !== undefined) {
      const { worker, ...receivers } = runtime.roleArns;
      closePerimeter(
        `${name}-perimeter`,
        {
          perimeter: settings.perimeter,
          tokenArn: secrets.pagerdutyTokenArn,
          tokenReaders: [worker, ...(webhooks.roleArn === undefined ? [] : [webhooks.roleArn])],
          ledgerArn: ledger.ledgerTableArn,
          ledgerWriters: [worker, ...Object.values(receivers)],
        },
        // A policy of a secret that has no value yet could not be tried.
        { ...parent, dependsOn: secrets.resources },
      );
    }

    this.proposalsUrl = pulumi.interpolate`${api.url}/proposals`;
    this.gate = pulumi.output({
      name: gateName,
      region: aws.getRegionOutput({}, parent).region,
      gatingTableName: ledger.gatingTableName,
      gatingTableArn: ledger.gatingTableArn,
      proposalsUrl: this.proposalsUrl,
      ...optional("subscribedEvents", settings.subscribedEvents),
      gatingForm: GATING_FORM,
      webhookUrl,
      ledgerTableName: ledger.ledgerTableName,
      queueUrl: queue.url,
      deadLetterQueueUrl: queue.deadLetterQueueUrl,
    });
    const isAsking =
      Object.keys(gating.services).length > 0 || settings.alarms.pagerdutyServiceId !== undefined;
    const provider = isAsking
      ? ownProvider(name, this, { ...args, pagerdutyApiUrl: settings.pagerdutyApiUrl })
      : undefined;
    const gated = storeGating(name, gating, this.gate, {
      ...parent,
      dependsOn: runtime.readers,
      ...(provider === undefined ? {} : { providers: { pagerduty: provider } }),
    });
    const monitoring = new Monitoring(
      `${name}-monitoring`,
      {
        gateName,
        apiId: api.apiId,
        queueName: queue.queueName,
        deadLetterQueueName: queue.deadLetterQueueName,
        functions: functionNames,
        alarms: ungatedAlarms(settings.alarms, gated),
        ...optional("pagerdutyProvider", provider),
        tags: common.tags,
      },
      parent,
    );

    guard(name, made, settings.deletionProtection, parent);

    this.webhookUrl = webhookUrl;
    this.callbackUrl = pulumi.interpolate`${api.url}/cheqpoint/callback`;
    this.dashboardUrl = monitoring.dashboardUrl;
    this.proposerTokens = secrets.proposerTokens;
    this.operatorTokens = secrets.operatorTokens;
    if (secrets.callbackSecret !== undefined) {
      this.callbackSecret = secrets.callbackSecret;
    }
    if (api.domainTarget !== undefined) {
      this.domainTarget = api.domainTarget;
    }
    this.ledgerTableName = ledger.ledgerTableName;
    this.gatingTableName = ledger.gatingTableName;
    this.queueUrl = queue.url;
    this.deadLetterQueueUrl = queue.deadLetterQueueUrl;
    this.functionNames = pulumi.output<{ [name: string]: pulumi.Input<string> }>({
      ...functionNames,
    });
    this.registerOutputs({
      webhookUrl: this.webhookUrl,
      proposalsUrl: this.proposalsUrl,
      callbackUrl: this.callbackUrl,
      dashboardUrl: this.dashboardUrl,
      proposerTokens: this.proposerTokens,
      operatorTokens: this.operatorTokens,
      callbackSecret: this.callbackSecret,
      domainTarget: this.domainTarget,
      ledgerTableName: this.ledgerTableName,
      gatingTableName: this.gatingTableName,
      queueUrl: this.queueUrl,
      deadLetterQueueUrl: this.deadLetterQueueUrl,
      functionNames: this.functionNames,
      subscriptionIds: this.subscriptionIds,
      gate: this.gate,
    });
  }
}

/** The gating of services that are named with the gate, and of all that are not named anywhere. Ids, by those names. */
function storeGating(
  name: string,
  { services, defaults }: InlineGating,
  gate: pulumi.Output<GateReference>,
  { providers, ...own }: pulumi.ComponentResourceOptions,
): { [service: string]: pulumi.Output<string> } {
  new aws.dynamodb.TableItem(
    `${name}-defaults`,
    { tableName: gate.gatingTableName, hashKey: "pk", item: defaults.apply(defaultsItem) },
    own,
  );
  const opts = { ...own, ...optional("providers", providers) };
  return Object.fromEntries(
    Object.entries(services).map(([service, written]) => [
      service,
      new ServiceGating(`${name}-${service}`, { gate, service, gating: written }, opts).serviceId,
    ]),
  );
}
