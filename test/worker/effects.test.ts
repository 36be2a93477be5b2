import assert from "node:assert/strict";
import { createPagerDuty } from "../../functions/pagerduty/client.ts";
import { perform } from "../../functions/worker/effects.ts";
import type { WorkerPorts } from "../../functions/worker/ports.ts";
import { START_MS, VirtualClock } from "../harness/clock.ts";

describe("an execution that custom fields come before", () => {
  const settings = { leaseMs: 30_000, settleMs: 60_000 };

  /** What is sent when setting the fields takes so long, and what comes of it. */
  async function performed(takesMs: number) {
    const clock = new VirtualClock();
    clock.nowMs = START_MS;
    const sent: string[] = [];
    const pagerDuty = createPagerDuty({
      baseUrl: "http://pagerduty.test",
      token: () => Promise.resolve("token-of-the-test"),
      from: "gate@example.com",
      clock,
      fetch: (url, { method }) => {
        sent.push(`${method ?? ""} ${new URL(url).pathname}`);
        clock.advance(method === "PUT" ? takesMs : 0);
        const invocation = { id: "01INV1", state: "created" };
        const fields = [{ name: "max_replicas", value: 3 }];
        return Promise.resolve(Response.json({ invocation, custom_fields: fields }));
      },
    });
    const metrics = { count: () => undefined };
    const ports = { clock, settings, pagerDuty, metrics } as unknown as WorkerPorts;
    const order = {
      target: { kind: "automationAction" as const, actionId: "01ACTION" },
      incidentId: "PINC001",
      customFields: { max_replicas: 3 },
      mark: "prop_1",
    };
    const result = await perform(ports, { kind: "execute", order, claimedAtMs: START_MS }, "");
    return { sent, result };
  }

  const FIELDS = "PUT /incidents/PINC001/custom_fields/values";
  const READ = "GET /incidents/PINC001/custom_fields/values";
  const INVOKE = "POST /automation_actions/actions/01ACTION/invocations";

  it("is sent while its claim is good", async () => {
    const { sent, result } = await performed(29_999);
    assert.deepEqual(sent, [FIELDS, READ, INVOKE]);
    assert.equal(result.ok, true);
  });

  it("is not sent any more when its claim ran out meanwhile", async () => {
    const { sent, result } = await performed(30_000);
    assert.deepEqual(sent, [FIELDS, READ]);
    assert.ok(!result.ok);
    const { message, nothingDone, retryable } = result.error;
    assert.deepEqual(
      { message, nothingDone, retryable },
      {
        message: "not sent: 30000 ms had gone since everything was checked",
        nothingDone: true,
        retryable: true,
      },
    );
  });
});
