import * as z from "zod";
import type { AuditEvent, AuditFact } from "../gate/proposal/audit.ts";
import { extended } from "../gate/ledger/trails.ts";
import type { Trail } from "../gate/ports/index.ts";
import { ABSENT, collect } from "./dynamoTable.ts";
import type { DynamoTable, Item, Write } from "./dynamoTable.ts";
import {
  EVENT,
  TRAILS,
  eventSk,
  listKey,
  recordAttribute,
  recordOf,
  trailKey,
  trailPk,
} from "./ledgerItems.ts";

const shape = z.object({
  subject: z.string(),
  state: z.string().nullable(),
  seq: z.number(),
  head: z.string(),
});

export async function trailOf(table: DynamoTable, subject: string): Promise<Trail | null> {
  const item = await table.get(trailKey(subject));
  return item === null ? null : trailIn(item);
}

export async function trailEvents(table: DynamoTable, subject: string): Promise<AuditEvent[]> {
  const items = table.query({
    ConsistentRead: true,
    KeyConditionExpression: "pk = :pk AND begins_with(sk, :event)",
    ExpressionAttributeValues: { ":pk": trailPk(subject), ":event": EVENT },
  });
  return (await collect(items)).map((item) => recordOf("event", item));
}

/** Every part fails when somebody else has added to the trail since it was read. */
export function trailWrites(
  before: Trail | null,
  to: Pick<Trail, "subject" | "state">,
  facts: readonly AuditFact[],
  atMs: number,
): Write[] {
  const { trail, events } = extended(before, to, facts, atMs);
  const { subject, state, head } = trail;
  return [
    {
      put: {
        ...trailKey(subject),
        subject,
        state,
        ...head,
        listName: TRAILS,
        // By name: there is no time that could sort subjects whose trails keep growing.
        listKey: listKey("A", 0, subject),
      },
      condition:
        before === null
          ? ABSENT
          : { expression: "seq = :before", values: { ":before": before.head.seq } },
    },
    ...events.map((event): Write => ({
      put: {
        pk: trailPk(subject),
        sk: eventSk(event.seq),
        ...recordAttribute("event", `event ${event.seq} of ${subject}`, event),
      },
      condition: ABSENT,
    })),
  ];
}

export function trailIn(item: Item): Trail {
  const { subject, state, seq, head } = shape.parse(item);
  return { subject, state, head: { seq, head } };
}
