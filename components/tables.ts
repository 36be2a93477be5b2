/** A DynamoDB table's keys, as the functions use them. */
export interface TableDefinition {
  hashKey: string;
  rangeKey?: string;
  attributes: readonly { name: string; type: "S" | "N" }[];
  indexes: readonly {
    name: string;
    hashKey: string;
    rangeKey?: string;
    projection: "ALL" | "KEYS_ONLY";
  }[];
  /** Epoch seconds after which an item may be removed; absent: nothing ever is. */
  ttlAttribute?: string;
}

export const ledgerTable: TableDefinition = {
  hashKey: "pk",
  rangeKey: "sk",
  attributes: [
    { name: "pk", type: "S" },
    { name: "sk", type: "S" },
  ],
  indexes: [],
  ttlAttribute: "expiresAt",
};

export const gatingTable: TableDefinition = {
  hashKey: "pk",
  attributes: [{ name: "pk", type: "S" }],
  indexes: [],
};
