// A deviation that nothing needs any more hides the next fault in its place.
import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { EXCHANGES, type Exchange } from "../../emulators/pagerduty/http/exchanges.ts";
import { startWorld } from "../emulators/pagerduty/harness.ts";
import { readEverything } from "./account.ts";
import { DEVIATIONS } from "./deviations.ts";
import { VendorDocument } from "./document.ts";
import { DOCUMENT_FILE, hasDocument, published } from "./witness.ts";

describe("the deviations from PagerDuty's own document", () => {
  it("are all needed", async function () {
    if (!hasDocument) {
      console.log(`    skipped: ${DOCUMENT_FILE} is not present`);
      this.skip();
    }
    this.timeout(60_000);
    const exchanges: Exchange[] = [];
    const listen = (message: unknown): void => {
      exchanges.push(message as Exchange);
    };
    const world = await startWorld();
    subscribe(EXCHANGES, listen);
    await readEverything(world);
    unsubscribe(EXCHANGES, listen);
    await world.emulator.stop();

    const document = published();
    const needless = DEVIATIONS.filter((deviation) => {
      const others = DEVIATIONS.filter((one) => one !== deviation);
      const stricter = new VendorDocument(document, others);
      return !exchanges.some(
        (one) =>
          stricter.operation(one) !== null &&
          [...stricter.problemsOfAnswer(one), ...stricter.problemsOfRequest(one)].length > 0,
      );
    });
    assert.deepEqual(
      needless.map(({ reason }) => reason),
      [],
    );
  });
});
