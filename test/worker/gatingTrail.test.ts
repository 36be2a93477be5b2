import assert from "node:assert/strict";
import { gatingDigest } from "../../functions/gate/gating/index.ts";
import { verifyChain } from "../../functions/gate/proposal/audit.ts";
import type { GatingInForce, Ledger } from "../../functions/gate/ports/index.ts";
import { recordGating } from "../../functions/worker/gatingTrail.ts";
import { openSqliteLedger } from "../../local/ledger/ledger.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

describe("The trail of the gating", () => {
  let ledger: Ledger & { close(): void };
  let hashes: Record<string, string>;
  let defaults: string;
  let nowMs: number;

  beforeEach(() => {
    ledger = openSqliteLedger(":memory:", { now: () => 0 });
    hashes = { "payments-db": "h1", search: "h2" };
    defaults = "d1";
    nowMs = 1;
  });
  afterEach(() => ledger.close());

  const inForce = async (): Promise<GatingInForce> => {
    const services = Object.entries(hashes).map(([key, hash]) => ({
      key,
      listedAs: key,
      serviceId: null,
      hash,
      gating: { runbooks: {}, rules: [], otherwise: "deny" as const, manualTask: null as never },
      written: {},
    }));
    return {
      source: "gating.yaml",
      digest: gatingDigest(services, defaults),
      services,
      defaults: { hash: defaults, written: {} },
      problem: null,
    };
  };
  const record = (of: Ledger = ledger) =>
    recordGating({
      gating: { inForce },
      ledger: of,
      clock: { now: () => nowMs++ },
      log: silent,
    });
  const told = async () => {
    const found = await ledger.trail("gating");
    assert.ok(found !== null);
    assert.deepEqual(verifyChain("gating", found.events, found.trail.head), []);
    return found.events.map(({ type, data }) => ({ type, ...data }));
  };

  it("begins with what is in force, and grows with what is changed, added and taken out only", async () => {
    const first = (await inForce()).digest;
    await record();
    await record();
    hashes = { "payments-db": "h3", billing: "h4" };
    const second = (await inForce()).digest;
    await record();
    await record();
    defaults = "d2";
    await record();
    const source = "gating.yaml";
    const third = (await inForce()).digest;
    assert.deepEqual(await told(), [
      {
        type: "gating.inForce",
        source,
        digest: first,
        before: null,
        services: {
          "payments-db": { before: null, after: "h1" },
          search: { before: null, after: "h2" },
        },
        defaults: { before: null, after: "d1" },
      },
      {
        type: "gating.inForce",
        source,
        digest: second,
        before: first,
        services: {
          billing: { before: null, after: "h4" },
          "payments-db": { before: "h1", after: "h3" },
          search: { before: "h2", after: null },
        },
      },
      {
        type: "gating.inForce",
        source,
        digest: third,
        before: second,
        services: {},
        defaults: { before: "d1", after: "d2" },
      },
    ]);
  });

  it("tells a change once where two look at the same time", async () => {
    await Promise.all([record(), record(), record()]);
    assert.equal((await told()).length, 1);
  });
});
