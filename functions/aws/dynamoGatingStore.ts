import { GetItemCommand, PutItemCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import type { DynamoDBClient, ScanCommandOutput } from "@aws-sdk/client-dynamodb";
import * as z from "zod";
import {
  defaultsHash,
  gatingDigest,
  gatingForUnlisted,
  gatingHash,
  parseGating,
  parseServiceGating,
  rulesInOrder,
} from "../gate/gating/index.ts";
import type { ServiceGating } from "../gate/gating/index.ts";
import type { GatingStore, ListedGating, Seen, StoredGating } from "../gate/ports/index.ts";
import { keyOfUnlisted } from "../gate/proposal/unlisted.ts";
import { ABSENT } from "./dynamoTable.ts";
import type { Write } from "./dynamoTable.ts";
import { calledKey, currentKey, DEFAULTS_KEY, nameKey, serviceKey } from "./tableDefinition.ts";

/*
 * How gating lies in the gate's table: one item a service under its PagerDuty id, one that leads from the service's
 * name to it, and one for services that are not listed. The worker adds what a service is called by now. The gating is kept as it was written and reviewed, but for its
 * rules, which may lie there by name: a release before wrote them as a list.
 */

const written = z.object({ S: z.string() });
const serviceItem = z.object({ serviceId: written, gating: written });
const gatingItem = z.object({ gating: written });
const keyItem = z.object({ pk: written });
const nameItem = z.object({ serviceId: written });
const currentItem = z.object({ serviceName: written });
const defaultsItem = z.object({ gating: written });

/** How many services' gating a function keeps ready. */
const MOST_PARSED = 200;

type Item = Readonly<Record<string, unknown>>;

/**
 * Reads gating strongly consistent at every call, so that what was deployed counts at once. A service is listed under
 * its id, whichever way it is looked up: a renamed service keeps its gating, and one that takes over another's name
 * does not get it.
 */
export function createDynamoGatingStore(client: DynamoDBClient, tableName: string): GatingStore {
  const get = async (key: string): Promise<Item | null> => {
    const { Item: item } = await client.send(
      new GetItemCommand({ TableName: tableName, Key: { pk: { S: key } }, ConsistentRead: true }),
    );
    return item ?? null;
  };

  const put = async (item: Readonly<Record<string, string>>): Promise<void> => {
    const attributes = Object.entries(item).map(([name, text]) => [name, { S: text }] as const);
    await client.send(
      new PutItemCommand({ TableName: tableName, Item: Object.fromEntries(attributes) }),
    );
  };

  /** What a look rests on: the items that were there, and those that would have come before them. */
  const look = () => {
    const seen: Seen[] = [];
    const gatingUnder = async (key: string): Promise<Item | null> => {
      const item = await get(key);
      seen.push(seenAs(key, item === null ? null : gatingItem.parse(item).gating.S));
      return item;
    };
    return {
      seen,
      byId: (id: string) => gatingUnder(serviceKey(id)),
      async byName(name: string): Promise<Item | null> {
        const found = await get(nameKey(name));
        const serviceId = found === null ? null : nameItem.parse(found).serviceId.S;
        seen.push(seenAs(nameKey(name), serviceId));
        return serviceId === null ? null : gatingUnder(serviceKey(serviceId));
      },
    };
  };

  // Checking a large gating takes longer than reading it; the same text always gives the same.
  const parsed = new Map<string, { text: string; gating: ServiceGating }>();
  const gatingOf = (serviceId: string, text: string): ServiceGating => {
    const known = parsed.get(serviceId);
    if (known?.text === text) {
      return known.gating;
    }
    const gating = parseServiceGating(serviceId, keptGating(serviceKey(serviceId), text));
    if (parsed.size >= MOST_PARSED) {
      parsed.clear();
    }
    parsed.set(serviceId, { text, gating });
    return gating;
  };

  /** What a listed service that was renamed is called by now. */
  const calledNow = async (
    name: string,
    byId: (id: string) => Promise<Item | null>,
  ): Promise<Item | null> => {
    const called = await get(calledKey(name));
    const id = called === null ? null : nameItem.parse(called).serviceId.S;
    const current = id === null ? null : await get(currentKey(id));
    // It may have been renamed again since.
    return id !== null && current !== null && currentItem.parse(current).serviceName.S === name
      ? byId(id)
      : null;
  };

  /** What this process has learned already. */
  const learned = new Map<string, string>();

  const needed = (defaults: Item | null | undefined): Item => {
    if (defaults === null || defaults === undefined) {
      throw new Error(`the gating table ${tableName} has no item \`${DEFAULTS_KEY}\``);
    }
    return defaults;
  };

  const scan = async (): Promise<Item[]> => {
    const items: Item[] = [];
    let from: ScanCommandOutput["LastEvaluatedKey"];
    do {
      const page: ScanCommandOutput = await client.send(
        new ScanCommand({
          TableName: tableName,
          ConsistentRead: true,
          ...(from === undefined ? {} : { ExclusiveStartKey: from }),
        }),
      );
      items.push(...(page.Items ?? []));
      from = page.LastEvaluatedKey;
    } while (from !== undefined);
    return items;
  };

  return {
    async inForce() {
      const items = new Map((await scan()).map((item) => [keyItem.parse(item).pk.S, item]));
      const names = new Map<string, string>();
      for (const [pk, item] of items) {
        if (pk.startsWith(nameKey(""))) {
          names.set(nameItem.parse(item).serviceId.S, pk.slice(nameKey("").length));
        }
      }
      const services = [...items].flatMap(([pk, item]): ListedGating[] => {
        if (!pk.startsWith(serviceKey(""))) {
          return [];
        }
        const { serviceId, gating: text } = serviceItem.parse(item);
        const gating = gatingOf(serviceId.S, text.S);
        const written = keptGating(pk, text.S);
        const listedAs = names.get(serviceId.S) ?? serviceId.S;
        const hash = gatingHash(gating);
        return [{ key: serviceId.S, listedAs, serviceId: serviceId.S, hash, gating, written }];
      });
      const written = parsedJson(
        DEFAULTS_KEY,
        defaultsItem.parse(needed(items.get(DEFAULTS_KEY))).gating.S,
      );
      const hash = defaultsHash(parseGating({ services: {}, defaults: written }).defaults);
      return {
        source: `DynamoDB table ${tableName}`,
        digest: gatingDigest(services, hash),
        services: services.sort((a, b) => (a.listedAs < b.listedAs ? -1 : 1)),
        defaults: { hash, written },
        problem: null,
      };
    },

    async find(service) {
      const [first, second] = [look(), look()];
      const [ownById, ownByName, defaults] = await Promise.all([
        isKey(service.id) ? first.byId(service.id) : null,
        isKey(service.name) ? second.byName(service.name) : null,
        get(DEFAULTS_KEY),
      ]);
      const isName = service.id === null || service.id === service.name;
      const third = look();
      const own =
        ownById ??
        ownByName ??
        (isName && isKey(service.name) ? await calledNow(service.name, third.byId) : null);
      // A name that another service has taken over leads to none.
      if (
        own !== null &&
        (own === ownById || isMeant(service, serviceItem.parse(own).serviceId.S))
      ) {
        const { serviceId, gating } = serviceItem.parse(own);
        const seen =
          ownById === null ? onceEach([...first.seen, ...second.seen, ...third.seen]) : first.seen;
        return stored(serviceId.S, true, gatingOf(serviceId.S, gating.S), seen);
      }
      const { gating } = defaultsItem.parse(needed(defaults));
      const unlisted = gatingForUnlisted(
        parseGating({ services: {}, defaults: parsedJson(DEFAULTS_KEY, gating.S) }).defaults,
      );
      const seen = [...first.seen, ...second.seen, seenAs(DEFAULTS_KEY, gating.S)];
      return stored(keyOfUnlisted(service), false, unlisted, onceEach(seen));
    },

    async learn(_key, { id, name }) {
      if (learned.get(id) === name || !isKey(name)) {
        return false;
      }
      const current = await get(currentKey(id));
      const isNews = current === null || currentItem.parse(current).serviceName.S !== name;
      if (isNews) {
        await put({ pk: calledKey(name), serviceId: id });
        await put({ pk: currentKey(id), serviceName: name });
      }
      learned.set(id, name);
      return isNews;
    },
  };
}

function stored(
  key: string,
  listed: boolean,
  gating: ServiceGating,
  seen: readonly Seen[],
): StoredGating {
  const known = listed ? { serviceId: key } : {};
  return { key, ...known, listed, hash: gatingHash(gating), gating, seen };
}

/** Whether a service that was looked for by its name is the listed one. As id and name people write the same. */
function isMeant(asked: { id: string | null; name: string | null }, serviceId: string): boolean {
  return asked.id === null || asked.id === asked.name || asked.id === serviceId;
}

const SEEN = "gating ";

function seenAs(key: string, version: string | null): Seen {
  return { name: `${SEEN}${key}`, version };
}

/** An id and a name may lead to the same item, which a transaction may name only once. */
function onceEach(seen: readonly Seen[]): Seen[] {
  return [...new Map(seen.map((one) => [one.name, one])).values()];
}

/** Requires that a part of the gating is as a look found it; null: what was seen is no gating. */
export function gatingCheck(tableName: string, { name, version }: Seen): Write | null {
  if (!name.startsWith(SEEN)) {
    return null;
  }
  const pk = name.slice(SEEN.length);
  const attribute = pk.startsWith(nameKey("")) ? "serviceId" : "gating";
  return {
    check: { pk },
    table: tableName,
    condition:
      version === null
        ? ABSENT
        : { expression: `${attribute} = :seen`, values: { ":seen": version } },
  };
}

function parsedJson(key: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`\`gating\` of the gating table's item "${key}" must be JSON`);
  }
}

/** One service's gating as it was written, which is kept with its rules by name. */
function keptGating(key: string, text: string): unknown {
  const gating = rulesInOrder(parsedJson(key, text));
  if (gating === null) {
    throw new Error(
      `\`order\` in the gating of the gating table's item "${key}" must name each of its rules once`,
    );
  }
  return gating;
}

/** What is not of these lengths is no service's id or name, and DynamoDB would refuse it as a key. */
function isKey(text: string | null): text is string {
  return text !== null && text.length >= 1 && text.length <= 255;
}
