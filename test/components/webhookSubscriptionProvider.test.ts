// Calls the providers as the engine does, against a stand-in for PagerDuty's API. That they work once serialised is
// shown by the engine tests.
import assert from "node:assert/strict";
import { subscriptionProvider } from "../../components/webhookSubscriptionProvider.ts";
import type { SubscriptionInputs } from "../../components/webhookSubscriptionProvider.ts";
import { startPagerDuty } from "../engine/fixtures/pagerduty.ts";
import type { PagerDutyFixture, StoredSubscription } from "../engine/fixtures/pagerduty.ts";
import { TOKEN, existing, run, url } from "./providerRuns.ts";

describe("The provider of WebhookSubscription", () => {
  let pagerduty: PagerDutyFixture;
  let inputs: SubscriptionInputs;
  let adopting: SubscriptionInputs;

  beforeEach(async () => {
    pagerduty = await startPagerDuty(TOKEN);
    inputs = {
      url,
      filterType: "account_reference",
      filterId: "",
      events: ["incident.triggered"],
      description: "Approval gate hook",
      customHeaders: {},
      startActive: true,
      keepers: {},
      adoptId: "",
      adoptSecret: "",
      apiUrl: pagerduty.url,
      token: TOKEN,
      tokenType: "token",
      providerVersion: "2",
    };
    adopting = { ...inputs, adoptId: "PSUB777", adoptSecret: "stated-secret" };
    pagerduty.subscriptions.set("PSUB777", existing());
  });
  afterEach(() => pagerduty.close());

  const requestsOf = async (act: () => Promise<unknown>): Promise<string[]> => {
    pagerduty.requests.length = 0;
    await act();
    return [...pagerduty.requests];
  };
  const hook = (): StoredSubscription => {
    const found = pagerduty.subscriptions.get("PSUB777");
    assert.ok(found !== undefined);
    return found;
  };

  describe("with a subscription that it took over", () => {
    it("refuses to replace it for what cannot be changed while it is named", async () => {
      const { diff, create } = await run(subscriptionProvider());
      const { outs } = await create(adopting);
      const changes: [Partial<SubscriptionInputs>, string][] = [
        [{ keepers: { serial: "2" } }, "`keepers`"],
        [{ customHeaders: { "x-gate": "1" } }, "`customHeaders`"],
        [{ url: "https://other.example.com", keepers: { serial: "2" } }, "`url`, `keepers`"],
      ];
      for (const [change, fields] of changes) {
        await assert.rejects(diff("PSUB777", outs, { ...adopting, ...change }), {
          message: `cannot replace webhook subscription PSUB777 for its changed ${fields} while \`existing\` names it. Remove \`existing\`: then a new one is made, with a secret of its own, before this one goes`,
        });
      }
    });

    it("gives a new secret when it is renewed and no longer named", async () => {
      const provider = await run(subscriptionProvider());
      const { outs: olds } = await provider.create(adopting);
      const news = { ...inputs, keepers: { serial: "2" } };
      const { replaces, deleteBeforeReplace } = await provider.diff("PSUB777", olds, news);
      assert.deepEqual(
        { replaces, deleteBeforeReplace },
        { replaces: ["keepers"], deleteBeforeReplace: false },
      );

      const next = await run(subscriptionProvider());
      const requests = await requestsOf(async () => {
        const { id, outs } = await next.create(news);
        assert.deepEqual([id, outs.secret], ["PSUB001", "signing-secret-number-1"]);
        await next.delete("PSUB777", olds);
      });
      assert.deepEqual(requests, [
        "POST /webhook_subscriptions",
        "DELETE /webhook_subscriptions/PSUB777",
      ]);
      assert.deepEqual([...pagerduty.subscriptions.keys()], ["PSUB001"]);
    });

    it("keeps it when its resource is renamed or replaced by force, and deletes it in the end", async () => {
      const { outs: olds } = await (await run(subscriptionProvider())).create(adopting);
      const next = await run(subscriptionProvider());
      const requests = await requestsOf(async () => {
        await next.create(adopting);
        await next.delete("PSUB777", olds);
      });
      assert.deepEqual(requests, [
        "GET /webhook_subscriptions/PSUB777",
        "PUT /webhook_subscriptions/PSUB777",
      ]);

      const last = await run(subscriptionProvider());
      assert.deepEqual(await requestsOf(() => last.delete("PSUB777", olds)), [
        "DELETE /webhook_subscriptions/PSUB777",
      ]);
    });

    it("takes a corrected secret, and keeps it from then on", async () => {
      const { diff, create, update } = await run(subscriptionProvider());
      const { outs: wrong } = await create(adopting);
      const news = { ...adopting, adoptSecret: "corrected-secret" };
      assert.deepEqual(await diff("PSUB777", wrong, news), {
        changes: true,
        replaces: [],
        deleteBeforeReplace: false,
      });
      const corrected = await update("PSUB777", wrong, news);
      assert.equal(corrected.secret, "corrected-secret");
      assert.equal((await diff("PSUB777", corrected, news)).changes, false);

      const unnamed = { ...inputs, description: "another" };
      assert.equal((await update("PSUB777", corrected, unnamed)).secret, "corrected-secret");
    });

    it("takes over another one in its place, and a stated secret of one that it made", async () => {
      const { diff, create, update } = await run(subscriptionProvider());
      const { id, outs: made } = await create(inputs);
      assert.equal(id, "PSUB001");
      assert.deepEqual((await diff(id, made, adopting)).replaces, ["adoptId"]);
      // Not known before an update.
      const mark = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
      assert.deepEqual((await diff(id, made, { ...adopting, adoptId: mark })).replaces, [
        "adoptId",
      ]);

      const stated = { ...inputs, adoptId: id, adoptSecret: "stated-secret" };
      const { changes, replaces } = await diff(id, made, stated);
      assert.deepEqual({ changes, replaces }, { changes: true, replaces: [] });
      assert.equal((await update(id, made, stated)).secret, "stated-secret");
      // No secret but its own can be stated for it.
      assert.equal((await update(id, made, adopting)).secret, "signing-secret-number-1");
    });

    it("says what to do when it is gone", async () => {
      pagerduty.subscriptions.clear();
      const { create } = await run(subscriptionProvider());
      await assert.rejects(create(adopting), {
        message:
          "cannot adopt webhook subscription PSUB777: PagerDuty has none with this id. Remove `existing` to make a new one",
      });
    });

    it("switches it on, unless something else does", async () => {
      const { create } = await run(subscriptionProvider());
      hook().active = false;
      await create({ ...adopting, startActive: false });
      assert.equal(hook().active, false);
      await create(adopting);
      assert.equal(hook().active, true);
    });
  });

  it("notices that somebody switched it off, and switches it on again", async () => {
    const { create, read, diff, update } = await run(subscriptionProvider());
    const { outs } = await create(adopting);
    assert.deepEqual(await read("PSUB777", outs), outs);

    hook().active = false;
    const found = await read("PSUB777", outs);
    assert.deepEqual(found, { ...outs, startActive: false });
    const { changes, replaces } = await diff("PSUB777", found, adopting);
    assert.deepEqual({ changes, replaces }, { changes: true, replaces: [] });
    assert.deepEqual(await update("PSUB777", found, adopting), outs);
    assert.equal(hook().active, true);
  });

  it("leaves it to others whether it is on when it does not start active", async () => {
    const held = { ...adopting, startActive: false };
    const { create, read, diff, update } = await run(subscriptionProvider());
    const { outs } = await create(held);
    hook().active = false;
    const found = await read("PSUB777", outs);
    assert.deepEqual(found, outs);
    assert.equal((await diff("PSUB777", found, held)).changes, false);
    await update("PSUB777", found, { ...held, description: "another" });
    assert.equal(hook().active, false);
    assert.equal((await diff("PSUB777", found, adopting)).changes, true);
    assert.equal((await diff("PSUB777", outs, held)).changes, false);
  });

  describe("with several tokens", () => {
    const OTHER = "token-of-another-account";

    it("uses the stated one before those that are only configured", async () => {
      for (const key of ["pagerduty:token", "pagerdutyToken"]) {
        const {
          create,
          read,
          delete: remove,
        } = await run(subscriptionProvider(), { [key]: OTHER });
        const { id, outs } = await create(inputs);
        await read(id, outs);
        await remove(id, outs);
      }
      assert.deepEqual([...pagerduty.subscriptions.keys()], ["PSUB777"]);
    });

    it("uses a configured one where none is stated: the provider's, then the project's", async () => {
      const unstated = { ...inputs, token: "" };
      const both = { "pagerduty:token": TOKEN, pagerdutyToken: OTHER };
      await (await run(subscriptionProvider(), both)).create(unstated);
      await (await run(subscriptionProvider(), { pagerdutyToken: TOKEN })).create(unstated);
    });

    it("reads and deletes with the renewed one where the stated one is configured", async () => {
      for (const key of ["pagerduty:token", "pagerdutyToken"]) {
        pagerduty.tokens = new Set([TOKEN]);
        const first = await run(subscriptionProvider(), { [key]: TOKEN });
        const { id, outs } = await first.create(inputs);
        const updated = await first.update(id, outs, inputs);
        assert.deepEqual(updated, outs);

        pagerduty.tokens = new Set(["renewed-token"]);
        const later = await run(subscriptionProvider(), { [key]: "renewed-token" });
        assert.deepEqual(await later.read(id, outs), outs);
        await later.delete(id, outs);
        assert.equal(pagerduty.subscriptions.has(id), false);
      }
    });

    it("needs an update where the renewed one is not configured", async () => {
      const { create, read, update } = await run(subscriptionProvider(), {
        "pagerduty:token": OTHER,
      });
      const { id, outs } = await create(inputs);
      pagerduty.tokens = new Set(["renewed-token"]);
      await assert.rejects(read(id, outs), /cannot read webhook subscription PSUB001: HTTP 401/);
      const renewed = await update(id, outs, { ...inputs, token: "renewed-token" });
      assert.deepEqual(await read(id, renewed), renewed);
    });
  });
});
