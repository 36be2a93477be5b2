import * as z from "zod";
import type { AuditEvent } from "../gate/proposal/audit.ts";
import { afterwards, heldBy, joinedBy } from "../gate/ledger/dedupe.ts";
import type { DedupeState } from "../gate/ledger/dedupe.ts";
import type {
  CreateOptions,
  CreateResult,
  Idempotency,
  Recalled,
  SaveOptions,
  SaveResult,
} from "../gate/ports/index.ts";
import type { Proposal } from "../gate/proposal/proposal.ts";
import { collectWrite } from "./dynamoCollections.ts";
import { haveWrite, letGoWrites } from "./dynamoHolds.ts";
import { noWrite, seenCheck } from "./dynamoSeen.ts";
import { requireOff } from "./dynamoSwitches.ts";
import { placeWrites } from "./dynamoPlaces.ts";
import { mustFindProposal, readReceived } from "./dynamoRecords.ts";
import { ABSENT, keyOf, pause } from "./dynamoTable.ts";
import type { Condition, DynamoTable, Item, Write } from "./dynamoTable.ts";
import {
  dedupeKey,
  dedupeStateOf,
  dedupeWrite,
  eventSk,
  hintKey,
  idempotencyKey,
  keptUntil,
  linkKey,
  noKey,
  proposalItem,
  proposalKey,
  proposalPk,
  receivedItem,
  receivedKey,
  receivedPk,
  recordAttribute,
} from "./ledgerItems.ts";

/** How often a write is prepared anew because what it was prepared on had changed: many may want a place at one brake. */
const ROUNDS = 30;

/** DynamoDB takes at most 100 writes in one transaction; more hints than this are removed after it. */
const HINTS_IN_TRANSACTION = 40;

export async function createProposal(
  table: DynamoTable,
  nowMs: number,
  proposal: Proposal,
  events: readonly AuditEvent[],
  options: CreateOptions | undefined,
): Promise<CreateResult> {
  const idempotency = options?.idempotency;
  for (let round = 0; round < ROUNDS; round += 1) {
    const [state, recalled] = await Promise.all([
      dedupeState(table, proposal.dedupeKey),
      idempotency === undefined ? null : recall(table, idempotency),
    ]);
    if (recalled !== null) {
      return recalled;
    }

    // A key that joined another proposal leads to that one ever after, also when it is closed.
    const remember = (proposalId: string): Write[] =>
      idempotency === undefined
        ? []
        : [{ put: idempotencyItem(idempotency, proposalId, nowMs), condition: ABSENT }];

    const other = joinedBy(state, proposal.source.kind, nowMs, options?.gatingHash);
    if (other !== null) {
      const writes = remember(other.proposalId);
      if (writes.length === 0 || (await table.transact(writes)) === null) {
        const found = await mustFindProposal(table, other.proposalId);
        return { created: false, joined: other.joined, proposal: found };
      }
    } else {
      const failed = await table.transact([
        { put: receivedItem(proposal), condition: ABSENT },
        dedupeWrite(proposal.dedupeKey, state, heldBy(state, proposal.id)),
        ...remember(proposal.id),
        ...eventWrites(receivedPk(proposal.id), events),
      ]);
      if (failed === null) {
        return { created: true, proposal };
      }
      if (failed[0] === true && !failed.slice(1).includes(true)) {
        throw new Error(`proposal ${proposal.id} exists already`);
      }
    }
    await pause(round);
  }
  throw new Error(`proposal ${proposal.id} could not be created: its keys kept changing`);
}

export async function recall(
  table: DynamoTable,
  idempotency: Idempotency,
): Promise<Recalled | null> {
  const known = await table.get(idempotencyKey(idempotency));
  if (known === null) {
    return null;
  }
  const { requestHash, proposalId } = idempotencyShape.parse(known);
  return {
    created: false,
    joined: requestHash === idempotency.requestHash ? "idempotencyKey" : "conflict",
    proposal: await mustFindProposal(table, proposalId),
  };
}

