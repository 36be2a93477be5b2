import { sha256 } from "../gate/text/canonical.ts";
import { FREE_KEY } from "../gate/ledger/dedupe.ts";
import type { DedupeState } from "../gate/ledger/dedupe.ts";
import { incidentOf } from "../gate/proposal/listing.ts";
import type { Position } from "../gate/proposal/listing.ts";
import type { Delivery, Idempotency, WorkItem } from "../gate/ports/index.ts";
import type { Proposal } from "../gate/proposal/proposal.ts";
import { readRecord, writeRecord } from "../gate/ledger/records.ts";
import type { Records } from "../gate/ledger/records.ts";
import * as z from "zod";
import type { Condition, Item, Key, Write } from "./dynamoTable.ts";
import { pack, packed, unpack } from "./packed.ts";

/*
 * The ledger's items, all in one table. Below `pk`, `sk`:
 *
 *   IN#<id>         META, EVENT#<seq>               a proposal as it was received, until the worker takes it over
 *   P#<id>          META, EVENT#<seq>               a proposal and its history, from the worker's first write on
 *   HINT#<id>       HINT#<id>                       what a proposal was told
 *   DEDUPE#<key>    META                            who holds the key and what cools down under it
 *   IDEMPOTENCY#…   META                            LINK#<name>, BRAKE#<key>, HOLD#<key>, ADMITTED#<proposer>, COLLECTION#<key>, DELIVERY#<id>,
 *                                                   EVENTID#<id>, ALARM#<key>, INVOCATION#<id>, KILLSWITCH likewise
 *   NO#<thing>      META                            that a human said no to it
 *   TRAIL#<subject> META, EVENT#<seq>               the gate's own history: of switch, alarms, gating
 *   RUNS#<target>   INVOCATION#<id>                 the invocations of one target on one incident once more
 *
 * Receivers write other partitions than the worker, because a policy of IAM can tell partitions apart and nothing finer:
 * whoever holds the middleware's or the callback's rights can change no proposal that the worker has begun with.
 */

/** How long deliveries that are done, hints and idempotency keys are remembered: PagerDuty retries for two days. */
const KEPT_S = 30 * 24 * 3_600;
const DAY_S = 24 * 3_600;
export const SHARDS = 8;

export const META = "META";
export const HINT = "HINT#";
export const EVENT = "EVENT#";

export const proposalPk = (id: string): string => `P#${id}`;
export const proposalKey = (id: string): Key => ({ pk: proposalPk(id), sk: META });
export const receivedPk = (id: string): string => `IN#${id}`;
export const receivedKey = (id: string): Key => ({ pk: receivedPk(id), sk: META });
export const hintPk = (proposalId: string): string => `HINT#${proposalId}`;
export const hintKey = (proposalId: string, id: string): Key => ({
  pk: hintPk(proposalId),
  sk: `${HINT}${id}`,
});
export const dedupeKey = (key: string): Key => ({ pk: `DEDUPE#${key}`, sk: META });
export const linkKey = (name: string): Key => ({ pk: `LINK#${name}`, sk: META });
export const admissionKey = (proposer: string): Key => ({ pk: `ADMITTED#${proposer}`, sk: META });
export const collectionKey = (key: string): Key => ({ pk: `COLLECTION#${key}`, sk: META });
export const holdKey = (key: string): Key => ({ pk: `HOLD#${key}`, sk: META });
export const brakeKey = (key: string): Key => ({ pk: `BRAKE#${key}`, sk: META });
export const deliveryKey = (id: string): Key => ({ pk: `DELIVERY#${id}`, sk: META });
export const eventIdKey = (id: string): Key => ({ pk: `EVENTID#${id}`, sk: META });
export const alarmKey = (key: string): Key => ({ pk: `ALARM#${key}`, sk: META });
export const invocationKey = (id: string): Key => ({ pk: `INVOCATION#${id}`, sk: META });
export const runsPk = (incidentId: string, targetId: string): string =>
  `RUNS#${JSON.stringify([incidentId, targetId])}`;
