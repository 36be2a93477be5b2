import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { gatingTable, ledgerTable } from "../functions/aws/tableDefinition.ts";
import type { TableDefinition } from "../functions/aws/tableDefinition.ts";
import { flag } from "./inputs.ts";
import { merged } from "./overrides.ts";
import { onceWithin } from "./onceWithin.ts";

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
export class ApprovalLedger {
  /** Name of the table of proposals, decisions and executions. */
  readonly ledgerTableName: pulumi.Output<string>;
  /** ARN of that table. */
  readonly ledgerTableArn: pulumi.Output<string>;
  /** Name of the table of gating. */
  readonly gatingTableName: pulumi.Output<string>;
  /** ARN of that table. */
  readonly gatingTableArn: pulumi.Output<string>;

  /** @param name Begins the names of its resources. */
  constructor(name: string, args: ApprovalLedgerArgs = {}, opts?: pulumi.CustomResourceOptions) {
    const options = {
      ...onceWithin("ApprovalLedger", name, opts),
      protect: flag("deletionProtection", args.deletionProtection ?? true),
    };
    const { transform = {} } = args;

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
  }
}

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
