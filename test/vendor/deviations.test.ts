// A deviation that nothing needs any more hides the next fault in its place.
import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { EXCHANGES, type Exchange } from "../../emulators/pagerduty/http/exchanges.ts";
import { startWorld } from "../emulators/pagerduty/harness.ts";
import { readEverything } from "./account.ts";
import { DEVIATIONS, type Deviation } from "./deviations.ts";
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
    const places = DEVIATIONS.flatMap(placesOf);
    const needless = places.filter((place) => {
      const stricter = new VendorDocument(
        document,
        places.filter((one) => one !== place).map(({ deviation }) => deviation),
      );
      try {
        return !exchanges.some(
          (one) =>
            stricter.operation(one) !== null &&
            [...stricter.problemsOfAnswer(one), ...stricter.problemsOfRequest(one)].length > 0,
        );
      } catch (error) {
        // It refers to a place that another deviation has replaced.
        assert.ok(error instanceof Error && /\/(oneOf|anyOf)\//.test(error.message), String(error));
        return false;
      }
    });
    assert.deepEqual(
      needless.map(({ pointer }) => pointer),
      [],
    );
  });
});

/** Each place of the document by itself, for one of a list may be needed and another not. */
function placesOf(deviation: Deviation): { pointer: string; deviation: Deviation }[] {
  const { reason, source } = deviation;
  return "schemas" in deviation
    ? Object.entries(deviation.schemas).map(([pointer, schema]) => ({
        pointer,
        deviation: { reason, source, schemas: { [pointer]: schema } },
      }))
    : deviation.nullable.map((pointer) => ({
        pointer,
        deviation: { reason, source, nullable: [pointer] },
      }));
}