export const noKey = (name: string): Key => ({ pk: `NO#${name}`, sk: META });
export const trailPk = (subject: string): string => `TRAIL#${subject}`;
export const trailKey = (subject: string): Key => ({ pk: trailPk(subject), sk: META });
export const killSwitchKey: Key = { pk: "KILLSWITCH", sk: META };

/** Hashed, because a proposer chooses the key and its length. */
export function idempotencyKey(of: Idempotency): Key {
  return { pk: `IDEMPOTENCY#${sha256(JSON.stringify([of.scope, of.key]))}`, sk: META };
}

export function eventSk(seq: number): string {
  return `${EVENT}${String(seq).padStart(8, "0")}`;
}

/** When TTL may remove what was of use at that time. */
export function keptUntil(atMs: number): { expiresAt: number } {
  return { expiresAt: Math.ceil(atMs / 1_000) + KEPT_S };
}

/** When TTL may remove what is of no use from that time on. */
export function goneAfter(untilMs: number): { expiresAt: number } {
  return { expiresAt: Math.ceil(untilMs / 1_000) + DAY_S };
}

const withRecord = z.object({ record: packed });

export function recordAttribute<Kind extends keyof Records>(
  kind: Kind,
  what: string,
  record: Records[Kind],
): { record: string | Uint8Array } {
  return { record: pack(what, writeRecord(kind, record)) };
}

export function recordOf<Kind extends keyof Records>(kind: Kind, item: Item): Records[Kind] {
  return readRecord(kind, unpack(withRecord.parse(item).record));
}

// --- lists ----------------------------------------------------------------------------------------------------

export const PROPOSALS = "PROPOSALS";
export const ALARMS = "ALARMS";
export const TRAILS = "TRAILS";

/** Begins the list key; open and closed proposals are apart, so that the open ones are found among very many. */
export type ListPrefix = "O" | "C" | "A";

/** Sorts by time, then by id. */
export function listKey(prefix: ListPrefix, atMs: number, id: string): string {
  return `${prefix}#${String(atMs).padStart(15, "0")}#${id}`;
}

export function positionOf(listKey: string): Position {
  const [, time = "", ...id] = listKey.split("#");
  return { receivedAtMs: Number(time), id: id.join("#") };
}

// --- due ------------------------------------------------------------------------------------------------------

/** Attributes that put an item into the index of what is due; none when nothing is due. */
function dueAttributes(id: string, dueAtMs: number | null): Item {
  return dueAtMs === null ? {} : { dueShard: shardName(shardOf(id)), dueAtMs };
}

export const shardName = (shard: number): string => `DUE#${shard}`;

/** FNV-1a: spreads ids evenly, whatever they look like. */
function shardOf(id: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(id, "utf8")) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash % SHARDS;
}

/** The proposal whose record lies there; null where no record of one does. */
export function proposalIdOf(pk: string): string | null {
  const prefix = [proposalPk(""), receivedPk("")].find((one) => pk.startsWith(one));
  return prefix === undefined ? null : pk.slice(prefix.length);
}

export function workItemOf(pk: string): WorkItem {
  const proposalId = proposalIdOf(pk);
  if (proposalId !== null) {
    return { kind: "proposal", id: proposalId };
  }
  if (pk.startsWith("DELIVERY#")) {
    return { kind: "delivery", id: pk.slice("DELIVERY#".length) };
  }
  throw new Error(`the ledger's index \`due\` has "${pk}", which is neither proposal nor delivery`);
}

// --- proposals and deliveries ---------------------------------------------------------------------------------

/** A proposal as it was received, for the receivers to write. */
export function receivedItem(proposal: Proposal): Item {
  return { ...proposalItem(proposal), ...receivedKey(proposal.id) };
}

/**
 * Reads what `receivedItem` wrote. Whoever can write it has no say in what became of the proposal: a record that tells
 * of more than its receipt is refused.
 */
