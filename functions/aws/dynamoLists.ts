import * as z from "zod";
import { decodeCursor, encodeCursor, incidentOf, pageSize } from "../gate/proposal/listing.ts";
import type { Position } from "../gate/proposal/listing.ts";
import type { Alarm, ProposalFilter, Trail, WorkItem } from "../gate/ports/index.ts";
import type { Proposal } from "../gate/proposal/proposal.ts";
import { collect, keyOf } from "./dynamoTable.ts";
import type { DynamoTable, Key } from "./dynamoTable.ts";
import {
  ALARMS,
  PROPOSALS,
  SHARDS,
  TRAILS,
  listKey,
  positionOf,
  proposalIdOf,
  proposalKey,
  proposalPk,
  receivedOf,
  receivedPk,
  recordOf,
  shardName,
  workItemOf,
} from "./ledgerItems.ts";
import type { ListPrefix } from "./ledgerItems.ts";
import { trailIn } from "./dynamoTrails.ts";

const TRAILS_AT_ONCE = 200;

interface Listed {
  key: Key;
  position: Position;
}

/** Which part of which index to look through. */
interface Part {
  index: "newest" | "byIncident" | "byService";
  hashKey: "listName" | "incidentId" | "serviceKey";
  value: string;
}

export async function listProposals(
  table: DynamoTable,
  filter: ProposalFilter,
): Promise<{ proposals: Proposal[]; cursor: string | null }> {
  const part = partOf(filter);
  const prefixes: ListPrefix[] =
    filter.open === undefined ? ["O", "C"] : filter.open ? ["O"] : ["C"];
  const size = pageSize(filter.limit);
  const found: Proposal[] = [];
  let after = filter.cursor === undefined ? null : decodeCursor(filter.cursor);
  // The index may be a moment behind and knows only one of the filters, so the records have the last word.
  for (;;) {
    const listed = await newest(table, part, prefixes, after, size + 1);
    const proposals = await proposalsOf(table, listed);
    found.push(...proposals.filter((proposal) => passes(filter, proposal)));
    const last = listed.at(-1);
    if (found.length > size || listed.length <= size || last === undefined) {
      break;
    }
    after = last.position;
  }
  const page = found.slice(0, size);
  const last = page.at(-1);
  return {
    proposals: page,
    cursor: found.length > size && last !== undefined ? encodeCursor(last) : null,
  };
}

export async function newestAlarms(table: DynamoTable, limit: number): Promise<Alarm[]> {
  const part: Part = { index: "newest", hashKey: "listName", value: ALARMS };
  const listed = limit > 0 ? await newest(table, part, ["A"], null, limit) : [];
  const items = new Map(
    (await table.getAll(listed.map(({ key }) => key))).map((item) => [keyOf(item).pk, item]),
  );
  return listed.flatMap(({ key }) => {
    const item = items.get(key.pk);
    return item === undefined ? [] : [recordOf("alarm", item)];
  });
}

/** By name, from the last on. */
export async function listTrails(
  table: DynamoTable,
  cursor: string | null,
): Promise<{ trails: Trail[]; cursor: string | null }> {
  const part: Part = { index: "newest", hashKey: "listName", value: TRAILS };
  const after = cursor === null ? null : { receivedAtMs: 0, id: cursor };
  const listed = await newest(table, part, ["A"], after, TRAILS_AT_ONCE);
  const trails = (await table.getAll(listed.map(({ key }) => key))).map(trailIn);
  return {
    trails: trails.sort((a, b) => compare(b.subject, a.subject)),
    cursor: listed.length < TRAILS_AT_ONCE ? null : (listed.at(-1)?.position.id ?? null),
  };
}

export async function dueItems(
  table: DynamoTable,
  nowMs: number,
  limit: number,
): Promise<WorkItem[]> {
  const shards = await eachShard((shard) =>
    collect(
      table.query({
        IndexName: "due",
        KeyConditionExpression: "dueShard = :shard AND dueAtMs <= :now",
        ExpressionAttributeValues: { ":shard": shard, ":now": nowMs },
        Limit: Math.max(limit, 1),
      }),
      limit,
    ),
  );
  return shards
    .flat()
    .map((item) => ({ ...workItemOf(keyOf(item).pk), dueAtMs: dueShape.parse(item).dueAtMs }))
    .sort((a, b) => a.dueAtMs - b.dueAtMs || compare(a.kind, b.kind) || compare(a.id, b.id))
    .slice(0, Math.max(limit, 0))
    .map(({ kind, id }) => ({ kind, id }));
}

