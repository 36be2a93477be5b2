import { isRecord } from "./fields.ts";

/*
 * Rules by their names, and their order in a text beside them, a line each. What compares two of them place by place, as
 * the preview of a deployment does, tells of a rule that is put first as of one rule, and of one line.
 */

type Fields = Readonly<Record<string, unknown>>;

/** One service's gating, which was checked, with its rules by name. */
export function rulesByName(gating: unknown): unknown {
  const rules = isRecord(gating) ? gating["rules"] : undefined;
  if (!isRecord(gating) || !Array.isArray(rules) || rules.length === 0) {
    return gating;
  }
  const named = (rules as Fields[]).map(({ name, ...rule }) => [String(name), rule] as const);
  return {
    ...gating,
    rules: Object.fromEntries(named),
    order: named.map(([name]) => name).join("\n"),
  };
}

/** One service's gating with its rules as a list, whichever way it was kept. Null: its rules and their order do not fit. */
export function rulesInOrder(kept: unknown): unknown {
  if (!isRecord(kept) || !isRecord(kept["rules"])) {
    return kept;
  }
  const { rules, order, ...gating } = kept as Fields & { rules: Fields };
  const names = typeof order === "string" ? order.split("\n") : [];
  const known = names.filter((name) => Object.hasOwn(rules, name) && isRecord(rules[name]));
  const isWhole =
    new Set(known).size === names.length && names.length === Object.keys(rules).length;
  return isWhole
    ? { ...gating, rules: names.map((name) => ({ name, ...(rules[name] as Fields) })) }
    : null;
}

/** {@link rulesByName} of all services of a gating, which was checked. */
export function everyRuleByName(gating: unknown): unknown {
  return ofEveryService(gating, rulesByName);
}

/** {@link rulesInOrder} of all services; a service whose rules and order do not fit has null for its gating. */
export function everyRuleInOrder(kept: unknown): unknown {
  return ofEveryService(kept, rulesInOrder);
}

function ofEveryService(gating: unknown, change: (own: unknown) => unknown): unknown {
  const services = isRecord(gating) ? gating["services"] : undefined;
  return isRecord(gating) && isRecord(services)
    ? {
        ...gating,
        services: Object.fromEntries(
          Object.entries(services).map(([service, own]) => [service, change(own)]),
        ),
      }
    : gating;
}
