import assert from "node:assert/strict";
import {
  defaultsHash,
  gatingDigest,
  gatingHash,
  parseGating,
} from "../../functions/gate/gating/index.ts";
import type { GatingStore, Ledger, Seen } from "../../functions/gate/ports/index.ts";
import { newProposal, nextVersion } from "./proposals.ts";

/** A store under test, and how its gating is written. */
export interface GatingStoreSubject {
  store: GatingStore;
  /** The ledger of the same gate. */
  ledger: Ledger;
  /** Writes what is in force from the next look on; services by their names, with the ids of {@link SERVICES}. */
  write(gating: WrittenGating): Promise<void>;
  close(): Promise<void>;
}

export interface WrittenGating {
  services: Readonly<Record<keyof typeof SERVICES, object>>;
  defaults: object;
}

/** Ids of the services that are listed, by name. */
export const SERVICES = { "payments-db": "PSVC001", "search & index": "PSVC002" } as const;

const runbook = (id: string) => ({ automationAction: id });
const FIRST: WrittenGating = {
  services: {
    "payments-db": { runbooks: { failover: runbook("01FIRST") }, otherwise: "deny" },
    "search & index": { runbooks: { reindex: runbook("01SECOND") } },
  },
  defaults: { runbooks: { diagnose: runbook("01THIRD") } },
};

