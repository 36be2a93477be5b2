import { z } from "zod";
import type { OrchestrationPathType, OrchestrationSet } from "../account/orchestrationDocuments.ts";
import { invalidInput } from "../http/errors.ts";

const pair = z.object({ key: z.string(), value: z.string() });
/** The API takes a text or a list; either names one. */
const TriggerTypes = z
  .union([z.string(), z.array(z.string()).max(1, "must name at most one")])
  .nullish();

const Actions = z.looseObject({
  route_to: z.string().nullish(),
  pagerduty_automation_actions: z
    .array(z.looseObject({ action_id: z.string().min(1), trigger_types: TriggerTypes }))
    .max(1, "must hold at most one")
    .optional(),
  automation_actions: z
    .array(
      z.looseObject({
        name: z.string().min(1),
        url: z.url({ protocol: /^https?$/ }),
        auto_send: z.boolean().default(false),
        headers: z.array(pair).default([]),
        parameters: z.array(pair).default([]),
        trigger_types: TriggerTypes,
      }),
    )
    .max(1, "must hold at most one")
    .optional(),
});

const Rule = z.looseObject({
  id: z.string().optional(),
  label: z.string().nullish(),
  conditions: z.array(z.object({ expression: z.string().min(1) })).default([]),
  actions: Actions.default({}),
  disabled: z.boolean().default(false),
});

export const PathBody = z.object({
  orchestration_path: z.looseObject({
    sets: z.array(z.object({ id: z.string().min(1), rules: z.array(Rule) })).optional(),
    catch_all: z.object({ actions: Actions.default({}) }).optional(),
  }),
});

type Wanted = z.infer<typeof PathBody>["orchestration_path"];

/** Where rules only route or only change an event, none starts anything. */
const STARTS_NOTHING: readonly OrchestrationPathType[] = ["router", "unrouted"];

/** What the schema cannot say: refused as PagerDuty refuses it. */
export function checkRules(type: OrchestrationPathType, { sets, catch_all }: Wanted): void {
  if (sets !== undefined && sets[0]?.id !== "start") {
    throw invalidInput('`orchestration_path.sets`: the first must have the id "start"');
  }
  if (sets !== undefined && type === "router" && sets.length > 1) {
    throw invalidInput("`orchestration_path.sets`: a router has one");
  }
  const all = [
    ...(sets ?? []).flatMap(({ rules }) => rules.map(({ actions }) => actions)),
    ...(catch_all === undefined ? [] : [catch_all.actions]),
  ];
  const starts = all.some(
    (actions) =>
      actions.pagerduty_automation_actions !== undefined ||
      actions.automation_actions !== undefined,
  );
  if (starts && STARTS_NOTHING.includes(type)) {
    throw invalidInput(`\`orchestration_path\`: rules of type ${type} start no actions`);
  }
}

/** Rules without an id get one. */
export function withIds(
  sets: NonNullable<Wanted["sets"]>,
  makeId: () => string,
): OrchestrationSet[] {
  return sets.map(({ id, rules }) => ({
    id,
    rules: rules.map((rule) => ({ ...rule, id: rule.id ?? makeId() })),
  }));
}