export async function nextDueAtMs(table: DynamoTable): Promise<number | null> {
  const shards = await eachShard((shard) =>
    collect(
      table.query({
        IndexName: "due",
        KeyConditionExpression: "dueShard = :shard",
        ExpressionAttributeValues: { ":shard": shard },
        Limit: 1,
      }),
      1,
    ),
  );
  const times = shards.flat().map((item) => dueShape.parse(item).dueAtMs);
  return times.length === 0 ? null : Math.min(...times);
}

function partOf({ incidentId, service }: ProposalFilter): Part {
  if (incidentId !== undefined && incidentId !== "") {
    return { index: "byIncident", hashKey: "incidentId", value: incidentId };
  }
  return service !== undefined && service !== ""
    ? { index: "byService", hashKey: "serviceKey", value: service }
    : { index: "newest", hashKey: "listName", value: PROPOSALS };
}

function passes(filter: ProposalFilter, proposal: Proposal): boolean {
  return (
    (filter.open === undefined || filter.open === (proposal.closedAtMs === null)) &&
    (filter.incidentId === undefined || filter.incidentId === incidentOf(proposal)) &&
    (filter.service === undefined || filter.service === proposal.request.service) &&
    (filter.wouldHave === undefined ||
      filter.wouldHave === proposal.weighing?.evaluation.wouldHave?.decision)
  );
}

/** The newest `limit` of a part that are older than `after`, from all prefixes together. */
async function newest(
  table: DynamoTable,
  part: Part,
  prefixes: readonly ListPrefix[],
  after: Position | null,
  limit: number,
): Promise<Listed[]> {
  const lists = await Promise.all(
    prefixes.map((prefix) => newestWith(table, part, prefix, after, limit)),
  );
  const sorted = lists
    .flat()
    .sort(
      (a, b) =>
        b.position.receivedAtMs - a.position.receivedAtMs || compare(b.position.id, a.position.id),
    );
  // One that closes just now may be seen both as open and as closed.
  const once = sorted.filter((each, i) => each.key.pk !== sorted[i - 1]?.key.pk);
  return once.slice(0, limit);
}

async function newestWith(
  table: DynamoTable,
  part: Part,
  prefix: ListPrefix,
  after: Position | null,
  limit: number,
): Promise<Listed[]> {
  const until = after === null ? `${prefix}$` : listKey(prefix, after.receivedAtMs, after.id);
  const items = await collect(
    table.query({
      IndexName: part.index,
      KeyConditionExpression: "#part = :part AND listKey BETWEEN :from AND :until",
      ExpressionAttributeNames: { "#part": part.hashKey },
      ExpressionAttributeValues: { ":part": part.value, ":from": `${prefix}#`, ":until": until },
      ScanIndexForward: false,
      Limit: limit + 1,
    }),
    limit + 1,
  );
  return items
    .map((item) => ({ item, listKey: listedShape.parse(item).listKey }))
    .filter((each) => each.listKey !== until)
    .slice(0, limit)
    .map(({ item, listKey }) => ({ key: keyOf(item), position: positionOf(listKey) }));
}

async function proposalsOf(table: DynamoTable, listed: readonly Listed[]): Promise<Proposal[]> {
  // An index that is behind shows one where it was received although the worker has taken it over by now.
  const ids = [...new Set(listed.flatMap(({ key }) => proposalIdOf(key.pk) ?? []))];
  const received = listed.map(({ key }) => key).filter(({ pk }) => pk.startsWith(receivedPk("")));
  const items = await table.getAll([...ids.map(proposalKey), ...received]);
  const byPk = new Map(items.map((item) => [keyOf(item).pk, item]));
  return ids.flatMap((id) => {
    const [own, other] = [byPk.get(proposalPk(id)), byPk.get(receivedPk(id))];
    return own !== undefined
      ? [recordOf("proposal", own)]
      : other !== undefined
        ? [receivedOf(other)]
        : [];
  });
}

const dueShape = z.object({ dueAtMs: z.number() });
const listedShape = z.object({ listKey: z.string() });

function eachShard<T>(work: (shard: string) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: SHARDS }, (_, shard) => work(shardName(shard))));
}

/** By UTF-8 bytes, as DynamoDB sorts. */
function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, "utf8"), Buffer.from(b, "utf8"));
}
