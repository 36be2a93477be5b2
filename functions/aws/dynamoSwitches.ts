import * as z from "zod";
import { ALL_OFF, keysOver, switchKey, withSwitch } from "../gate/ledger/killSwitch.ts";
import type { KillSwitches } from "../gate/ledger/killSwitch.ts";
import { SWITCH_TRAIL, switchFact } from "../gate/ledger/trails.ts";
import { switchRecord, switchesOf } from "../gate/ledger/records.ts";
import type { KillSwitch } from "../gate/ports/index.ts";
import type { Proposal } from "../gate/proposal/proposal.ts";
import { trailOf, trailWrites } from "./dynamoTrails.ts";
import { ABSENT, pause } from "./dynamoTable.ts";
import type { Condition, DynamoTable, Item, Write } from "./dynamoTable.ts";
import { killSwitchKey, recordAttribute, recordOf } from "./ledgerItems.ts";

/*
 * All kill switches lie in one item, so that a claim looks at every one that holds it by one condition: `turnedOn` is
 * the switch for everything, `held` the set of keys of the narrower ones. Absent: nothing is held.
 */

const ROUNDS = 12;

const revisionShape = z.object({ revision: z.number().default(0) });

export async function readSwitches(table: DynamoTable): Promise<KillSwitches> {
  return switchesIn(await table.get(killSwitchKey));
}

/** Two operators at once: the later write is prepared anew on what the earlier one left. */
export async function throwSwitch(
  table: DynamoTable,
  state: KillSwitch,
): Promise<KillSwitch | null> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const [item, trail] = await Promise.all([
      table.get(killSwitchKey),
      trailOf(table, SWITCH_TRAIL),
    ]);
    const { next, before } = withSwitch(switchesIn(item), state);
    const { revision } = revisionShape.parse(item ?? {});
    const held = next.narrower.map(switchKey);
    const put: Item = {
      ...killSwitchKey,
      turnedOn: next.all.on,
      revision: revision + 1,
      // DynamoDB knows no empty set.
      ...(held.length === 0 ? {} : { held: new Set(held) }),
      ...recordAttribute("killSwitch", "the kill switch", switchRecord(next)),
    };
    const writes: Write[] = [
      { put, condition: unchanged(item, revision) },
      ...trailWrites(
        trail,
        { subject: SWITCH_TRAIL, state: null },
        [switchFact(state)],
        state.atMs,
      ),
    ];
    if ((await table.transact(writes)) === null) {
      return before;
    }
    await pause(round);
  }
  throw new Error("the kill switch could not be set: others kept setting it");
}

/** Fails when any switch that holds the proposal is on. */
export function requireOff(proposal: Proposal): Write {
  const keys = keysOver(proposal).map((key, i): [string, string] => [`:held${i}`, key]);
  const narrower = keys.map(([name]) => ` AND NOT contains(held, ${name})`).join("");
  return {
    check: killSwitchKey,
    condition: {
      expression: `(attribute_not_exists(turnedOn) OR turnedOn = :off)${narrower}`,
      values: { ":off": false, ...Object.fromEntries(keys) },
    },
  };
}

function switchesIn(item: Item | null): KillSwitches {
  return item === null ? ALL_OFF : switchesOf(recordOf("killSwitch", item));
}

/** An item of an earlier release has no revision. */
function unchanged(item: Item | null, revision: number): Condition {
  if (item === null) {
    return ABSENT;
  }
  return revision === 0
    ? { expression: "attribute_not_exists(revision)" }
    : { expression: "revision = :revision", values: { ":revision": revision } };
}