/** @param gatingTable Where the gating lies that a save may require unchanged. */
export async function saveProposal(
  table: DynamoTable,
  next: Proposal,
  events: readonly AuditEvent[],
  options: SaveOptions,
  gatingTable: string | undefined,
): Promise<SaveResult> {
  const { dedupe } = options;
  if (dedupe?.kind === "move" && dedupe.to !== next.dedupeKey) {
    throw new Error(
      `proposal ${next.id}: a save that moves must have its new key as \`dedupeKey\``,
    );
  }
  const consume = [...new Set(options.consume)];
  for (let round = 0; round < ROUNDS; round += 1) {
    const prepared = await prepare(table, next, options, gatingTable);
    if (prepared === "stale") {
      return "stale";
    }
    const { guards, preparedWrites, heldKey } = prepared;
    const failed = await table.transact([
      ...guards.map(({ write }) => write),
      ...preparedWrites,
      ...linkWrites(next.id, options.links),
      ...consume
        .slice(0, HINTS_IN_TRANSACTION)
        .map((id): Write => ({ remove: hintKey(next.id, id) })),
      ...eventWrites(proposalPk(next.id), events),
    ]);
    if (failed === null) {
      for (const id of consume.slice(HINTS_IN_TRANSACTION)) {
        await table.remove(hintKey(next.id, id));
      }
      return "saved";
    }
    const refused = guards.find((_, i) => failed[i] === true)?.refusal;
    if (refused === "stale") {
      await refuseSilentMove(table, next, heldKey);
    }
    if (refused !== undefined) {
      return refused;
    }
    if (!failed.slice(guards.length, guards.length + preparedWrites.length).includes(true)) {
      throw new Error(`proposal ${next.id}: an event of version ${next.version} exists already`);
    }
    await pause(round);
  }
  throw new Error(`proposal ${next.id} could not be saved: its keys kept changing`);
}

interface Prepared {
  /** In the order in which they are told. */
  guards: { write: Write; refusal: Exclude<SaveResult, "saved"> }[];
  /** Depend on what was read: a failed condition means to prepare again. */
  preparedWrites: Write[];
  heldKey: string;
}

async function prepare(
  table: DynamoTable,
  next: Proposal,
  options: SaveOptions,
  gatingTable: string | undefined,
): Promise<Prepared | "stale"> {
  const { dedupe, hold, requireKillSwitchOff } = options;
  let heldKey = next.dedupeKey;
  const preparedWrites = await letGoWrites(table, next.id, options.letGo);
  // The worker's first write moves a proposal to where no receiver can write.
  const received = next.version === 2 ? await readReceived(table, next.id) : null;
  if (dedupe?.kind === "move") {
    const before = received?.meta ?? (await table.get(proposalKey(next.id)));
    const meta = before === null ? null : metaShape.parse(before);
    if (meta?.version !== next.version - 1) {
      return "stale";
    }
    heldKey = meta.dedupeKey;
    if (heldKey !== dedupe.to) {
      const state = await dedupeState(table, heldKey);
      const after = afterwards(state, next.id, { kind: "release" });
      preparedWrites.push(dedupeWrite(heldKey, state, after));
    }
  } else if (dedupe !== undefined) {
    const state = await dedupeState(table, heldKey);
    preparedWrites.push(dedupeWrite(heldKey, state, afterwards(state, next.id, dedupe)));
  }
  if (options.no !== undefined) {
    const { name, ...no } = options.no;
    preparedWrites.push(noWrite(name, await table.get(noKey(name)), no));
  }
  const places = await placeWrites(table, next.id, options);
  preparedWrites.push(...places.writes);

  const before: Condition = {
    expression: "version = :before AND dedupeKey = :heldKey",
    values: { ":before": next.version - 1, ":heldKey": heldKey },
  };
  const guards: Prepared["guards"] =
    received === null
      ? [{ refusal: "stale", write: { put: proposalItem(next), condition: before } }]
      : [
          { refusal: "stale", write: { put: proposalItem(next), condition: ABSENT } },
          { refusal: "stale", write: { remove: receivedKey(next.id), condition: before } },
        ];
  for (const seen of options.unchanged ?? []) {
    guards.push({ refusal: "changed", write: seenCheck(seen, gatingTable) });
  }
  if (requireKillSwitchOff === true) {
    guards.push({ refusal: "killSwitch", write: requireOff(next) });
  }
  if (options.collect !== undefined) {
    guards.push({ refusal: "stale", write: collectWrite(options.collect) });
  }
  if (places.full !== null) {
    guards.push({ refusal: "limit", write: places.full });
  }
  for (const key of new Set(hold?.keys)) {
    guards.push({ refusal: "held", write: haveWrite(key, next.id, hold?.atMs ?? 0) });
  }
  if (dedupe?.kind === "move") {
    guards.push({ refusal: "dedupe", write: holdWrite(dedupe.to, next.id) });
  }
  if (options.take !== undefined) {
    guards.push({ refusal: "taken", write: takeWrite(options.take, next.id) });
  }
  // The history of a proposal that is still where it was received.
  for (const item of received?.events ?? []) {
    preparedWrites.push({ put: { ...item, pk: proposalPk(next.id) } }, { remove: keyOf(item) });
  }
  return { guards, preparedWrites, heldKey };
}

