import { acknowledgedFact, alarmTrail, raisedFact } from "../gate/ledger/trails.ts";
import type { Acknowledgement, Alarm } from "../gate/ports/index.ts";
import { ABSENT, pause } from "./dynamoTable.ts";
import type { Condition, DynamoTable, Item } from "./dynamoTable.ts";
import { trailOf, trailWrites } from "./dynamoTrails.ts";
import { ALARMS, alarmKey, listKey, recordAttribute, recordOf } from "./ledgerItems.ts";

const ROUNDS = 12;

/** The trail may have been read after somebody else's acknowledgement, and the alarm before it. */
const OPEN: Condition = { expression: "attribute_not_exists(isAcknowledged)" };

/** True when it is new. */
export async function raise(table: DynamoTable, alarm: Alarm): Promise<boolean> {
  const to = { subject: alarmTrail(alarm.key), state: null };
  const writes = [
    { put: alarmItem(alarm), condition: ABSENT },
    ...trailWrites(null, to, [raisedFact(alarm)], alarm.atMs),
  ];
  return (await table.transact(writes)) === null;
}

/** The alarm as it is then; null: there is none. */
export async function acknowledge(
  table: DynamoTable,
  key: string,
  acknowledged: Acknowledgement,
): Promise<Alarm | null> {
  const to = { subject: alarmTrail(key), state: null };
  for (let round = 0; round < ROUNDS; round += 1) {
    const [item, trail] = await Promise.all([table.get(alarmKey(key)), trailOf(table, to.subject)]);
    const alarm = item === null ? null : recordOf("alarm", item);
    if (alarm === null || alarm.acknowledged !== undefined) {
      return alarm;
    }
    const next = { ...alarm, acknowledged };
    const facts = [acknowledgedFact(acknowledged)];
    const writes = [
      { put: alarmItem(next), condition: OPEN },
      ...trailWrites(trail, to, facts, acknowledged.atMs),
    ];
    if ((await table.transact(writes)) === null) {
      return next;
    }
    await pause(round);
  }
  throw new Error(`alarm ${key} could not be acknowledged: others kept doing so`);
}

function alarmItem(alarm: Alarm): Item {
  return {
    ...alarmKey(alarm.key),
    listName: ALARMS,
    listKey: listKey("A", alarm.atMs, alarm.key),
    ...(alarm.acknowledged === undefined ? {} : { isAcknowledged: true }),
    ...recordAttribute("alarm", `alarm ${alarm.key}`, alarm),
  };
}
