import { GatingError } from "./errors.ts";
import { checkRule } from "./checkRule.ts";
import { checkTexts } from "./checkTexts.ts";
import type { RuleDraft } from "./ruleFields.ts";
import { checkRunbook } from "./checkRunbook.ts";
import type { KnownRunbook } from "./checkRunbook.ts";
import { normaliseDefaults, normaliseService } from "../schema/normalise.ts";
import { uselessness } from "./reachability.ts";
import type { Uselessness } from "./reachability.ts";
import { reader } from "./read.ts";
import { Report } from "./report.ts";
import type { Path } from "./report.ts";
import {
  defaultsShell,
  gatingSchema,
  gatingShell,
  serviceSchema,
  serviceShell,
} from "../schema/schema.ts";
import type { ManualTaskInput } from "../schema/schema.ts";
import { show } from "../schema/show.ts";
import type { Gating, ServiceGating } from "../schema/types.ts";

const readRoot = reader(gatingShell);
const readService = reader(serviceShell);
const readDefaults = reader(defaultsShell);

const MAX_RUNBOOKS = 100;

/** Reads `services` and `defaults`; throws a {@link GatingError} with everything that is wrong. */
export function parseGating(input: unknown): Gating {
  const report = new Report();
  const reading = readRoot(input, [], report);
  for (const [service, raw] of Object.entries(reading?.fields.services ?? {})) {
    checkService(service, raw, report);
  }
  if (reading?.fields.defaults !== undefined) checkDefaults(reading.fields.defaults, report);
  checkTexts(input, [], report);
  refuseAny(report);
  const gating = gatingSchema.parse(input);
  return {
    services: Object.fromEntries(
      Object.entries(gating.services ?? {}).map(([name, service]) => [
        name,
        normaliseService(service),
      ]),
    ),
    defaults: normaliseDefaults(gating.defaults),
  };
}

/** Reads one service's gating; throws a {@link GatingError} with everything that is wrong. */
export function parseServiceGating(service: string, input: unknown): ServiceGating {
  const report = new Report();
  checkService(service, input, report);
  checkTexts({ [service]: input }, ["services"], report);
  refuseAny(report);
  return normaliseService(serviceSchema.parse(input));
}

function refuseAny(report: Report): void {
  if (report.problems.length > 0) throw new GatingError(report.problems);
}

function checkServiceName(service: string, report: Report): void {
  if (service !== "__proto__" && service.trim() !== "" && service.length <= 255) return;
  report.field(
    ["services", service],
    `must have a service's name or id of 1 to 255 characters as its key, got ${show(service)}`,
  );
}

function checkService(service: string, raw: unknown, report: Report): void {
  const at: Path = ["services", service];
  checkServiceName(service, report);
  const reading = readService(raw, at, report);
  if (reading === null) return;
  const { runbooks: rawRunbooks, rules: rawRules = [], manualTask } = reading.fields;
  const runbooks = reading.broken.has("runbooks")
    ? null
    : checkRunbooks(rawRunbooks, [...at, "runbooks"], report);
  const rules = rawRules.map((rule, index) =>
    checkRule(rule, index, [...at, "rules", index], runbooks, report),
  );
  checkNames(rules, report);
  if (runbooks !== null) checkReachable(rules, runbooks, report);
  if (manualTask !== undefined) checkManualTask(manualTask, [...at, "manualTask"], report);
}

function checkDefaults(raw: unknown, report: Report): void {
  const reading = readDefaults(raw, ["defaults"], report);
  if (reading === null) return;
  checkRunbooks(reading.fields.runbooks, ["defaults", "runbooks"], report);
  const { manualTask } = reading.fields;
  if (manualTask !== undefined) checkManualTask(manualTask, ["defaults", "manualTask"], report);
}

function checkRunbooks(
  runbooks: Record<string, unknown> | undefined,
  at: Path,
  report: Report,
): KnownRunbook[] {
  const entries = Object.entries(runbooks ?? {});
  if (entries.length > MAX_RUNBOOKS) {
    report.field(at, `must hold at most ${MAX_RUNBOOKS} runbooks, got ${entries.length}`);
  }
  return entries.map(([name, raw]) => checkRunbook(name, raw, [...at, name], report));
}

function checkManualTask(manualTask: ManualTaskInput, at: Path, report: Report): void {
  if (manualTask.escalationPolicy !== undefined && manualTask.users !== undefined) {
    report.field(at, "must have either `escalationPolicy` or `users`, got both");
  }
}

function checkNames(rules: readonly RuleDraft[], report: Report): void {
  const first = new Map<string, number>();
  for (const { name, index, at } of rules) {
    if (name === null) continue;
    const earlier = first.get(name);
    if (earlier === undefined) {
      first.set(name, index);
    } else {
      report.field(
        [...at, "name"],
        `must be unique within the service, got ${show(name)}, which rules[${earlier}] has already`,
      );
    }
  }
}

function checkReachable(
  rules: readonly RuleDraft[],
  runbooks: readonly KnownRunbook[],
  report: Report,
): void {
  if (runbooks.length === 0 || runbooks.some((runbook) => runbook.action === null)) return;
  const sound = rules.filter((rule) => rule.isMatchSound);
  const found = uselessness(
    sound,
    runbooks,
    rules.every((rule) => rule.isMatchSound && rule.isProposeSound),
  );
  sound.forEach((rule, index) => {
    const useless = found[index] ?? null;
    if (useless !== null) reportUseless(useless, rule, sound, report);
  });
}

function reportUseless(
  useless: Uselessness,
  rule: RuleDraft,
  sound: readonly RuleDraft[],
  report: Report,
): void {
  if (useless.kind === "unproposed") {
    report.whole(
      rule.at,
      "can never match: no rule with `propose` proposes such a thing for an event; write `propose` in it, or match what proposers propose",
    );
    return;
  }
  const names = useless.by
    .map((other) => sound[other]?.name ?? `rules[${String(sound[other]?.index)}]`)
    .join(", ");
  switch (useless.kind) {
    case "covered":
      report.whole(
        rule.at,
        `can never match: everything it matches is taken by rules before it (${names}); move it above them, narrow them, or remove it`,
      );
      break;
    case "outrun":
      report.field(
        [...rule.at, "propose"],
        `must be for events that no rule before it proposes for (${names} does for all of them), got ${show(rule.propose)}`,
      );
      break;
    case "overruled":
      report.whole(
        rule.at,
        `can never allow: whatever it matches lacks a claim that stricter rules before it (${names}) look at, and is asked about; move it above them, or narrow them`,
      );
  }
}
