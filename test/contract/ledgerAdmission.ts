import assert from "node:assert/strict";
import type { Subject } from "./ledgerSubject.ts";
import { START_MS } from "./proposals.ts";

/** How often somebody may propose. */
export function admissionContract(subject: Subject): void {
  describe("admit", () => {
    const admit = (ms: number, limits = { perMinute: 2, perHour: 3 }, who = "agent") =>
      subject.ledger.admit(who, limits, START_MS + ms);

    it("lets as many through as a minute and an hour have, and tells when the next may come", async () => {
      assert.equal(await admit(0), null);
      assert.equal(await admit(20_000), null);
      assert.equal(await admit(30_000), 30_000);
      assert.equal(await admit(59_999), 1);
      assert.equal(await admit(60_000), null);
      assert.equal(await admit(200_000), 3_400_000);
      assert.equal(await admit(3_599_999), 1);
      assert.equal(await admit(3_600_000), null);
      assert.equal(await admit(3_610_000), 10_000);
    });

    it("does not count what it refused", async () => {
      assert.equal(await admit(0, { perMinute: 1, perHour: 10 }), null);
      for (const ms of [1, 30_000, 59_000]) {
        assert.equal(await admit(ms, { perMinute: 1, perHour: 10 }), 60_000 - ms);
      }
      assert.equal(await admit(60_000, { perMinute: 1, perHour: 10 }), null);
    });

    it("counts each proposer alone, and by the limits of the moment", async () => {
      for (const ms of [0, 1, 2]) {
        assert.equal(await admit(ms, { perMinute: 3, perHour: 3 }), null);
      }
      assert.equal(await admit(3, { perMinute: 3, perHour: 3 }, "other"), null);
      assert.equal(await admit(4, { perMinute: 4, perHour: 4 }), null);
      assert.equal(await admit(5, { perMinute: 1, perHour: 100 }), 59_999);
    });

    it("lets no more through at once than there are places, whoever is first", async () => {
      const limits = { perMinute: 7, perHour: 100 };
      const waits = await Promise.all(Array.from({ length: 40 }, () => admit(0, limits)));
      assert.equal(waits.filter((wait) => wait === null).length, 7);
      assert.deepEqual([...new Set(waits.filter((wait) => wait !== null))], [60_000]);
    });

    it("shuts nobody out for longer where another clock is ahead", async () => {
      assert.equal(await admit(3_600_000, { perMinute: 1, perHour: 10 }), null);
      assert.equal(await admit(0, { perMinute: 1, perHour: 10 }), 60_000);
    });

    it("counts hundreds in an hour", async () => {
      const limits = { perMinute: 1_000, perHour: 600 };
      for (let count = 0; count < 600; count++) {
        assert.equal(await admit(count * 1_000, limits), null);
      }
      assert.equal(await admit(600_000, limits), 3_000_000);
    });
  });
}
