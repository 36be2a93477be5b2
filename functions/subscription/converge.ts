import type { SigningKey, SigningRecord, Wanted, WantedScope } from "../aws/signingRecord.ts";
import { RemoteError } from "../gate/ports/index.ts";
import type { ListedSubscription, SubscriptionTerms } from "../pagerduty/webhookAdmin.ts";
import type { SubscriptionPorts } from "./ports.ts";

/** PagerDuty repeats a delivery for two days: so long, and a day more, what an old secret signed is still taken. */
const STILL_TAKEN_MS = 3 * 86_400_000;

/** How every gate's description begins; by it, what an earlier release made for the same address is known as a gate's. */
const DESCRIPTION = "Approval gate ";

/** Ids of the subscriptions by the keys of their scopes. */
export type SubscriptionIds = Record<string, string>;

/**
 * Makes PagerDuty's subscriptions what the gate wants, whatever is there: it looks, and keeps what it has the signing
 * secret of. A new subscription is made inactive and switched on only once its secret is stored, because PagerDuty
 * disables one whose deliveries are refused; what is no longer wanted goes after that, so that nothing is lost. Whatever
 * call fails or is cut off, doing it again gives the same: what an unheard answer left behind is removed.
 */
export async function converge(ports: SubscriptionPorts, wanted: Wanted): Promise<SubscriptionIds> {
  const { admin, store, clock } = ports;
  const listed = await admin.list();
  let stored = await store.read();
  let keys: readonly SigningKey[] = stored?.keys ?? [];
  const ids: SubscriptionIds = {};
  for (const scope of wanted.scopes) {
    const own = listed.find((one) => isOf(one, wanted, scope) && holds(keys, one, wanted, scope));
    const terms = termsOf(wanted, scope);
    if (own === undefined) {
      const { id, secret } = await create(ports, { ...terms, url: wanted.url });
      keys = [...keys, { id, scope: scope.key, serial: wanted.serial, secret, goodUntilMs: null }];
      stored = { wanted, keys: [...keys] };
      await store.write(stored);
      await admin.activate(id, terms);
      ids[scope.key] = id;
    } else {
      if (!own.active || !isAsWanted(own, terms)) {
        await admin.activate(own.id, terms);
      }
      if (own.temporarilyDisabled) {
        await admin.enable(own.id);
      }
      ids[scope.key] = own.id;
    }
  }
  const used = new Set(Object.values(ids));
  await keep(ports, stored, { wanted, keys: retired(keys, used, clock.now()) });
  await removeOthers(ports, wanted, keys, used);
  return ids;
}

/** Removes whatever the gate has subscribed to, and remembers that it wants nothing any more. */
export async function giveUp(ports: SubscriptionPorts, wanted: Wanted): Promise<void> {
  const stored = await ports.store.read();
  const keys = stored?.keys ?? [];
  if (stored !== null) {
    // First, or a worker that looks just now would make them again.
    await ports.store.write({
      wanted: null,
      keys: retired(keys, new Set(), ports.clock.now()),
    });
  }
  await removeOthers(ports, wanted, keys, new Set());
}

/**
 * Makes again what somebody removed, and removes what two that did so at once have made too many. What somebody has
 * switched off stays so. False: there was nothing to mend, or the gate wants none.
 */
export async function heal(ports: SubscriptionPorts): Promise<boolean> {
  const stored = await ports.store.read();
  const wanted = stored?.wanted ?? null;
  if (stored === null || wanted === null) {
    return false;
  }
  const used = new Set(
    stored.keys.flatMap(({ id, goodUntilMs }) => (goodUntilMs === null ? (id ?? []) : [])),
  );
  const own = (await ports.admin.list()).filter(
    ({ description }) => description === wanted.description,
  );
  if (own.length === used.size && own.every(({ id }) => used.has(id))) {
    return false;
  }
  await converge(ports, wanted);
  return true;
}

/** Once more where nobody knows whether one was made: its secret is lost, and it is removed with what is not wanted. */
async function create(
  { admin, log }: SubscriptionPorts,
  terms: SubscriptionTerms & { url: string },
): Promise<{ id: string; secret: string }> {
  const made = await admin.create(terms).catch((error: unknown) => {
    if (!(error instanceof RemoteError) || error.nothingDone) {
      throw error;
    }
    log.warn("a webhook subscription may have been made", { problem: error.message });
    return admin.create(terms);
  });
  const { id, secret } = made;
  if (secret === null) {
    await admin.remove(id);
    throw new Error(
      `PagerDuty told no signing secret for webhook subscription ${id}, which was removed again: nothing that it sends could be verified`,
    );
  }
  return { id, secret };
}

function isOf(one: ListedSubscription, { url }: Wanted, { type, id }: WantedScope): boolean {
  return one.url === url && one.filter.type === type && one.filter.id === id;
}

function holds(
  keys: readonly SigningKey[],
  { id }: ListedSubscription,
  { serial }: Wanted,
  scope: WantedScope,
): boolean {
  return keys.some(
    (key) =>
      key.id === id && key.scope === scope.key && key.serial === serial && key.goodUntilMs === null,
  );
}

function termsOf({ description, events }: Wanted, { type, id }: WantedScope): SubscriptionTerms {
  return { description, events, filter: { type, id } };
}

/** The order of event types has no meaning. */
function isAsWanted(one: ListedSubscription, { description, events }: SubscriptionTerms): boolean {
  const sorted = (list: readonly string[]) => [...new Set(list)].sort().join();
  return one.description === description && sorted(one.events) === sorted(events);
}

/** Those in use, and those whose deliveries may still be on their way. */
function retired(
  keys: readonly SigningKey[],
  used: ReadonlySet<string>,
  nowMs: number,
): SigningKey[] {
  return keys
    .map((key) =>
      key.id !== null && used.has(key.id)
        ? key
        : { ...key, goodUntilMs: key.goodUntilMs ?? nowMs + STILL_TAKEN_MS },
    )
    .filter(({ goodUntilMs }) => goodUntilMs === null || nowMs < goodUntilMs);
}

async function keep(
  { store }: SubscriptionPorts,
  stored: SigningRecord | null,
  record: SigningRecord,
): Promise<void> {
  // A version of the secret for each change, not for each look.
  if (JSON.stringify(stored) !== JSON.stringify(record)) {
    await store.write(record);
  }
}

/** Others at the gate's own address, or that it once made; a stranger's there is left alone. */
async function removeOthers(
  { admin, log }: SubscriptionPorts,
  wanted: Wanted,
  keys: readonly SigningKey[],
  used: ReadonlySet<string>,
): Promise<void> {
  const made = new Set(keys.flatMap(({ id }) => id ?? []));
  for (const { id, url, description } of await admin.list()) {
    const isOwn =
      made.has(id) ||
      description === wanted.description ||
      (url === wanted.url && description.startsWith(DESCRIPTION));
    if (isOwn && !used.has(id)) {
      await admin.remove(id);
      log.info("webhook subscription removed", { subscriptionId: id });
    }
  }
}
