/** A DynamoDB table's keys, as the functions use them. Pure data: the stack provisions from it, the tests too. */
export interface TableDefinition {
  hashKey: string;
  rangeKey?: string;
  attributes: readonly { name: string; type: "S" | "N" }[];
  indexes: readonly TableIndex[];
  /** Epoch seconds after which an item may be removed; absent: nothing ever is. */
  ttlAttribute?: string;
}

export interface TableIndex {
  name: string;
  hashKey: string;
  rangeKey?: string;
  projection: "ALL" | "KEYS_ONLY";
}

/**
 * The ledger. Every index is sparse and carries keys only: what it finds is read from the table itself. Only items that
 * may go have the TTL attribute, never a proposal, its history, an alarm or an invocation.
 */
export const ledgerTable = {
  hashKey: "pk",
  rangeKey: "sk",
  attributes: [
    { name: "pk", type: "S" },
    { name: "sk", type: "S" },
    { name: "dueShard", type: "S" },
    { name: "dueAtMs", type: "N" },
    { name: "listName", type: "S" },
    { name: "incidentId", type: "S" },
    { name: "serviceKey", type: "S" },
    { name: "listKey", type: "S" },
  ],
  indexes: [
    { name: "due", hashKey: "dueShard", rangeKey: "dueAtMs", projection: "KEYS_ONLY" },
    { name: "newest", hashKey: "listName", rangeKey: "listKey", projection: "KEYS_ONLY" },
    { name: "byIncident", hashKey: "incidentId", rangeKey: "listKey", projection: "KEYS_ONLY" },
    { name: "byService", hashKey: "serviceKey", rangeKey: "listKey", projection: "KEYS_ONLY" },
  ],
  ttlAttribute: "expiresAt",
} as const satisfies TableDefinition;

/** Each service's gating under its PagerDuty id, with an item that leads from its name there, and the defaults. */
export const gatingTable = {
  hashKey: "pk",
  attributes: [{ name: "pk", type: "S" }],
  indexes: [],
} as const satisfies TableDefinition;

/** Key of the item that holds the gating of services that are not listed. */
export const DEFAULTS_KEY = "defaults";

export function serviceKey(id: string): string {
  return `service#${id}`;
}

export function nameKey(name: string): string {
  return `name#${name}`;
}

/** Leads from a name that PagerDuty has for a listed service to it, for as long as that is what it is called. */
export function calledKey(name: string): string {
  return `called#${name}`;
}

/** What a listed service is called in PagerDuty, as it was looked at last. */
export function currentKey(id: string): string {
  return `current#${id}`;
}
