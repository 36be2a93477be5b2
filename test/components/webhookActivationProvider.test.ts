import assert from "node:assert/strict";
import { activationProvider } from "../../components/webhookActivationProvider.ts";
import type { ActivationInputs } from "../../components/webhookActivationProvider.ts";
import { startPagerDuty } from "../engine/fixtures/pagerduty.ts";
import type { PagerDutyFixture } from "../engine/fixtures/pagerduty.ts";
import { TOKEN, existing, run } from "./providerRuns.ts";

describe("The provider of WebhookActivation", () => {
  let pagerduty: PagerDutyFixture;
  let inputs: ActivationInputs;

  beforeEach(async () => {
    pagerduty = await startPagerDuty(TOKEN);
    pagerduty.subscriptions.set("PSUB777", existing({ active: false }));
    inputs = {
      subscriptionId: "PSUB777",
      apiUrl: pagerduty.url,
      token: TOKEN,
      tokenType: "token",
      providerVersion: "2",
    };
  });
  afterEach(() => pagerduty.close());

  it("leaves the subscription on when its resource is renamed or replaced by force", async () => {
    const { outs: olds } = await (await run(activationProvider())).create(inputs);
    const next = await run(activationProvider());
    await next.create(inputs);
    await next.delete("PSUB777", olds);
    assert.equal(pagerduty.subscriptions.get("PSUB777")?.active, true);

    await (await run(activationProvider())).delete("PSUB777", olds);
    assert.equal(pagerduty.subscriptions.get("PSUB777")?.active, false);
  });

  it("uses the stated token, or the renewed one where that is configured", async () => {
    const { create } = await run(activationProvider(), { "pagerduty:token": "another-account's" });
    await create(inputs);
    const first = await run(activationProvider(), { pagerdutyToken: TOKEN });
    const { id, outs } = await first.create(inputs);
    pagerduty.tokens = new Set(["renewed-token"]);
    const later = await run(activationProvider(), { pagerdutyToken: "renewed-token" });
    assert.deepEqual(await later.read(id, outs), outs);
    await later.delete(id, outs);
    assert.equal(pagerduty.subscriptions.get("PSUB777")?.active, false);
  });
});
