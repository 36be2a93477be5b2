import assert from "node:assert/strict";
import { ApprovalLedger } from "../../components/approvalLedger.ts";
import { gatingTable, ledgerTable } from "../../functions/aws/tableDefinition.ts";
import { record, refused, valueOf } from "./mocks.ts";

const TABLE = "aws:dynamodb/table:Table";

describe("ApprovalLedger", () => {
  it("makes two protected tables with the keys that the functions use", async () => {
    const { resources, find, value } = await record(
      (opts) => new ApprovalLedger("l", { tags: { a: "b" } }, opts),
    );
    assert.equal(resources.length, 2);
    const ledger = find(TABLE, "l");
    assert.equal(ledger.options.protect, true);
    const { attributes, globalSecondaryIndexes, ...rest } = ledger.inputs;
    assert.deepEqual(rest, {
      billingMode: "PAY_PER_REQUEST",
      hashKey: ledgerTable.hashKey,
      rangeKey: ledgerTable.rangeKey,
      ttl: { attributeName: ledgerTable.ttlAttribute, enabled: true },
      pointInTimeRecovery: { enabled: true },
      deletionProtectionEnabled: true,
      tags: { a: "b" },
    });
    assert.deepEqual(attributes, ledgerTable.attributes);
    assert.deepEqual(
      globalSecondaryIndexes,
      ledgerTable.indexes.map(({ projection, ...index }) => ({
        ...index,
        projectionType: projection,
      })),
    );
    const gating = find(TABLE, "l-gating");
    assert.equal(gating.options.protect, true);
    assert.deepEqual(gating.inputs, {
      billingMode: "PAY_PER_REQUEST",
      hashKey: gatingTable.hashKey,
      attributes: gatingTable.attributes,
      globalSecondaryIndexes: [],
      pointInTimeRecovery: { enabled: true },
      deletionProtectionEnabled: true,
      tags: { a: "b" },
    });
    assert.equal(await valueOf(value.gatingTableArn), "arn:aws:dynamodb:::table/l-gating");
  });

  it("gives protection up, uses a key and lets arguments be replaced when told to", async () => {
    const { find } = await record(
      (opts) =>
        new ApprovalLedger(
          "l",
          {
            deletionProtection: false,
            kmsKeyArn: "arn:aws:kms:::key/1",
            transform: { ledger: { streamEnabled: true }, gating: { billingMode: "PROVISIONED" } },
          },
          opts,
        ),
    );
    const { inputs, options } = find(TABLE, "l");
    assert.equal(options.protect, false);
    assert.equal(inputs["deletionProtectionEnabled"], false);
    assert.equal(inputs["streamEnabled"], true);
    assert.deepEqual(inputs["serverSideEncryption"], {
      enabled: true,
      kmsKeyArn: "arn:aws:kms:::key/1",
    });
    assert.equal(find(TABLE, "l-gating").inputs["billingMode"], "PROVISIONED");
  });

  it("refuses what is no answer to whether it is protected", async () => {
    await refused(
      () => new ApprovalLedger("l", { deletionProtection: "no" } as object),
      '`deletionProtection` must be true or false, got "no"',
    );
  });
});