/** What every gating store must do. */
export function gatingStoreContract(name: string, open: () => Promise<GatingStoreSubject>): void {
  describe(`${name} keeps the gating store contract`, () => {
    let subject: GatingStoreSubject;

    before(async () => {
      subject = await open();
    });
    after(() => subject.close());
    beforeEach(() => subject.write(FIRST));

    it("finds a service by id and name, with the gating as written and its hash", async () => {
      const { services } = parseGating(FIRST);
      for (const [service, id] of Object.entries(SERVICES)) {
        for (const asked of [
          { id, name: service },
          { id: null, name: service },
        ]) {
          const found = await subject.store.find(asked);
          assert.equal(found.listed, true);
          assert.deepEqual(found.gating, services[service]);
          assert.equal(found.hash, gatingHash(found.gating));
        }
      }
    });

    it("has one key for a service, however it is asked for", async () => {
      const [service, id] = ["payments-db", SERVICES["payments-db"]];
      const { key } = await subject.store.find({ id, name: service });
      assert.ok(key === id || key === service, key);
      assert.equal((await subject.store.find({ id: null, name: service })).key, key);
      assert.equal((await subject.store.find({ id: key, name: key })).key, key);
    });

    it("finds a service by its id where people write the id in place of the name", async () => {
      for (const [service, id] of Object.entries(SERVICES)) {
        const found = await subject.store.find({ id, name: id });
        assert.equal(found.serviceId, id);
        assert.equal(found.key, (await subject.store.find({ id, name: service })).key);
      }
    });

    it("keeps a service's gating when it is renamed", async () => {
      const [service, id] = ["payments-db", SERVICES["payments-db"]];
      const before = await subject.store.find({ id, name: service });
      const { seen: _, ...renamed } = await subject.store.find({ id, name: "payments-db v2" });
      assert.equal(renamed.listed, true);
      assert.deepEqual(renamed, { ...renamed, key: before.key, hash: before.hash, serviceId: id });
    });

    it("finds a renamed service by what it is called by now, and by no name that it had in between", async () => {
      const [service, id] = ["payments-db", SERVICES["payments-db"]];
      const { key } = await subject.store.find({ id, name: service });
      const called = async (name: string) => {
        const { listed, key: found } = await subject.store.find({ id: name, name });
        return listed && found === key;
      };
      assert.equal(await called("payments v2"), false);
      assert.equal(await subject.store.learn(key, { id, name: "payments v2" }), true);
      assert.equal(await subject.store.learn(key, { id, name: "payments v2" }), false);
      assert.deepEqual(
        [await called("payments v2"), await called(service), await called(id)],
        [true, true, true],
      );
      // Another service of that name is none of it.
      const other = await subject.store.find({ id: "PSVC009", name: "payments v2" });
      assert.equal(other.listed, false);
      await subject.store.learn(key, { id, name: "payments v3" });
      assert.deepEqual([await called("payments v2"), await called("payments v3")], [false, true]);
      await subject.store.learn(key, { id, name: service });
      assert.equal(await called("payments v3"), false);
    });

    it("gives it to no other service that takes over the name", async () => {
      const { key } = await subject.store.find({ id: null, name: "payments-db" });
      const found = await subject.store.find({ id: "PSVC009", name: "payments-db" });
      assert.equal(found.listed, false);
      assert.notEqual(found.key, key);
      assert.deepEqual(Object.keys(found.gating.runbooks), ["diagnose"]);
    });

    it("gives the defaults to a service that is not listed, under the name that people know", async () => {
      for (const [asked, key] of [
        [{ id: "PSVC009", name: "billing" }, "billing"],
        [{ id: "PSVC009", name: null }, "PSVC009"],
        [{ id: null, name: "__proto__" }, "__proto__"],
        [{ id: null, name: "defaults" }, "defaults"],
      ] as const) {
        const found = await subject.store.find(asked);
        assert.equal(found.listed, false);
        assert.equal(found.key, key);
        assert.deepEqual(Object.keys(found.gating.runbooks), ["diagnose"]);
        assert.equal(found.hash, gatingHash(found.gating));
      }
    });

    it("has what was written at the next look, and a hash that tells the change", async () => {
      const asked = { id: null, name: "payments-db" };
      const before = await subject.store.find(asked);
      const changed = { runbooks: { failover: runbook("01OTHER") }, otherwise: "deny" };
      await subject.write({ ...FIRST, services: { ...FIRST.services, "payments-db": changed } });
      const after = await subject.store.find(asked);
      assert.deepEqual(after.gating.runbooks["failover"]?.target, {
        kind: "automationAction",
        actionId: "01OTHER",
      });
      assert.notEqual(after.hash, before.hash);
      assert.equal(after.key, before.key);
      const other = { id: null, name: "search & index" };
      assert.deepEqual(Object.keys((await subject.store.find(other)).gating.runbooks), ["reindex"]);
    });

    it("tells all that is in force, with a digest of what it says and not of how it is written", async () => {
      const { services, defaults } = parseGating(FIRST);
      const found = await subject.store.inForce();
      assert.equal(found.problem, null);
      assert.deepEqual(
        found.services.map(({ listedAs, serviceId, hash, gating }) => ({
          listedAs,
          serviceId,
          hash,
          gating,
        })),
        Object.entries(services).map(([listedAs, gating]) => ({
          listedAs,
          serviceId: new Map<string, string>(Object.entries(SERVICES)).get(listedAs),
          hash: gatingHash(gating),
          gating,
        })),
      );
      assert.equal(found.defaults.hash, defaultsHash(defaults));
      assert.equal(found.digest, gatingDigest(found.services, found.defaults.hash));
      const written = Object.fromEntries(
        found.services.map((one) => [one.listedAs, one.written] as const),
      );
      assert.deepEqual(
        parseGating({ services: written, defaults: found.defaults.written }),
        parseGating(FIRST),
      );
      for (const { key, listedAs, hash } of found.services) {
        const one = await subject.store.find({ id: null, name: listedAs });
        assert.deepEqual([one.key, one.hash], [key, hash]);
      }

      const reordered = Object.entries(FIRST.services["payments-db"]).reverse();
      await subject.write({
        ...FIRST,
        services: { ...FIRST.services, "payments-db": Object.fromEntries(reordered) },
      });
      assert.equal((await subject.store.inForce()).digest, found.digest);
      await subject.write({ ...FIRST, defaults: {} });
      assert.notEqual((await subject.store.inForce()).digest, found.digest);
    });

    describe("a save of the ledger that requires the gating as it was seen", () => {
      let count = 0;
      const save = async (unchanged: readonly Seen[]): Promise<string> => {
        count += 1;
        const { proposal, events } = newProposal(`seen ${count}`, { dedupeKey: `seen ${count}` });
        await subject.ledger.create(proposal, events);
        const next = nextVersion(proposal);
        return subject.ledger.save(next.proposal, next.events, { unchanged });
      };
      const listed = [
        { id: SERVICES["payments-db"], name: "payments-db" },
        { id: null, name: "payments-db" },
        { id: "payments-db", name: "payments-db" },
      ];
      const unlisted = [
        { id: "PSVC009", name: "billing" },
        { id: null, name: "billing" },
      ];

      it("goes through while it is as it was", async () => {
        for (const asked of [...listed, ...unlisted]) {
          assert.equal(await save((await subject.store.find(asked)).seen), "saved");
        }
      });

      it("is refused once the service's gating was written anew", async () => {
        for (const asked of listed) {
          const { seen } = await subject.store.find(asked);
          const changed = { runbooks: { failover: runbook(`01OTHER${count}`) }, otherwise: "deny" };
          await subject.write({
            ...FIRST,
            services: { ...FIRST.services, "payments-db": changed },
          });
          assert.equal(await save(seen), "changed");
          assert.equal(await save((await subject.store.find(asked)).seen), "saved");
        }
      });

      it("is refused once the defaults were, for a service that is not listed", async () => {
        for (const asked of unlisted) {
          const { seen } = await subject.store.find(asked);
          await subject.write({
            ...FIRST,
            defaults: { runbooks: { other: runbook(`01X${count}`) } },
          });
          assert.equal(await save(seen), "changed");
        }
      });
    });
  });
}
