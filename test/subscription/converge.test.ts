// Drives PagerDuty's emulator. Not shown: PagerDuty itself, and what Lambda adds.
import assert from "node:assert/strict";
import { goodSecrets, type SigningRecord, type Wanted } from "../../functions/aws/signingRecord.ts";
import { createWebhookAdmin, type WebhookAdmin } from "../../functions/pagerduty/webhookAdmin.ts";
import { converge, giveUp, heal } from "../../functions/subscription/converge.ts";
import { handleInvocation } from "../../functions/subscription/invocation.ts";
import type { SubscriptionPorts } from "../../functions/subscription/ports.ts";
import { startPagerDutyEmulator, type PagerDutyEmulator } from "../../emulators/pagerduty/index.ts";
import { LogLines } from "../harness/log.ts";

const DAY_MS = 86_400_000;

interface Seen {
  id: string;
  active: boolean;
  description: string;
  delivery_method: { url: string; temporarily_disabled: boolean };
}

describe("the gate's own webhook subscriptions", () => {
  let nowMs = Date.parse("2026-11-23T10:00:00Z");
  const clock = { now: () => nowMs };
  let pagerDuty: PagerDutyEmulator;
  let record: SigningRecord | null;
  let writes: number;
  let ports: SubscriptionPorts;
  /** Secrets by id, as only the creation's answer told them. */
  let told: Map<string, string>;

  const wanted: Wanted = {
    url: "https://gate.example.com/pagerduty/webhook",
    description: "Approval gate acme-prod-gate-0a1b2c3d",
    events: ["incident.triggered", "incident.resolved"],
    scopes: [{ key: "account", type: "account_reference", id: null }],
    serial: "",
  };

  beforeEach(async () => {
    pagerDuty = await startPagerDutyEmulator({ dataFile: ":memory:", port: 0, clock });
    record = null;
    writes = 0;
    told = new Map();
    const admin = createWebhookAdmin({
      baseUrl: pagerDuty.url,
      token: () => Promise.resolve(pagerDuty.token),
      from: pagerDuty.from,
      clock,
      wait: () => Promise.resolve(),
    });
    ports = {
      admin: {
        ...admin,
        create: async (terms) => {
          const made = await admin.create(terms);
          told.set(made.id, made.secret ?? "");
          return made;
        },
      },
      store: {
        read: async () => structuredClone(record),
        write: async (next) => {
          writes += 1;
          record = structuredClone(next);
        },
      },
      clock,
      log: new LogLines(),
    };
  });
  afterEach(() => pagerDuty.stop());

  const api = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${pagerDuty.url}${path}`, {
      method,
      headers: {
        authorization: `Token token=${pagerDuty.token}`,
        "content-type": "application/json",
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return text === "" ? null : (JSON.parse(text) as unknown);
  };
  const all = async () =>
    ((await api("GET", "/webhook_subscriptions")) as { webhook_subscriptions: Seen[] })
      .webhook_subscriptions;
  const make = async (description: string, url = wanted.url) =>
    (
      (await api("POST", "/webhook_subscriptions", {
        webhook_subscription: {
          type: "webhook_subscription",
          description,
          events: ["incident.triggered"],
          filter: { type: "account_reference" },
          delivery_method: { type: "http_delivery_method", url },
        },
      })) as { webhook_subscription: { id: string; delivery_method: { secret: string } } }
    ).webhook_subscription;
  const fault = (call: string, more: object) =>
    api("POST", "/_emulator/faults", { call, times: 1, ...more });

  /** Whatever delivers to the gate can be verified by what is stored. */
  const mustBeVerifiable = async () => {
    const good = record === null ? [] : goodSecrets(record, nowMs);
    for (const { id, active, description } of await all()) {
      if (active && description.startsWith("Approval gate ")) {
        assert.ok(good.includes(told.get(id) ?? "none was told"), `${id} cannot be verified`);
      }
    }
  };

  it("makes one that is inactive until its secret is stored", async () => {
    const write = ports.store.write;
    let activeWhenStored: boolean[] = [];
    ports.store.write = async (next) => {
      activeWhenStored = (await all()).map(({ active }) => active);
      await write(next);
    };
    const ids = await converge(ports, wanted);
    const [only, ...others] = await all();
    assert.deepEqual(others, []);
    assert.deepEqual(ids, { account: only?.id });
    assert.equal(only?.active, true);
    assert.deepEqual(activeWhenStored, [false]);
    await mustBeVerifiable();
  });

  it("changes nothing where all is as it wants it", async () => {
    const ids = await converge(ports, wanted);
    assert.equal(writes, 1);
    ports.admin.activate = () => assert.fail("nothing is to be changed");
    assert.deepEqual(await converge(ports, wanted), ids);
    assert.equal(writes, 1);
    // Event types in another order are the same to PagerDuty.
    const events = [...wanted.events].reverse();
    assert.deepEqual(await converge(ports, { ...wanted, events }), ids);
  });

  it("follows changed events in place, and enables what PagerDuty switched off", async () => {
    const ids = await converge(ports, wanted);
    await api("PUT", `/webhook_subscriptions/${ids["account"]}`, {
      webhook_subscription: { type: "webhook_subscription", active: false },
    });
    const events = ["incident.triggered"];
    assert.deepEqual(await converge(ports, { ...wanted, events }), ids);
    const [only] = await ports.admin.list();
    assert.deepEqual(only?.events, events);
    assert.equal(only?.active, true);
  });

  for (const [change, changed] of [
    ["serial", { ...wanted, serial: "2" }],
    ["address", { ...wanted, url: "https://own.example.com/pagerduty/webhook" }],
    ["scope", { ...wanted, scopes: [{ key: "db", type: "service_reference", id: "PSVC001" }] }],
  ] as [string, Wanted][]) {
    it(`makes another for a changed ${change} before the old one goes, whose deliveries are taken for three days more`, async () => {
      const { account: old = "" } = await converge(ports, wanted);
      const remove = ports.admin.remove;
      ports.admin.remove = async (id) => {
        assert.equal((await all()).filter(({ active }) => active).length, 2);
        await mustBeVerifiable();
        await remove(id);
      };
      const [id] = Object.values(await converge(ports, changed));
      assert.notEqual(id, old);
      assert.deepEqual(
        (await all()).map((one) => [one.id, one.active, one.delivery_method.url]),
        [[id, true, changed.url]],
      );
      const good = () => (record === null ? [] : goodSecrets(record, nowMs));
      assert.deepEqual(good(), [told.get(id ?? ""), told.get(old)]);
      nowMs += 3 * DAY_MS;
      assert.deepEqual(good(), [told.get(id ?? "")]);
    });
  }

  it("leaves no orphan where the answer to the creation was lost", async () => {
    for (const effect of [{ status: 500, afterDoing: true }, { dropAnswer: true }]) {
      await fault("POST /webhook_subscriptions", effect);
      await converge(ports, { ...wanted, serial: JSON.stringify(effect) });
      assert.equal((await all()).length, 1);
      await mustBeVerifiable();
    }
  });

  it("comes to the same from wherever it was cut off", async () => {
    // One that an earlier release made and that is replaced, so that every kind of call is made.
    const calls: (keyof WebhookAdmin)[] = ["list", "create", "activate", "remove"];
    const steps = ["read", "write", ...calls];
    for (const step of steps) {
      for (const when of ["before", "after"]) {
        await converge(ports, wanted);
        const serial = `${step} ${when}`;
        await assert.rejects(converge(cutOff(ports, step, when), { ...wanted, serial }), {
          message: "cut off",
        });
        await mustBeVerifiable();
        const ids = await converge(ports, { ...wanted, serial });
        assert.deepEqual(
          (await all()).map(({ id, active }) => [id, active]),
          [[ids["account"], true]],
          serial,
        );
        await mustBeVerifiable();
      }
    }
  });

  it("takes over from what an earlier release made, whose secret stays good", async () => {
    const old = await make("Approval gate gate-webhook-account");
    told.set(old.id, old.delivery_method.secret);
    record = {
      wanted: null,
      keys: [
        { id: null, scope: "", serial: "", secret: old.delivery_method.secret, goodUntilMs: null },
      ],
    };
    const remove = ports.admin.remove;
    ports.admin.remove = async (id) => {
      await mustBeVerifiable();
      await remove(id);
    };
    const ids = await converge(ports, wanted);
    assert.deepEqual(
      (await all()).map(({ id }) => id),
      [ids["account"]],
    );
    assert.ok(goodSecrets(record, nowMs).includes(old.delivery_method.secret));
  });

  it("leaves alone what is not its own", async () => {
    const stranger = await make("somebody's own");
    const other = await make("Approval gate of another", "https://other.example.com/hook");
    const ids = await converge(ports, wanted);
    await giveUp(ports, wanted);
    assert.deepEqual((await all()).map(({ id }) => id).sort(), [stranger.id, other.id].sort());
    assert.ok(ids["account"] !== undefined);
  });

  it("is made again where somebody removed it, but not once it was given up", async () => {
    assert.equal(await heal(ports), false);
    const { account: first = "" } = await converge(ports, wanted);
    await ports.admin.remove(first);
    assert.equal(await heal(ports), true);
    assert.equal((await all()).length, 1);
    await mustBeVerifiable();

    await giveUp(ports, wanted);
    assert.deepEqual(await all(), []);
    assert.equal(await heal(ports), false);
    assert.deepEqual(await all(), []);
  });

  it("leaves one switched off that somebody switched off, and removes one too many", async () => {
    const { account: id = "" } = await converge(ports, wanted);
    await api("PUT", `/webhook_subscriptions/${id}`, {
      webhook_subscription: { type: "webhook_subscription", active: false },
    });
    assert.equal(await heal(ports), false);
    assert.deepEqual(
      (await all()).map(({ active }) => active),
      [false],
    );
    // As two that mend at once leave it: the record knows one of the two.
    await make(wanted.description);
    assert.equal(await heal(ports), true);
    assert.deepEqual(
      (await all()).map((one) => one.id),
      [id],
    );
    await mustBeVerifiable();
  });

  it("refuses one whose secret PagerDuty does not tell, and removes it", async () => {
    const create = ports.admin.create;
    let id = "";
    ports.admin.create = async (terms) => {
      ({ id } = await create(terms));
      return { id, secret: null };
    };
    await assert.rejects(converge(ports, wanted), (error: Error) => {
      assert.equal(
        error.message,
        `PagerDuty told no signing secret for webhook subscription ${id}, which was removed again: nothing that it sends could be verified`,
      );
      return true;
    });
    assert.deepEqual(await all(), []);
  });

  it("does what a stack asks for, and never looks at what was asked before", async () => {
    const made = await handleInvocation(ports, {
      tf: { action: "create", prev_input: null },
      wanted,
    });
    const [only] = await all();
    assert.deepEqual(made, { subscriptionIds: { account: only?.id } });
    const update = { tf: { action: "update", prev_input: { wanted: "garbage" } }, wanted };
    assert.deepEqual(await handleInvocation(ports, update), made);
    const gone = await handleInvocation(ports, { tf: { action: "delete" }, wanted });
    assert.deepEqual(gone, { subscriptionIds: {} });
    assert.deepEqual(await all(), []);
    await assert.rejects(handleInvocation(ports, { wanted }));
  });
});

/** The same, but that call fails once it is reached: before its effect, or after. */
function cutOff(ports: SubscriptionPorts, step: string, when: string): SubscriptionPorts {
  const cut = <A extends unknown[], R>(name: string, call: (...args: A) => Promise<R>) =>
    name !== step
      ? call
      : async (...args: A): Promise<R> => {
          if (when === "after") {
            await call(...args);
          }
          throw new Error("cut off");
        };
  const { admin, store } = ports;
  return {
    ...ports,
    store: { read: cut("read", store.read), write: cut("write", store.write) },
    admin: {
      list: cut("list", admin.list),
      create: cut("create", admin.create),
      activate: cut("activate", admin.activate),
      enable: admin.enable,
      remove: cut("remove", admin.remove),
    },
  };
}
