// What SNS posts is written here as AWS documents it; neither its signature nor a real topic takes part.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { startWorld } from "./harness.ts";
import type { Reply, World } from "./harness.ts";

const ALARM = {
  AlarmName: "gate-monitoring-bypass",
  AlarmDescription: "A gated action ran in PagerDuty without the gate.",
  AWSAccountId: "123456789012",
  NewStateValue: "ALARM",
  NewStateReason: "Threshold Crossed",
  OldStateValue: "OK",
  Region: "EU (Frankfurt)",
};

describe("the emulator's Amazon CloudWatch integration", () => {
  let world: World;
  let id: string;
  let key: string;

  beforeEach(async () => {
    world = await startWorld({ eventsPerMinute: 5 });
    const { vendors } = (await world.call("GET", "/vendors?query=amazon%20cloudwatch")).body;
    const [{ id: vendor, generic_service_type: type }] = vendors;
    const made = await world.call("POST", "/services/PSVC003/integrations", {
      integration: {
        type,
        name: "Approval gate alarms",
        service: { id: "PSVC003", type: "service_reference" },
        vendor: { id: vendor, type: "vendor_reference" },
      },
    });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    id = made.body.integration.id;
    key = made.body.integration.integration_key;
  });

  afterEach(() => world.emulator.stop());

  /** As SNS sends it: JSON that is called plain text, with no credentials of PagerDuty's. */
  const post = (content: unknown, to = key) =>
    world.call("POST", `/integration/${to}/enqueue`, JSON.stringify(content), {
      token: null,
      from: null,
      headers: { "content-type": "text/plain; charset=UTF-8" },
    });

  const notify = (change: Record<string, unknown> = {}) => {
    const alarm = { ...ALARM, ...change };
    return post({
      Type: "Notification",
      MessageId: "c2228c71",
      TopicArn: "arn:aws:sns:eu-central-1:123456789012:gate-monitoring",
      Subject: `${alarm.NewStateValue}: "${alarm.AlarmName}" in ${alarm.Region}`,
      Message: JSON.stringify(alarm),
      Timestamp: "2026-11-23T09:59:00.000Z",
    });
  };

  const incidents = async (): Promise<Reply["body"][]> =>
    (await world.call("GET", "/incidents")).body.incidents;

  const statuses = async () => (await incidents()).map(({ status }) => status);

  it("finds its vendor by name, page by page as well", async () => {
    const page = async (query: string) => (await world.call("GET", `/vendors?${query}`)).body;
    const first = await page("query=Amazon&limit=1");
    assert.equal(first.more, true);
    assert.equal(first.vendors[0].name, "Amazon CloudWatch");
    const second = await page("query=Amazon&limit=1&offset=1");
    assert.equal(second.more, false);
    assert.equal(second.vendors[0].name, "Amazon EventBridge");
    const { vendor } = (await world.call("GET", "/vendors/PVEND01")).body;
    assert.deepEqual(vendor, {
      id: "PVEND01",
      type: "vendor",
      summary: "Amazon CloudWatch",
      self: `${world.emulator.url}/vendors/PVEND01`,
      html_url: null,
      name: "Amazon CloudWatch",
      generic_service_type: "event_transformer_api_inbound_integration",
    });
  });

  it("is an integration of that vendor, which must be one that there is", async () => {
    const path = `/services/PSVC003/integrations/${id}`;
    const { integration } = (await world.call("GET", path)).body;
    assert.equal(integration.type, "event_transformer_api_inbound_integration");
    assert.deepEqual(integration.vendor, {
      id: "PVEND01",
      type: "vendor_reference",
      summary: "Amazon CloudWatch",
      self: `${world.emulator.url}/vendors/PVEND01`,
      html_url: null,
    });
    const changed = await world.call("PUT", path, {
      integration: { vendor: { id: "PVEND99", type: "vendor_reference" } },
    });
    assert.equal(changed.status, 400);
    assert.deepEqual(changed.body.error.errors, ['`vendor`: no vendor has the id "PVEND99"']);
  });

  it("confirms the subscription of a topic", async () => {
    const asked: string[] = [];
    const sns = createServer((incoming, outgoing) => {
      asked.push(`${incoming.method} ${incoming.url}`);
      outgoing.end();
    });
    const listening = Promise.withResolvers<void>();
    sns.listen(0, "127.0.0.1", listening.resolve);
    await listening.promise;
    const address = `http://127.0.0.1:${(sns.address() as AddressInfo).port}`;
    const { status } = await post({
      Type: "SubscriptionConfirmation",
      Token: "one-time-token",
      SubscribeURL: `${address}/?Action=ConfirmSubscription&Token=one-time-token`,
    });
    assert.equal(status, 202);
    await world.emulator.tick();
    assert.deepEqual(asked, ["GET /?Action=ConfirmSubscription&Token=one-time-token"]);
    assert.deepEqual(await incidents(), []);
    sns.close();
  });

  it("visits nobody but SNS to confirm", async () => {
    for (const SubscribeURL of [
      "https://sns.eu-central-1.amazonaws.com.example.com/?Action=ConfirmSubscription",
      "http://sns.eu-central-1.amazonaws.com/",
      "http://169.254.169.254/latest/meta-data",
      "file:///etc/passwd",
      "confirm",
    ]) {
      const { status, body } = await post({ Type: "SubscriptionConfirmation", SubscribeURL });
      assert.equal(status, 400, SubscribeURL);
      assert.deepEqual(body.errors, ["`SubscribeURL`: must be an address of SNS"]);
    }
  });

  it("goes on when nobody is there to confirm to", async () => {
    const nobody = "http://127.0.0.1:9/?Action=ConfirmSubscription";
    const { status } = await post({ Type: "SubscriptionConfirmation", SubscribeURL: nobody });
    assert.equal(status, 202);
    await world.emulator.tick();
    assert.equal((await notify()).status, 202);
  });

  it("opens one incident while an alarm is on, and resolves it when the alarm is over", async () => {
    assert.deepEqual((await notify()).body, {
      status: "success",
      message: "Event processed",
      dedup_key: ALARM.AlarmName,
    });
    await notify();
    const [incident, ...others] = await incidents();
    assert.deepEqual(others, []);
    assert.equal(incident.title, 'ALARM: "gate-monitoring-bypass" in EU (Frankfurt)');
    assert.equal(incident.service.id, "PSVC003");
    assert.equal(incident.status, "triggered");
    const { alerts } = (await world.call("GET", `/incidents/${incident.id}/alerts`)).body;
    assert.deepEqual(
      alerts.map(({ alert_key, body }: Reply["body"]) => [alert_key, body.details]),
      [[ALARM.AlarmName, ALARM]],
    );
    assert.equal(alerts[0].integration.id, id);
    await notify({ AlarmName: "gate-monitoring-sweep-silent" });
    await notify({ NewStateValue: "OK" });
    assert.deepEqual((await statuses()).sort(), ["resolved", "triggered"]);
  });

  it("also pages for an alarm without data, which resolves nothing", async () => {
    await notify();
    await notify({ NewStateValue: "INSUFFICIENT_DATA" });
    assert.deepEqual(await statuses(), ["triggered"]);
    await notify({ AlarmName: "other", NewStateValue: "INSUFFICIENT_DATA" });
    assert.deepEqual(await statuses(), ["triggered", "triggered"]);
  });

  it("drops what is no alarm", async () => {
    for (const Message of ["hello", '"hello"', '{"NewStateValue":"ALARM"}']) {
      assert.equal((await post({ Type: "Notification", Message })).status, 202, Message);
    }
    assert.equal((await post({ Type: "UnsubscribeConfirmation" })).status, 202);
    assert.equal((await notify({ NewStateValue: "UNKNOWN" })).status, 202);
    assert.deepEqual(await incidents(), []);
  });

  it("refuses other keys, other vendors' integrations and what SNS does not send", async () => {
    const unknown = await post({ Type: "UnsubscribeConfirmation" }, "0".repeat(32));
    assert.equal(unknown.status, 400);
    assert.deepEqual(unknown.body.errors, ["Invalid routing key"]);
    const { body } = await world.call("GET", "/services/PSVC001/integrations/PINT001");
    const other = await post(
      { Type: "UnsubscribeConfirmation" },
      body.integration.integration_key as string,
    );
    assert.equal(other.status, 400);
    assert.deepEqual(other.body.errors, [
      "the emulator takes notifications for Amazon CloudWatch only",
    ]);
    // With raw message delivery there is no envelope.
    assert.equal((await post(ALARM)).status, 400);
  });

  it("throttles a key until the minute ends, and knows it no longer once it is removed", async () => {
    for (let count = 0; count < 5; count++) {
      assert.equal((await notify()).status, 202);
    }
    assert.equal((await notify()).status, 429);
    world.clock.advance(60_000);
    assert.equal((await notify({ NewStateValue: "OK" })).status, 202);
    assert.deepEqual(await statuses(), ["resolved"]);
    await world.call("DELETE", `/services/PSVC003/integrations/${id}`);
    assert.equal((await notify()).status, 400);
  });

  it("logs neither the key nor what confirms a subscription", async () => {
    await post({
      Type: "SubscriptionConfirmation",
      Token: "one-time-token",
      SubscribeURL: "http://127.0.0.1:9/?Token=one-time-token",
    });
    const { requests } = (await world.call("GET", "/_emulator/requests")).body;
    const { path } = requests.at(-1);
    assert.equal(path, "/integration/-- redacted --/enqueue");
    assert.doesNotMatch(JSON.stringify(requests), new RegExp(`one-time-token|${key}`));
  });
});