/** Takes a dedupe key unless another open proposal holds it; what cools down under it stays. */
function holdWrite(key: string, proposalId: string): Write {
  return {
    update: dedupeKey(key),
    expression: "SET openId = :id REMOVE expiresAt",
    values: { ":id": proposalId },
    condition: { expression: "attribute_not_exists(openId) OR openId = :id" },
  };
}

function takeWrite(name: string, proposalId: string): Write {
  return {
    update: linkKey(name),
    expression: "SET proposalId = :id",
    values: { ":id": proposalId },
    condition: { expression: "attribute_not_exists(proposalId) OR proposalId = :id" },
  };
}

function linkWrites(proposalId: string, links: readonly string[] | undefined): Write[] {
  return [...new Set(links)].map((name) => ({
    update: linkKey(name),
    expression: "SET proposalId = if_not_exists(proposalId, :id)",
    values: { ":id": proposalId },
  }));
}

function eventWrites(pk: string, events: readonly AuditEvent[]): Write[] {
  return events.map((event) => ({
    put: {
      pk,
      sk: eventSk(event.seq),
      ...recordAttribute("event", `event ${event.seq} of ${pk}`, event),
    },
    condition: ABSENT,
  }));
}

/** A record with the right version but another key was not overtaken: the caller changed the key by mistake. */
async function refuseSilentMove(
  table: DynamoTable,
  next: Proposal,
  heldKey: string,
): Promise<void> {
  const item = (await table.get(proposalKey(next.id))) ?? (await table.get(receivedKey(next.id)));
  const meta = item === null ? null : metaShape.parse(item);
  if (meta?.version === next.version - 1 && meta.dedupeKey !== heldKey) {
    throw new Error(
      `proposal ${next.id}: its \`dedupeKey\` changes only with a save that moves it`,
    );
  }
}

async function dedupeState(table: DynamoTable, key: string): Promise<DedupeState> {
  return dedupeStateOf(await table.get(dedupeKey(key)));
}

const metaShape = z.object({ version: z.number(), dedupeKey: z.string() });
const idempotencyShape = z.object({ requestHash: z.string(), proposalId: z.string() });

function idempotencyItem(idempotency: Idempotency, proposalId: string, nowMs: number): Item {
  const { requestHash } = idempotency;
  return { ...idempotencyKey(idempotency), requestHash, proposalId, ...keptUntil(nowMs) };
}
