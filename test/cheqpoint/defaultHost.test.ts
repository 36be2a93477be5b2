import assert from "node:assert/strict";
import { getGlobalDispatcher, MockAgent, setGlobalDispatcher, type Dispatcher } from "undici";
import { createCheqpoint } from "../../functions/cheqpoint/client.ts";
import { createPagerDuty } from "../../functions/pagerduty/client.ts";

/**
 * What goes to the services' own addresses, without a network: the built-in fetch under an agent that answers for
 * them. How the services answer is tested against real servers elsewhere.
 */
describe("The services' own addresses", () => {
  const clock = { now: () => Date.parse("2026-11-23T10:00:00Z") };
  let before: Dispatcher;
  let agent: MockAgent;

  beforeEach(() => {
    before = getGlobalDispatcher();
    agent = new MockAgent();
    agent.disableNetConnect();
    setGlobalDispatcher(agent);
  });

  afterEach(async () => {
    // First of all: a test that fails here must not take the network from those after it.
    setGlobalDispatcher(before);
    agent.assertNoPendingInterceptors();
    await agent.close();
  });

  const approval = { action: "a", summary: "s", details: {}, justification: "j" };
  const submit = (baseUrl?: string) =>
    createCheqpoint({
      ...(baseUrl === undefined ? {} : { baseUrl }),
      connectionKey: () => Promise.resolve("cq_live_key"),
      clock,
    }).submit({ ...approval, riskLevel: "high", priority: "urgent", callbackUrl: "https://g/c" });

  it("Cheqpoint's default is the official client's host", async () => {
    agent
      .get("https://app.cheqpoint.co")
      .intercept({
        path: "/api/webhooks/inbound",
        method: "POST",
        headers: { "x-api-key": "cq_live_key", "content-type": "application/json" },
      })
      .reply(200, { status: "pending", approvalId: "req_1", reviewUrl: "https://app/r" });
    assert.deepEqual(await submit(), {
      approvalId: "req_1",
      reviewUrl: "https://app/r",
      status: "pending",
    });
  });

  it("the recipe's apex host is one setting away, and its redirect is not followed", async () => {
    agent
      .get("https://cheqpoint.co")
      .intercept({ path: "/api/webhooks/inbound", method: "POST" })
      .reply(308, "", { headers: { location: "https://www.cheqpoint.co/api/webhooks/inbound" } });
    await assert.rejects(submit("https://cheqpoint.co"), (error: Error) => {
      assert.match(error.message, /CHEQPOINT_API_URL/);
      assert.match(error.message, /www\.cheqpoint\.co/);
      assert.ok(!error.message.includes("cq_live_key"));
      return true;
    });
  });

  it("PagerDuty's EU region is reached with the token's own form", async () => {
    agent
      .get("https://api.eu.pagerduty.com")
      .intercept({
        path: "/incidents/PINC001?include[]=services&include[]=assignees",
        method: "GET",
        headers: { authorization: "Bearer pd-oauth" },
      })
      .reply(404, { error: { message: "Not Found", code: 2100 } });
    const pagerDuty = createPagerDuty({
      baseUrl: "https://api.eu.pagerduty.com",
      token: () => Promise.resolve("pd-oauth"),
      tokenType: "bearer",
      from: "gate@example.com",
      clock,
    });
    assert.equal(await pagerDuty.incident("PINC001"), null);
  });
});
