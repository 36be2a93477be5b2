import { matchSchema } from "../schema/matchSchema.ts";
import { ruleShell } from "../schema/schema.ts";
import { reader } from "./read.ts";
import type { Path, Report } from "./report.ts";

const readFields = reader(ruleShell);
const readMatch = reader(matchSchema);
type RuleFields = NonNullable<ReturnType<typeof readFields>>["fields"];
export type MatchFields = NonNullable<ReturnType<typeof readMatch>>["fields"];

/** What could be read of one rule, for the checks that compare rules. */
export interface RuleDraft {
  index: number;
  at: Path;
  name: string | null;
  match: MatchFields;
  /** undefined: what is written is wrong. */
  decision: RuleFields["decision"] | undefined;
  propose: string | undefined;
  isDryRun: boolean;
  /** Whether every field of `match` is right and means something. */
  isMatchSound: boolean;
  /** Whether it is known what the rule proposes. */
  isProposeSound: boolean;
}

/** The rule's own fields, of which some may be wrong. */
export interface Fields {
  rule: Omit<RuleFields, "match">;
  match: MatchFields;
  /** Keys that are wrong, those of `match` with "match." before them. */
  broken: ReadonlySet<string>;
}

/** Reads one rule and reports every field of it that is wrong; null: it is no rule at all. */
export function readRule(raw: unknown, at: Path, report: Report): Fields | null {
  const named = ruleShell.shape.name.safeParse(
    typeof raw === "object" && raw !== null && "name" in raw ? raw.name : undefined,
  );
  if (named.success) report.label(at, named.data);
  const reading = readFields(raw, at, report);
  if (reading === null) return null;
  const { match: rawMatch, ...rule } = reading.fields;
  const match = rawMatch === undefined ? null : readMatch(rawMatch, [...at, "match"], report);
  const broken = new Set(reading.broken);
  if (rawMatch !== undefined && match === null) broken.add("match");
  for (const key of match?.broken ?? []) broken.add(`match.${key}`);
  return { rule, match: match?.fields ?? {}, broken };
}