export function receivedOf(item: Item): Proposal {
  const proposal = recordOf("proposal", item);
  const { id, version, weighing, approval, decision, execution, outcome, closedAtMs } = proposal;
  const told = { weighing, approval, decision, execution, outcome, closedAtMs };
  const forged = Object.entries(told).flatMap(([name, value]) => (value === null ? [] : [name]));
  if (version !== 1 || forged.length > 0) {
    throw new Error(
      `proposal ${id} as received must be at version 1 and tell of nothing later, found version ${version}${forged.map((name) => `, \`${name}\``).join("")}`,
    );
  }
  return proposal;
}

export function proposalItem(proposal: Proposal): Item {
  const { id, version, receivedAtMs, dueAtMs, closedAtMs, request } = proposal;
  const incidentId = incidentOf(proposal);
  return {
    ...proposalKey(id),
    version,
    dedupeKey: proposal.dedupeKey,
    listName: PROPOSALS,
    listKey: listKey(closedAtMs === null ? "O" : "C", receivedAtMs, id),
    // DynamoDB takes no empty text as an index's key.
    ...(incidentId === null || incidentId === "" ? {} : { incidentId }),
    ...(request.service === "" ? {} : { serviceKey: request.service }),
    ...dueAttributes(id, dueAtMs),
    ...recordAttribute("proposal", `proposal ${id}`, proposal),
  };
}

export function deliveryItem(delivery: Delivery): Item {
  const { id, dueAtMs, receivedAtMs } = delivery;
  return {
    ...deliveryKey(id),
    ...dueAttributes(id, dueAtMs),
    // What still has to be looked at stays, however long that takes.
    ...(dueAtMs === null ? keptUntil(receivedAtMs) : {}),
    ...recordAttribute("delivery", `delivery ${id}`, delivery),
  };
}

// --- dedupe keys ----------------------------------------------------------------------------------------------

const dedupeShape = z.object({
  openId: z.string().nullish(),
  coolDownId: z.string().nullish(),
  coolDownUntilMs: z.number().nullish(),
  coolDownScope: z.enum(["all", "events"]).nullish(),
  coolDownGating: z.string().nullish(),
});

export function dedupeStateOf(item: Item | null): DedupeState {
  if (item === null) {
    return FREE_KEY;
  }
  const { openId, coolDownId, coolDownUntilMs, coolDownScope, coolDownGating } =
    dedupeShape.parse(item);
  return {
    openId: openId ?? null,
    coolDown:
      typeof coolDownId === "string" && typeof coolDownUntilMs === "number"
        ? {
            proposalId: coolDownId,
            untilMs: coolDownUntilMs,
            scope: coolDownScope ?? "all",
            gatingHash: coolDownGating ?? null,
          }
        : null,
  };
}

/** Writes what is kept under a dedupe key, provided that it is still as it was read. */
export function dedupeWrite(key: string, before: DedupeState, after: DedupeState): Write {
  const condition = unchanged({
    openId: before.openId,
    coolDownId: before.coolDown?.proposalId ?? null,
    coolDownUntilMs: before.coolDown?.untilMs ?? null,
  });
  const { openId, coolDown } = after;
  if (openId === null && coolDown === null) {
    return { remove: dedupeKey(key), condition };
  }
  const put = {
    ...dedupeKey(key),
    ...(openId === null ? {} : { openId }),
    ...(coolDown === null
      ? {}
      : {
          coolDownId: coolDown.proposalId,
          coolDownUntilMs: coolDown.untilMs,
          coolDownScope: coolDown.scope,
          ...(coolDown.gatingHash === null ? {} : { coolDownGating: coolDown.gatingHash }),
        }),
    ...(openId === null && coolDown !== null ? goneAfter(coolDown.untilMs) : {}),
  };
  return { put, condition };
}

/** The condition that an item has these values; null: that it lacks them. */
export function unchanged(values: Record<string, string | number | null>): Condition {
  const present = Object.entries(values).filter(([, value]) => value !== null);
  return {
    expression: Object.entries(values)
      .map(([name, value]) =>
        value === null ? `attribute_not_exists(${name})` : `${name} = :${name}`,
      )
      .join(" AND "),
    values: Object.fromEntries(present.map(([name, value]) => [`:${name}`, value])),
  };
}
