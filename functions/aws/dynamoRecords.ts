import type { AuditEvent } from "../gate/proposal/audit.ts";
import type { Hint } from "../gate/ports/index.ts";
import type { Proposal } from "../gate/proposal/proposal.ts";
import { collect, isPossible } from "./dynamoTable.ts";
import type { DynamoTable, Item } from "./dynamoTable.ts";
import {
  EVENT,
  HINT,
  META,
  hintKey,
  hintPk,
  proposalKey,
  proposalPk,
  receivedKey,
  receivedOf,
  receivedPk,
  recordOf,
} from "./ledgerItems.ts";

/*
 * Reading one proposal, which lies where it was received until the worker has written it. Where both places have one,
 * the worker's counts.
 */

/** Strongly consistent; null: there is none. */
export async function getProposal(
  table: DynamoTable,
  id: string,
): Promise<{ proposal: Proposal; hints: Hint[] } | null> {
  if (!isPossible(hintKey(id, ""))) {
    return null;
  }
  const [ownItems, hintItems, received] = await Promise.all([
    // Earlier releases kept hints beside the record.
    partition(table, proposalPk(id), HINT, META),
    partition(table, hintPk(id), HINT, META),
    table.get(receivedKey(id)),
  ]);
  const own = ownItems.find(({ sk }) => sk === META);
  const proposal = await current(table, id, own ?? null, received);
  const hints = [...ownItems, ...hintItems]
    .filter(({ sk }) => sk !== META)
    .map((item) => recordOf("hint", item))
    .sort((a, b) => a.atMs - b.atMs || (a.id < b.id ? -1 : 1));
  return proposal === null ? null : { proposal, hints };
}

export async function mustFindProposal(table: DynamoTable, id: string): Promise<Proposal> {
  const [own, received] = await Promise.all([
    table.get(proposalKey(id)),
    table.get(receivedKey(id)),
  ]);
  const proposal = await current(table, id, own, received);
  if (proposal === null) {
    throw new Error(`the ledger refers to proposal ${id} but does not have it`);
  }
  return proposal;
}

async function current(
  table: DynamoTable,
  id: string,
  own: Item | null,
  received: Item | null,
): Promise<Proposal | null> {
  // Neither was there: it may have been moved between the two reads.
  const found = own ?? (received === null ? await table.get(proposalKey(id)) : null);
  if (found !== null) {
    return recordOf("proposal", found);
  }
  return received === null ? null : receivedOf(received);
}

/** What is still where it was received; null: the worker has taken it over, or there is none. */
export async function readReceived(
  table: DynamoTable,
  id: string,
): Promise<{ meta: Item; events: Item[] } | null> {
  const items = await partition(table, receivedPk(id), EVENT, META);
  const meta = items.find(({ sk }) => sk === META);
  return meta === undefined ? null : { meta, events: items.filter((item) => item !== meta) };
}

export async function eventsOf(table: DynamoTable, id: string): Promise<AuditEvent[]> {
  // The first place once more at the end: they may be moved between two reads.
  for (const pk of [proposalPk(id), receivedPk(id), proposalPk(id)]) {
    const items = await partition(table, pk, EVENT, `${EVENT}~`);
    if (items.length > 0) {
      return items.map((item) => recordOf("event", item));
    }
  }
  return [];
}

function partition(table: DynamoTable, pk: string, from: string, until: string): Promise<Item[]> {
  return collect(
    table.query({
      ConsistentRead: true,
      KeyConditionExpression: "pk = :pk AND sk BETWEEN :from AND :until",
      ExpressionAttributeValues: { ":pk": pk, ":from": from, ":until": until },
    }),
  );
}
