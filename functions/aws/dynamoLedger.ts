import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import * as z from "zod";
import type { Clock, Ledger } from "../gate/ports/index.ts";
import { collectionOf } from "./dynamoCollections.ts";
import { admit } from "./dynamoAdmission.ts";
import { holderOf } from "./dynamoHolds.ts";
import { switchOver } from "../gate/ledger/killSwitch.ts";
import { acknowledge, raise } from "./dynamoAlarms.ts";
import { readSwitches, throwSwitch } from "./dynamoSwitches.ts";
import { dueItems, listProposals, listTrails, newestAlarms, nextDueAtMs } from "./dynamoLists.ts";
import { placesAt } from "./dynamoPlaces.ts";
import { trailEvents, trailOf, trailWrites } from "./dynamoTrails.ts";
import { eventsOf, getProposal } from "./dynamoRecords.ts";
import { createProposal, recall, saveProposal } from "./dynamoProposals.ts";
import { noOf } from "./dynamoSeen.ts";
import { ABSENT, collect, dynamoTable } from "./dynamoTable.ts";
import {
  deliveryItem,
  deliveryKey,
  eventIdKey,
  hintKey,
  invocationKey,
  keptUntil,
  linkKey,
  noKey,
  recordAttribute,
  recordOf,
  runsPk,
} from "./ledgerItems.ts";

/**
 * The ledger in one DynamoDB table (see `tableDefinition.ts`). What decides is read strongly consistent; lists and
 * `due` go through indexes and may be a moment behind.
 */
export function createDynamoLedger(
  client: DynamoDBClient,
  tableName: string,
  clock: Clock,
  /** How long a write that meets others under way is begun anew. */
  busyForMs = 10_000,
  /** Where the gating lies that a claim requires unchanged; who never claims needs none. */
  gatingTableName?: string,
): Ledger {
  const table = dynamoTable(client, tableName, { clock, busyForMs });

  return {
    create: (proposal, events, options) =>
      createProposal(table, clock.now(), proposal, events, options),

    admit: (proposer, limits, atMs) => admit(table, proposer, limits, atMs),

    recall: (idempotency) => recall(table, idempotency),

    get: (id) => getProposal(table, id),

    save: (next, events, options) =>
      saveProposal(table, next, events, options ?? {}, gatingTableName),

    list: (filter) => listProposals(table, filter),

    collection: (key) => collectionOf(table, key),

    places: (key, atMs) => placesAt(table, key, atMs),

    events: (id) => eventsOf(table, id),

    async link(name) {
      const item = await table.get(linkKey(name));
      return item === null ? null : linkShape.parse(item).proposalId;
    },

    holder: (key) => holderOf(table, key),
    lastNo: async (name) => noOf(name, await table.get(noKey(name))),

    async hint(proposalId, hint) {
      await table.put({
        ...hintKey(proposalId, hint.id),
        ...keptUntil(hint.atMs),
        ...recordAttribute("hint", `hint ${hint.id} of proposal ${proposalId}`, hint),
      });
    },

    async accept(delivery) {
      const { eventId, receivedAtMs } = delivery;
      const item = deliveryItem(delivery);
      const isNew =
        eventId === null
          ? await table.putNew(item)
          : (await table.transact([
              { put: item, condition: ABSENT },
              { put: { ...eventIdKey(eventId), ...keptUntil(receivedAtMs) }, condition: ABSENT },
            ])) === null;
      return isNew ? "new" : "duplicate";
    },

    async getDelivery(id) {
      const item = await table.get(deliveryKey(id));
      return item === null ? null : recordOf("delivery", item);
    },

    saveDelivery: (delivery) => table.put(deliveryItem(delivery)),

    due: (nowMs, limit) => dueItems(table, nowMs, limit),

    nextDueAtMs: () => nextDueAtMs(table),

    raise: (alarm) => raise(table, alarm),

    acknowledge: (key, acknowledgement) => acknowledge(table, key, acknowledgement),

    alarms: (limit) => newestAlarms(table, limit),

    async getInvocation(id) {
      const item = await table.get(invocationKey(id));
      return item === null ? null : recordOf("invocation", item);
    },

    async putInvocation(invocation) {
      const { id, incidentId, targetId } = invocation;
      const record = recordAttribute("invocation", `invocation ${id}`, invocation);
      // Twice, because an index could not be read strongly consistent.
      await table.transact([
        { put: { ...invocationKey(id), ...record } },
        { put: { pk: runsPk(incidentId, targetId), sk: `INVOCATION#${id}`, ...record } },
      ]);
    },

    async invocations(incidentId, targetId) {
      const items = table.query({
        ConsistentRead: true,
        KeyConditionExpression: "pk = :pk",
        ExpressionAttributeValues: { ":pk": runsPk(incidentId, targetId) },
      });
      const found = (await collect(items)).map((item) => recordOf("invocation", item));
      return found.sort((a, b) => a.firstSeenAtMs - b.firstSeenAtMs || (a.id < b.id ? -1 : 1));
    },

    async killSwitch(over) {
      const found = await readSwitches(table);
      return over === undefined ? found.all : switchOver(found, over);
    },

    narrowerSwitches: async () => (await readSwitches(table)).narrower,

    setKillSwitch: (state) => throwSwitch(table, state),

    async trail(subject) {
      // The head first: an event that comes in between is not part of this look.
      const trail = await trailOf(table, subject);
      return trail === null
        ? null
        : { trail, events: (await trailEvents(table, subject)).slice(0, trail.head.seq) };
    },

    trails: (cursor) => listTrails(table, cursor),

    async chronicle(before, to, facts, atMs) {
      return (await table.transact(trailWrites(before, to, facts, atMs))) === null;
    },
  };
}

const linkShape = z.object({ proposalId: z.string() });
