import type { MatchFields } from "./ruleFields.ts";
import { defaultActions, listOf, parameterOf, targetOf } from "../schema/normalise.ts";
import { accepts, described, describedType, isOfType } from "../evaluate/parameters.ts";
import { parameterSchema } from "../schema/parameterSchema.ts";
import type { ParameterInput } from "../schema/parameterSchema.ts";
import { reader, wrong } from "./read.ts";
import type { Path, Report } from "./report.ts";
import { reservedDetailKeys } from "../schema/reserved.ts";
import { parameterNamePattern, runbookNamePattern, targetKeys } from "../schema/runbookSchema.ts";
import type { RunbookInput } from "../schema/runbookSchema.ts";
import { runbookShell } from "../schema/schema.ts";
import { show } from "../schema/show.ts";

/** What the rules of a service need to know of one of its runbooks. */
export interface KnownRunbook {
  name: string;
  /** null: the runbook is wrong, so its action is not known. */
  action: string | null;
  /** For each parameter, whether a custom field carries it; null: what is written is wrong. */
  carried: ReadonlyMap<string, boolean | null>;
}

/** The runbooks whose proposals the rule can match. */
export function runbooksMatched(
  match: MatchFields,
  runbooks: readonly KnownRunbook[],
): KnownRunbook[] {
  const names = listOf(match.runbook);
  const actions = listOf(match.action);
  return runbooks.filter(
    (runbook) =>
      (names === null || names.includes(runbook.name)) &&
      (actions === null || runbook.action === null || actions.includes(runbook.action)),
  );
}

const readRunbook = reader(runbookShell);
const readParameter = reader(parameterSchema);
const reserved: ReadonlySet<string> = new Set(reservedDetailKeys);

/** Reports everything that is wrong with one runbook. */
export function checkRunbook(name: string, raw: unknown, at: Path, report: Report): KnownRunbook {
  if (!runbookNamePattern.test(name)) {
    report.whole(
      at,
      "a runbook's name must be a letter, then up to 63 letters, digits, `_`, `-` or `.`",
    );
  }
  const reading = readRunbook(raw, at, report);
  if (reading === null) return { name, action: null, carried: new Map() };
  const { parameters = {}, ...fields } = reading.fields;
  const isTargeted = checkTarget(fields, reading.broken, at, report);
  const carried = checkAllParameters(parameters, [...at, "parameters"], report);
  return { name, action: isTargeted ? actionOf(fields, reading.broken) : null, carried };
}

function actionOf(fields: Partial<RunbookInput>, broken: ReadonlySet<string>): string | null {
  if (broken.has("action")) return null;
  const target = targetOf(fields);
  return fields.action ?? (target === null ? null : defaultActions[target.kind]);
}

function checkTarget(
  fields: Partial<RunbookInput>,
  broken: ReadonlySet<string>,
  at: Path,
  report: Report,
): boolean {
  const written = targetKeys.filter((key) => fields[key] !== undefined || broken.has(key));
  if (written.length !== 1) {
    const found = written.length === 0 ? "none" : written.map((key) => `\`${key}\``).join(" and ");
    report.whole(
      at,
      `must have exactly one of ${targetKeys.map((key) => `\`${key}\``).join(", ")}, got ${found}`,
    );
    return false;
  }
  const whom = fields.reassign;
  if (whom !== undefined && (whom.users === undefined) === (whom.escalationPolicy === undefined)) {
    report.field(
      [...at, "reassign"],
      `must have either \`escalationPolicy\` or \`users\`, got ${whom.users === undefined ? "neither" : "both"}`,
    );
  }
  return !written.some((key) => broken.has(key));
}

function checkAllParameters(
  parameters: Record<string, unknown>,
  at: Path,
  report: Report,
): Map<string, boolean | null> {
  const carried = new Map<string, boolean | null>();
  const fieldOwners = new Map<string, string>();
  const names = Object.keys(parameters);
  if (names.length > 20) {
    report.field(at, `must hold at most 20 parameters, got ${names.length}`);
  }
  for (const name of names) {
    const where = [...at, name];
    checkParameterName(name, where, report);
    const reading = readParameter(parameters[name], where, report);
    const field = reading?.fields.customField;
    const owner = field === undefined ? undefined : fieldOwners.get(field);
    if (owner !== undefined) {
      report.field(
        [...where, "customField"],
        `must be used by one parameter only, got ${show(field)}, which ${show(owner)} uses already`,
      );
    } else if (field !== undefined) {
      fieldOwners.set(field, name);
    }
    const isKnown = reading !== null && !reading.broken.has("customField");
    carried.set(name, isKnown ? field !== undefined : null);
    if (reading === null || reading.broken.size > 0) continue;
    const { type, ...rest } = reading.fields;
    if (type !== undefined) checkParameter({ type, ...rest }, where, report);
  }
  return carried;
}

function checkParameterName(name: string, at: Path, report: Report): void {
  if (reserved.has(name)) {
    report.field(
      at,
      `must have another name: \`${name}\` is what the gate itself tells the reviewer`,
    );
  } else if (!parameterNamePattern.test(name)) {
    report.field(
      at,
      "must have a snake_case name: a small letter, then up to 39 small letters, digits or `_`",
    );
  }
}

function checkParameter(input: ParameterInput, at: Path, report: Report): void {
  const isNumeric = input.type === "integer" || input.type === "number";
  const only = (key: "minimum" | "maximum" | "maxLength", types: string) => {
    report.field([...at, key], `must stand only with ${types}, got ${show(input[key])}`);
  };
  let isSound = true;
  for (const key of ["minimum", "maximum"] as const) {
    const limit = input[key];
    if (limit === undefined) continue;
    if (!isNumeric) {
      only(key, "`type: integer` or `type: number`");
    } else if (input.type === "integer" && !Number.isSafeInteger(limit)) {
      report.field([...at, key], wrong("must be a whole number for `type: integer`", limit));
    } else {
      continue;
    }
    isSound = false;
  }
  if (input.maxLength !== undefined && input.type !== "string") {
    only("maxLength", "`type: string`");
    isSound = false;
  }
  if (!isSound) return;
  if ((input.minimum ?? -Infinity) > (input.maximum ?? Infinity)) {
    report.field(
      [...at, "minimum"],
      `must not be more than \`maximum\` (${show(input.maximum)}), got ${show(input.minimum)}`,
    );
    return;
  }
  checkValues(input, at, report);
}

function checkValues(input: ParameterInput, at: Path, report: Report): void {
  const spec = parameterOf(input);
  const misfits = (input.enum ?? []).flatMap((value, index) =>
    isOfType(spec, value) ? [] : [{ value, index }],
  );
  for (const { value, index } of misfits) {
    report.field([...at, "enum", index], wrong(`must be ${describedType(spec)}`, value));
  }
  if (input.default === undefined) return;
  if (input.required === true) {
    report.field(
      [...at, "default"],
      `must be left out with \`required: true\`, or never applies, got ${show(input.default)}`,
    );
  } else if (misfits.length === 0 && !accepts(spec, input.default)) {
    report.field([...at, "default"], wrong(`must be ${described(spec)}`, input.default));
  }
}
