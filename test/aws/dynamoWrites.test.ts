// What is written on what was read: only while it is still so, and not forgotten before its time.
import assert from "node:assert/strict";
import { placeWrites } from "../../functions/aws/dynamoPlaces.ts";
import { noWrite } from "../../functions/aws/dynamoSeen.ts";
import { trailWrites } from "../../functions/aws/dynamoTrails.ts";
import type { DynamoTable, Item, Write } from "../../functions/aws/dynamoTable.ts";
import { ABSENT } from "../../functions/aws/dynamoTable.ts";
import { START_MS } from "../contract/proposals.ts";

const DAY_MS = 86_400_000;

/** When DynamoDB may forget what is written, in ms; null: never. */
function goneAtMs(write: Write | undefined): number | null {
  assert.ok(write !== undefined && "put" in write);
  const { expiresAt } = write.put;
  return typeof expiresAt === "number" ? expiresAt * 1_000 : null;
}

describe("the write of a no", () => {
  const added = { atMs: START_MS, untilMs: START_MS + 90 * DAY_MS };
  const kept: Item = { pk: "no", sk: "no", atMs: START_MS, untilMs: START_MS, version: 7 };

  it("holds only for what was read: of two at once the second reads again", () => {
    const first = noWrite("PINC1 sha256:a", null, added);
    const later = noWrite("PINC1 sha256:a", kept, added);
    assert.ok("condition" in first && "condition" in later);
    assert.match(first.condition?.expression ?? "", /attribute_not_exists/);
    assert.deepEqual(Object.values(later.condition?.values ?? {}), [7]);
  });

  it("is not forgotten while it stands", () => {
    assert.ok((goneAtMs(noWrite("PINC1 sha256:a", null, added)) ?? 0) > added.untilMs);
  });
});

describe("the write of a trail", () => {
  const conditionOn = (seq: number | null): unknown => {
    const to = { subject: "switch", state: null };
    const before = seq === null ? null : { ...to, head: { seq, head: "sha256:a" } };
    const [first] = trailWrites(before, to, [{ type: "set", data: {} }], START_MS);
    return first !== undefined && "condition" in first ? first.condition : null;
  };

  it("begins it where there is none, and goes on from what was read only", () => {
    assert.deepEqual(conditionOn(null), ABSENT);
    assert.deepEqual(conditionOn(4), { expression: "seq = :before", values: { ":before": 4 } });
  });
});

describe("the write of places", () => {
  const writesOf = async (taken: Record<string, number | null>, untilMs: number | null) => {
    const get = () => Promise.resolve({ pk: "b", sk: "b", revision: 3, taken });
    const table = { get } as unknown as DynamoTable;
    const place = { key: "executions", limit: 9, atMs: START_MS, untilMs };
    const { writes } = await placeWrites(table, "prop_1", { reserve: [place] });
    return writes[0];
  };

  it("is forgotten once every place is free, and never while one has to be given back", async () => {
    const untilMs = START_MS + DAY_MS;
    assert.ok(((await writesOf({}, untilMs).then(goneAtMs)) ?? 0) >= untilMs);
    assert.equal(goneAtMs(await writesOf({}, null)), null);
    assert.equal(goneAtMs(await writesOf({ prop_2: null }, untilMs)), null);
    assert.equal(goneAtMs(await writesOf({ prop_2: untilMs }, null)), null);
  });

  it("holds only for what was read", async () => {
    const write = await writesOf({}, null);
    assert.ok(write !== undefined && "condition" in write);
    assert.deepEqual(Object.values(write.condition?.values ?? {}), [3]);
    assert.notDeepEqual(write.condition, ABSENT);
  });
});
