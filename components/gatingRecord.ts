import { rulesByName } from "../functions/gate/gating/index.ts";
import { DEFAULTS_KEY, nameKey, serviceKey } from "../functions/aws/tableDefinition.ts";

/*
 * How gating lies in the gate's store: one item a service, and one that leads from the service's name to it. Functions
 * read it with the same checks as this package. It is kept as it was written, but for rules: those are kept by name, so that a
 * preview tells of one that is put first as of one, and not of all that come after it.
 */

export { everyRuleByName } from "../functions/gate/gating/index.ts";

/** What this release's functions read. A gate of an earlier one reads rules as a list only. */
export const GATING_FORM = 2;

/** A DynamoDB item as `aws.dynamodb.TableItem` wants it. */
type Item = Readonly<Record<string, { S: string }>>;

/** @param form Which form the gate reads; absent: rules as a list. */
export function gatingItem(
  service: { id: string; name: string },
  gating: unknown,
  form: unknown,
): string {
  const readsNames = typeof form === "number" && form >= GATING_FORM;
  return itemText({
    pk: { S: serviceKey(service.id) },
    serviceId: { S: service.id },
    serviceName: { S: service.name },
    gating: { S: sortedJson(readsNames ? rulesByName(gating) : gating) },
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
