import { DEFAULTS_KEY, nameKey, serviceKey } from "../functions/aws/tableDefinition.ts";

/*
 * How gating lies in the gate's store: one item a service, and one that leads from the service's name to it. The
 * gating is kept as it was written; functions read it with the same checks as this package.
 */

/** A DynamoDB item as `aws.dynamodb.TableItem` wants it. */
type Item = Readonly<Record<string, { S: string }>>;

export function gatingItem(service: { id: string; name: string }, gating: unknown): string {
  return itemText({
    pk: { S: serviceKey(service.id) },
    serviceId: { S: service.id },
    serviceName: { S: service.name },
    gating: { S: sortedJson(gating) },
  });
}

export function nameItem(service: { id: string; name: string }): string {
  return itemText({ pk: { S: nameKey(service.name) }, serviceId: { S: service.id } });
}

export function defaultsItem(defaults: unknown): string {
  return itemText({ pk: { S: DEFAULTS_KEY }, gating: { S: sortedJson(defaults) } });
}

function itemText(item: Item): string {
  return sortedJson(item);
}

/** The same text for the same value, whatever the order in which its keys were written. */
function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === "object" && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
