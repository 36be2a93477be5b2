import assert from "node:assert/strict";
import { DOORS } from "./doors.ts";
import { growths, SIZES } from "./growth.ts";
import { fuzz } from "./run.ts";

const CASES = 60_000;
/** Twenty times as long may take a hundred times as long here; what grows with the square would take 225 times. */
const MOST = (6 * SIZES.large) / SIZES.small;

describe("hostile input", function () {
  this.timeout(120_000);

  it(`gets past no door in ${CASES} cases`, async () => {
    const { cases, failure } = await fuzz({ seed: 1, from: 0, to: CASES });
    assert.equal(failure, null, "npm run fuzz plays it again with this seed and case");
    assert.equal(cases, CASES);
  });

  it("costs no more than its length, whatever is long in it", async () => {
    await growths(DOORS.slice(0, 1));
    const found = await growths(DOORS);
    const first = found.filter(({ ratio }) => ratio > MOST);
    // Whatever else the machine did meanwhile: what is slow by itself is slow again.
    const slow: typeof found = [];
    for (const { door, what } of first) {
      const again = (await growths(DOORS.filter(({ name }) => name === door))).find(
        (one) => one.what === what,
      );
      if (again !== undefined && again.ratio > MOST) {
        slow.push(again);
      }
    }
    assert.deepEqual(slow, []);
    assert.ok(found.length > 100);
  });
});
