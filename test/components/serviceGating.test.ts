import assert from "node:assert/strict";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { ServiceGating, defineServiceGating } from "../../components/index.ts";
import type { ServiceGatingArgs } from "../../components/index.ts";
import { checkedServiceGating } from "../../components/serviceGating.ts";
import { record, refused, untyped, valueOf } from "./mocks.ts";

const ITEM = "aws:dynamodb/tableItem:TableItem";
const SERVICE = "pagerduty:index/service:Service";

const gate = {
  name: "project-stack-gate",
  region: "eu-central-1",
  gatingTableName: "gating",
  gatingTableArn: "arn:gating",
  proposalsUrl: "https://gate.example.com/proposals",
};
const gating = defineServiceGating({
  runbooks: { restart: { automationAction: "01RESTART" } },
  rules: [{ name: "ask", match: { runbook: "restart" }, decision: "requireApproval", sla: "5m" }],
});

const make = (more: Partial<ServiceGatingArgs>, options = {}) =>
  record((opts) => new ServiceGating("s", { gate, gating, ...more }, opts), options);

const itemOf = (inputs: Record<string, unknown>): unknown => JSON.parse(String(inputs["item"]));

describe("ServiceGating", () => {
  it("writes the gating of a service that is looked up by name, and nothing else", async () => {
    const { resources, find, value } = await make({ service: "payments-db" });
    assert.deepEqual(
      resources.map(({ type, name, parents }) => [type, name, parents]),
      [
        ["pagerduty-approval-gate:index:ServiceGating", "s", []],
        [ITEM, "s", ["ServiceGating s"]],
        [ITEM, "s-name", ["ServiceGating s"]],
      ],
    );
    for (const item of ["s", "s-name"]) {
      const { tableName, hashKey, region } = find(ITEM, item).inputs;
      assert.deepEqual(
        { tableName, hashKey, region },
        { tableName: "gating", hashKey: "pk", region: "eu-central-1" },
      );
    }
    assert.deepEqual(itemOf(find(ITEM, "s").inputs), {
      pk: { S: "service#PSVC001" },
      serviceId: { S: "PSVC001" },
      serviceName: { S: "payments-db" },
      gating: {
        S: '{"rules":[{"decision":"requireApproval","match":{"runbook":"restart"},"name":"ask","sla":"5m"}],"runbooks":{"restart":{"automationAction":"01RESTART"}}}',
      },
    });
    assert.deepEqual(itemOf(find(ITEM, "s-name").inputs), {
      pk: { S: "name#payments-db" },
      serviceId: { S: "PSVC001" },
    });
    assert.equal(await valueOf(value.serviceId), "PSVC001");
    assert.equal(value.manualTaskKey, undefined);
  });

  for (const [how, given] of [
    ["at once", 2],
    ["later", pulumi.output(2)],
  ] as const) {
    it(`keeps rules by name where the gate says ${how} that it reads that`, async () => {
      const { find } = await make({
        service: "payments-db",
        gate: { ...gate, gatingForm: given as number },
      });
      const { gating: kept } = itemOf(find(ITEM, "s").inputs) as { gating: { S: string } };
      assert.equal(
        kept.S,
        '{"order":"ask","rules":{"ask":{"decision":"requireApproval","match":{"runbook":"restart"},"sla":"5m"}},"runbooks":{"restart":{"automationAction":"01RESTART"}}}',
      );
    });
  }

  for (const preview of [false, true]) {
    describe(`in ${preview ? "a preview" : "an update"}`, () => {
      const written = async (service: pulumi.Input<string>) => {
        const { find, ofType } = await make({ service }, { preview });
        const item = itemOf(find(ITEM, "s").inputs) as Record<string, { S: string }>;
        return {
          key: item["pk"]?.S,
          name: item["serviceName"]?.S,
          nameItem: itemOf(find(ITEM, "s-name").inputs),
          read: ofType(SERVICE).map(({ name, options }) => [name, options.id]),
        };
      };

      it("reads a service that is given by id, in whatever form", async () => {
        const id = "Q1A2B3C4D5E6F7";
        for (const service of ["PSVC777", id]) {
          for (const given of [service, pulumi.output(service), Promise.resolve(service)]) {
            assert.deepEqual(await written(given), {
              key: `service#${service}`,
              name: "payments-db",
              nameItem: { pk: { S: "name#payments-db" }, serviceId: { S: service } },
              read: [["s", service]],
            });
          }
        }
      });

      it("takes no name for an id", async () => {
        for (const service of [
          "PAYMENTS",
          "PLATFORM",
          "QUEUE",
          "QUOTES",
          "PSVC77",
          "payments-db",
        ]) {
          for (const given of [service, pulumi.output(service)]) {
            assert.deepEqual(await written(given), {
              key: "service#PSVC001",
              name: service,
              nameItem: { pk: { S: `name#${service}` }, serviceId: { S: "PSVC001" } },
              read: [],
            });
          }
        }
      });
    });
  }

  it("takes a service that is a resource, without looking it up", async () => {
    const { find } = await make({
      pagerdutyService: { id: pulumi.output("PNEW001"), name: pulumi.output("new service") },
    });
    const item = itemOf(find(ITEM, "s").inputs) as Record<string, { S: string }>;
    assert.equal(item["pk"]?.S, "service#PNEW001");
    assert.equal(item["serviceName"]?.S, "new service");
  });

  it("gives the same record for the same gating in another order", async () => {
    const { rules, runbooks } = gating;
    const first = await make({ service: "payments-db", gating: { rules, runbooks } });
    const second = await make({ service: "payments-db", gating: { runbooks, rules } });
    assert.equal(first.find(ITEM, "s").inputs["item"], second.find(ITEM, "s").inputs["item"]);
  });

  it("makes an integration for manual tasks when asked, with a secret key", async () => {
    const { find, value } = await make({ service: "payments-db", manualTaskIntegration: true });
    const integration = find("pagerduty:index/serviceIntegration:ServiceIntegration", "s");
    assert.deepEqual(integration.inputs, {
      service: "PSVC001",
      name: "Approval gate: manual tasks",
      type: "events_api_v2_inbound_integration",
    });
    assert.ok(value.manualTaskKey !== undefined);
    assert.equal(await pulumi.isSecret(value.manualTaskKey), true);
    assert.equal(await valueOf(value.manualTaskKey), "key-of-s");
  });

  it("takes the gate of another stack", async () => {
    const { find } = await record((opts) => {
      const other = new pulumi.StackReference("organization/gate/prod", {}, opts);
      const reference = other.requireOutput("gate") as pulumi.Output<typeof gate>;
      return new ServiceGating("s", { gate: reference, service: "payments-db", gating }, opts);
    });
    const { tableName, region } = find(ITEM, "s").inputs;
    assert.deepEqual(
      { tableName, region },
      { tableName: "gating-of-another-stack", region: "ap-south-1" },
    );
  });

  it("previews before the gate and the service exist", async () => {
    const { resources, find } = await record(
      (opts) => {
        const table = new aws.dynamodb.Table("t", { attributes: [] }, opts);
        const unknown = table.arn;
        return new ServiceGating(
          "s",
          {
            gate: pulumi.output({ ...gate, proposalsUrl: unknown }),
            pagerdutyService: { id: table.id, name: "new service" },
            gating,
          },
          opts,
        );
      },
      { preview: true },
    );
    assert.equal(resources.filter(({ type }) => type === ITEM).length, 2);
    assert.equal(find(ITEM, "s").inputs["tableName"], "gating");
    assert.equal(find(ITEM, "s").inputs["region"], "eu-central-1");
  });

  it("previews a service whose id is not known yet", async () => {
    const { find, ofType } = await record(
      (opts) => {
        const table = new aws.dynamodb.Table("t", { attributes: [] }, opts);
        return new ServiceGating("s", { gate, service: table.arn, gating }, opts);
      },
      { preview: true },
    );
    assert.deepEqual(ofType(SERVICE), []);
    assert.equal(ofType(ITEM).length, 2);
    assert.notEqual(typeof find(ITEM, "s").inputs["item"], "string");
  });

  describe("with a rule for an event", () => {
    const waiting = defineServiceGating({
      runbooks: { restart: { automationAction: "01RESTART" } },
      rules: [
        { name: "ask", match: { proposer: "sre" }, decision: "requireApproval" },
        {
          match: { event: "incident.annotated" },
          propose: "restart",
          decision: "allow",
          name: "notes",
        },
      ],
    });
    const heard = ["incident.action_invocation.created", "incident.triggered"];
    const message =
      'services.db.rules[1] (notes): `match.event` must be an event that the gate subscribes to: incident.triggered, got "incident.annotated"; `webhook.events` of the gate sets them (`webhookEvents` in the configuration of its stack)';
    const withGate = (more: object) =>
      make({ service: "db", gating: waiting, gate: { ...gate, ...more } });

    it("is refused at once where the gate is known and does not subscribe to it", async () => {
      await refused(
        () =>
          new ServiceGating("s", {
            gate: { ...gate, subscribedEvents: heard },
            service: "db",
            gating: waiting,
          }),
        message,
      );
    });

    it("is refused when gate or gating are known", async () => {
      for (const [written, subscribed] of [
        [pulumi.output(waiting), heard],
        [waiting, pulumi.output(heard)],
        [pulumi.output(waiting), Promise.resolve(heard)],
      ] as const) {
        await assert.rejects(valueOf(checkedServiceGating("db", written, subscribed)), { message });
        const others = pulumi.output(subscribed).apply((all) => [...all, "incident.annotated"]);
        assert.deepEqual(await valueOf(checkedServiceGating("db", written, others)), waiting);
      }
    });

    it("is accepted by a gate that does not tell to what it subscribes", async () => {
      for (const subscribed of [undefined, null, "incident.triggered", [1]]) {
        await withGate({ subscribedEvents: subscribed });
      }
      await withGate({ subscribedEvents: [...heard, "incident.annotated"] });
    });

    it("refuses what else is wrong before the gate is known", () => {
      assert.throws(
        () =>
          checkedServiceGating(
            "db",
            untyped({ ...waiting, otherwise: "maybe" }),
            pulumi.output(heard),
          ),
        { message: 'services.db: `otherwise` must be allow, deny or requireApproval, got "maybe"' },
      );
    });
  });

  it("refuses what cannot work", async () => {
    const bad = (more: object) => () => new ServiceGating("s", { gate, gating, ...more });
    const either = "Exactly one of `service` and `pagerdutyService` must be given";
    await refused(bad({}), either);
    await refused(bad({ service: "a", pagerdutyService: { id: "PSVC001", name: "a" } }), either);
    await refused(
      bad({ service: " " }),
      '`service` must be the name or id of a PagerDuty service, got " "',
    );
    await refused(
      bad({ pagerdutyService: { id: "PSVC001" } }),
      "`pagerdutyService.name` must be given, got undefined; `service` takes an id or a name alone",
    );
    await refused(
      bad({ pagerdutyService: { name: "a" } }),
      "`pagerdutyService.id` must be given, got undefined; `service` takes an id or a name alone",
    );
    await refused(
      bad({ service: "a", manualTaskIntegration: "true" }),
      '`manualTaskIntegration` must be true or false, got "true"',
    );
    await refused(bad({ service: "a", gating: undefined }), "`gating` must be given");
    await refused(
      bad({ service: "a", gate: { name: "x" } }),
      "`gate` must be the output `gate` of an ApprovalGate, got undefined as its `gatingTableName`",
    );
    await refused(
      bad({ service: "a", gate: { ...gate, region: "" } }),
      '`gate` must be the output `gate` of an ApprovalGate, got "" as its `region`',
    );
    await refused(
      bad({ service: "a", gates: gate }),
      "`gates` is no argument; there are gate, service, pagerdutyService, gating, manualTaskIntegration",
    );
    await assert.rejects(
      record(bad({ service: "payments-db", gating: { rules: [{ name: "r" }] } })),
      /services\.payments-db\.rules\[0\].*`decision`/s,
    );
  });
});
