import assert from "node:assert/strict";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { z } from "zod";
import { createDynamoGatingStore, gatingCheck } from "../../functions/aws/dynamoGatingStore.ts";
import { nameKey, serviceKey } from "../../functions/aws/tableDefinition.ts";
import { gatingHash, parseServiceGating, rulesByName } from "../../functions/gate/gating/index.ts";
import { awsError, startFakeAws } from "./fakeAws.ts";
import type { FakeAws } from "./fakeAws.ts";

const question = z.object({
  Key: z.object({ pk: z.object({ S: z.string() }) }),
  ConsistentRead: z.literal(true),
});

const writtenItem = z.object({ Item: z.record(z.string(), z.object({ S: z.string() })) });

const payments = {
  runbooks: { restart: { automationAction: "PACT1" } },
  rules: [{ name: "all", decision: "requireApproval" }],
  otherwise: "deny",
};

describe("createDynamoGatingStore", () => {
  let aws: FakeAws;
  let items: Record<string, Record<string, string>>;

  const store = () => createDynamoGatingStore(new DynamoDBClient(aws.config), "gating");
  const list = (id: string, name: string, gating: unknown) => {
    items[serviceKey(id)] = { serviceId: id, serviceName: name, gating: JSON.stringify(gating) };
    items[nameKey(name)] = { serviceId: id };
  };

  beforeEach(async () => {
    items = { defaults: { gating: JSON.stringify({ proposals: "deny" }) } };
    list("PSVC1", "payments-db", payments);
    aws = await startFakeAws(({ operation, input }) => {
      if (operation === "PutItem") {
        const { pk, ...item } = writtenItem.parse(input).Item;
        items[pk?.S ?? ""] = Object.fromEntries(
          Object.entries(item).map(([name, { S }]) => [name, S]),
        );
        return { body: {} };
      }
      const { pk } = question.parse(input).Key;
      const item = items[pk.S];
      const attributes = Object.entries(item ?? {}).map(([name, S]) => [name, { S }]);
      return {
        body: item === undefined ? {} : { Item: { pk, ...Object.fromEntries(attributes) } },
      };
    });
  });

  afterEach(async () => {
    await aws.close();
  });

  it("finds a renamed service by what it was learned to be called, for as long as it is called so", async () => {
    const one = store();
    const called = async (name: string) => (await one.find({ id: name, name })).listed;
    assert.equal(await called("payments v2"), false);
    assert.equal(await one.learn("PSVC1", { id: "PSVC1", name: "payments v2" }), true);
    assert.equal(await called("payments v2"), true);
    // Known to others as well, and written once.
    const writes = () => aws.calls.filter(({ operation }) => operation === "PutItem").length;
    assert.equal(await store().learn("PSVC1", { id: "PSVC1", name: "payments v2" }), false);
    assert.equal(writes(), 2);
    assert.equal((await one.find({ id: "PSVC9", name: "payments v2" })).listed, false);
    await one.learn("PSVC1", { id: "PSVC1", name: "payments v3" });
    assert.deepEqual([await called("payments v2"), await called("payments v3")], [false, true]);
    assert.deepEqual(
      Object.keys(items).filter((pk) => pk.startsWith("c")),
      ["called#payments v2", "current#PSVC1", "called#payments v3"],
    );
  });

  it("finds a service by id, by name or by either, always under its id", async () => {
    const gating = parseServiceGating("PSVC1", payments);
    const expected = {
      key: "PSVC1",
      serviceId: "PSVC1",
      listed: true,
      hash: gatingHash(gating),
      gating,
    };
    const own = { name: "gating service#PSVC1", version: JSON.stringify(payments) };
    for (const service of [
      { id: "PSVC1", name: "payments-db" },
      { id: "PSVC1", name: null },
      { id: null, name: "payments-db" },
      { id: "payments-db", name: "payments-db" },
      { id: "PSVC1", name: "renamed in PagerDuty" },
    ]) {
      const { seen, ...found } = await store().find(service);
      assert.deepEqual(found, expected);
      // What came before it in the search must still not be there.
      const before =
        service.id === "PSVC1"
          ? []
          : [
              ...(service.id === null
                ? []
                : [{ name: "gating service#payments-db", version: null }]),
              { name: "gating name#payments-db", version: "PSVC1" },
            ];
      assert.deepEqual(seen, [...before, own]);
    }
  });

  it("gives a service's gating to no other that takes over its name", async () => {
    const found = await store().find({ id: "PSVC9", name: "payments-db" });
    assert.equal(found.listed, false);
    assert.equal(found.key, "payments-db");
    assert.deepEqual(
      found.seen.map(({ name }) => name),
      [
        "gating service#PSVC9",
        "gating name#payments-db",
        "gating service#PSVC1",
        "gating defaults",
      ],
    );
  });

  it("tells for a service that is not listed that it is not, and the defaults", async () => {
    const defaults = { name: "gating defaults", version: items["defaults"]?.["gating"] };
    const { seen } = await store().find({ id: "PSVC9", name: "checkout" });
    assert.deepEqual(seen, [
      { name: "gating service#PSVC9", version: null },
      { name: "gating name#checkout", version: null },
      defaults,
    ]);
    delete items[serviceKey("PSVC1")];
    assert.deepEqual((await store().find({ id: "PSVC1", name: "payments-db" })).seen, [
      { name: "gating service#PSVC1", version: null },
      { name: "gating name#payments-db", version: "PSVC1" },
      defaults,
    ]);
  });

  it("lets a save require all that in its transaction, in the table of gating", () => {
    const of = (name: string, version: string | null) => gatingCheck("gating", { name, version });
    assert.deepEqual(of("gating service#PSVC1", "{}"), {
      check: { pk: "service#PSVC1" },
      table: "gating",
      condition: { expression: "gating = :seen", values: { ":seen": "{}" } },
    });
    assert.deepEqual(of("gating name#checkout", "PSVC2"), {
      check: { pk: "name#checkout" },
      table: "gating",
      condition: { expression: "serviceId = :seen", values: { ":seen": "PSVC2" } },
    });
    assert.deepEqual(of("gating service#PSVC9", null), {
      check: { pk: "service#PSVC9" },
      table: "gating",
      condition: { expression: "attribute_not_exists(pk)" },
    });
    assert.equal(of("P1 sha256:abc", null), null);
  });

  it("prefers the id: a service that took over another's name keeps its own gating", async () => {
    list("PSVC2", "checkout", { ...payments, otherwise: "requireApproval" });
    const found = await store().find({ id: "PSVC2", name: "payments-db" });
    assert.equal(found.key, "PSVC2");
    assert.equal(found.gating.otherwise, "requireApproval");
  });

  it("answers for a service that is not listed with the defaults", async () => {
    const found = await store().find({ id: "PSVC9", name: "checkout" });
    assert.equal(found.key, "checkout");
    assert.equal(found.listed, false);
    assert.equal(found.gating.otherwise, "deny");
    assert.equal(found.hash, gatingHash(found.gating));
    assert.equal((await store().find({ id: null, name: null })).listed, false);
    assert.equal((await store().find({ id: "x".repeat(3_000), name: "" })).listed, false);
  });

  it("takes a name whose service is gone for not listed", async () => {
    delete items[serviceKey("PSVC1")];
    assert.equal((await store().find({ id: null, name: "payments-db" })).listed, false);
  });

  it("sees a change at the next look", async () => {
    const port = store();
    const before = await port.find({ id: "PSVC1", name: null });
    assert.deepEqual(await port.find({ id: "PSVC1", name: null }), before);
    list("PSVC1", "payments-db", { ...payments, otherwise: "requireApproval" });
    const after = await port.find({ id: "PSVC1", name: null });
    assert.equal(after.gating.otherwise, "requireApproval");
    assert.notEqual(after.hash, before.hash);
  });

  it("has one hash for one gating, however its keys were ordered", async () => {
    const before = await store().find({ id: "PSVC1", name: null });
    list("PSVC1", "payments-db", Object.fromEntries(Object.entries(payments).reverse()));
    assert.equal((await store().find({ id: "PSVC1", name: null })).hash, before.hash);
  });

  it("reads rules by name as the list that they were written as, with its hash", async () => {
    const before = await store().find({ id: "PSVC1", name: null });
    list("PSVC1", "payments-db", rulesByName(payments));
    assert.match(items[serviceKey("PSVC1")]?.["gating"] ?? "", /"order":"all"/);
    const after = await store().find({ id: "PSVC1", name: null });
    assert.deepEqual([after.gating, after.hash], [before.gating, before.hash]);
  });

  it("rejects what cannot be gating rather than let anything pass", async () => {
    list("PSVC1", "payments-db", { otherwise: "perhaps" });
    await assert.rejects(store().find({ id: "PSVC1", name: null }), { name: "GatingError" });
    items[serviceKey("PSVC1")] = { serviceId: "PSVC1", gating: "{" };
    await assert.rejects(store().find({ id: "PSVC1", name: null }), {
      message: '`gating` of the gating table\'s item "service#PSVC1" must be JSON',
    });
    list("PSVC1", "payments-db", { ...payments, rules: { all: payments.rules[0] }, order: "any" });
    await assert.rejects(store().find({ id: "PSVC1", name: null }), {
      message:
        '`order` in the gating of the gating table\'s item "service#PSVC1" must name each of its rules once',
    });
    delete items["defaults"];
    await assert.rejects(store().find({ id: "PSVC9", name: null }), {
      message: "the gating table gating has no item `defaults`",
    });
  });

  it("rejects when the table cannot be read", async () => {
    await aws.close();
    aws = await startFakeAws(() => awsError("ResourceNotFoundException"));
    await assert.rejects(store().find({ id: "PSVC1", name: null }), {
      name: "ResourceNotFoundException",
    });
  });
});
