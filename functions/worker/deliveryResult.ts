/** What came of an event; `again`: it cannot be told yet. */
export type DeliveryResult = { result: string } | { againAtMs: number };
