import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { gatingTable, ledgerTable } from "../functions/aws/tableDefinition.ts";
import type { TableDefinition } from "../functions/aws/tableDefinition.ts";
import { flag, onlyKnown } from "./inputs.ts";
import { checkTransform, merged } from "./overrides.ts";

/** Arguments to set on the tables whatever the component says. */
export interface ApprovalLedgerTransform {
  /** For the table of proposals, decisions and executions. */
  ledger?: Partial<aws.dynamodb.TableArgs>;
  /** For the table of gating. */
  gating?: Partial<aws.dynamodb.TableArgs>;
}

/** Inputs of {@link ApprovalLedger}. */
export interface ApprovalLedgerArgs {
  /** Whether the tables refuse to be deleted, by AWS and by Pulumi. Defaults to true. */
  deletionProtection?: boolean;
  /** Key for the tables. Defaults to a key that AWS owns. */
  kmsKeyArn?: pulumi.Input<string>;
  /** Tags of all its resources. */
  tags?: pulumi.Input<{ [name: string]: pulumi.Input<string> }>;
  /** Arguments to set whatever this component says. */
  transform?: ApprovalLedgerTransform;
}

/** The gate's memory: what was proposed, decided and done, and each service's gating. */
export class ApprovalLedger extends pulumi.ComponentResource {
  /** Name of the table of proposals, decisions and executions. */
  readonly ledgerTableName: pulumi.Output<string>;
  /** ARN of that table. */
  readonly ledgerTableArn: pulumi.Output<string>;
  /** Name of the table of gating. */
  readonly gatingTableName: pulumi.Output<string>;
  /** ARN of that table. */
  readonly gatingTableArn: pulumi.Output<string>;

  /** @param name The unique name of this component. */
  constructor(name: string, args: ApprovalLedgerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pagerduty-approval-gate:index:ApprovalLedger", name, {}, opts);
    onlyKnown("", args, ["deletionProtection", "kmsKeyArn", "tags", "transform"]);
    const options = {
      parent: this,
      protect: flag("deletionProtection", args.deletionProtection ?? true),
    };
    const { transform = {} } = args;
    checkTransform("transform", transform, LEDGER_CHILDREN);

    const ledger = new aws.dynamodb.Table(
      name,
      merged(tableArgs(ledgerTable, args), transform.ledger),
      options,
    );
    const gating = new aws.dynamodb.Table(
      `${name}-gating`,
      merged(tableArgs(gatingTable, args), transform.gating),
      options,
    );

    this.ledgerTableName = ledger.name;
    this.ledgerTableArn = ledger.arn;
    this.gatingTableName = gating.name;
    this.gatingTableArn = gating.arn;
    this.registerOutputs({
      ledgerTableName: this.ledgerTableName,
      ledgerTableArn: this.ledgerTableArn,
      gatingTableName: this.gatingTableName,
      gatingTableArn: this.gatingTableArn,
    });
  }
}

export const LEDGER_CHILDREN: readonly (keyof ApprovalLedgerTransform)[] = ["ledger", "gating"];

function tableArgs(definition: TableDefinition, args: ApprovalLedgerArgs): aws.dynamodb.TableArgs {
  return {
    billingMode: "PAY_PER_REQUEST",
    hashKey: definition.hashKey,
    ...(definition.rangeKey === undefined ? {} : { rangeKey: definition.rangeKey }),
    attributes: definition.attributes.map(({ name, type }) => ({ name, type })),
    globalSecondaryIndexes: definition.indexes.map(({ name, hashKey, rangeKey, projection }) => ({
      name,
      hashKey,
      ...(rangeKey === undefined ? {} : { rangeKey }),
      projectionType: projection,
    })),
    ...(definition.ttlAttribute === undefined
      ? {}
      : { ttl: { attributeName: definition.ttlAttribute, enabled: true } }),
    pointInTimeRecovery: { enabled: true },
    deletionProtectionEnabled: args.deletionProtection ?? true,
    ...(args.kmsKeyArn === undefined
      ? {}
      : { serverSideEncryption: { enabled: true, kmsKeyArn: args.kmsKeyArn } }),
    tags: args.tags ?? {},
  };
}
