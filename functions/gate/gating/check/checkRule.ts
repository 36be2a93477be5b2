import { formatDuration } from "../../text/duration.ts";
import { checkEventMatch, checkPropose, checkProposed } from "./checkEvent.ts";
import { runbooksMatched } from "./checkRunbook.ts";
import type { KnownRunbook } from "./checkRunbook.ts";
import { checkWindow } from "./checkWindow.ts";
import { defaults } from "../schema/defaults.ts";
import { durationOf } from "../schema/fields.ts";
import { listOf } from "../schema/normalise.ts";
import { unknownName } from "./read.ts";
import type { Path, Report } from "./report.ts";
import { readRule, type Fields, type RuleDraft } from "./ruleFields.ts";
import { anyOf, quote, show } from "../schema/show.ts";

/** From this risk on, an approval on expiry must be acknowledged. */
const HIGH_RISK = 0.8;

/** Reports everything that is wrong inside one rule; `runbooks` null: what is written is no map. */
export function checkRule(
  raw: unknown,
  index: number,
  at: Path,
  runbooks: readonly KnownRunbook[] | null,
  report: Report,
): RuleDraft {
  const read = readRule(raw, at, report);
  if (read === null) {
    return {
      index,
      at,
      name: null,
      match: {},
      decision: undefined,
      propose: undefined,
      isDryRun: false,
      isMatchSound: false,
      isProposeSound: false,
    };
  }
  const before = report.problems.length;
  checkWindows(read, at, report);
  checkEventMatch(read, at, report);
  if (runbooks !== null) checkRunbooks(read, at, runbooks, report);
  const isMatchSound =
    before === report.problems.length && ![...read.broken].some((key) => key.startsWith("match"));
  const beforePropose = report.problems.length;
  checkPropose(read, at, report);
  if (runbooks !== null) checkProposed(read, at, runbooks, report);
  const isProposeSound = beforePropose === report.problems.length && !read.broken.has("propose");
  checkEscalation(read, at, report);
  checkExpiry(read, at, report);
  checkOnDeny(read, at, report);
  if (runbooks !== null) checkEditable(read, at, runbooks, report);
  const { name = null, decision, propose, dryRun: isDryRun = false } = read.rule;
  return {
    index,
    at,
    name,
    match: read.match,
    decision,
    propose,
    isDryRun,
    isMatchSound,
    isProposeSound,
  };
}

function checkWindows({ match }: Fields, at: Path, report: Report): void {
  const windows = match.during;
  if (Array.isArray(windows)) {
    windows.forEach((window, index) => {
      checkWindow(window, [...at, "match", "during", index], report);
    });
  } else if (windows !== undefined) {
    checkWindow(windows, [...at, "match", "during"], report);
  }
}

function checkRunbooks(
  { match }: Fields,
  at: Path,
  runbooks: readonly KnownRunbook[],
  report: Report,
): void {
  if (runbooks.length === 0) {
    report.whole(
      at,
      "can never match: the service has no `runbooks`, so nothing can be proposed for it",
    );
    return;
  }
  const names = runbooks.map((runbook) => runbook.name);
  const isNameKnown = checkEach(match.runbook, [...at, "match", "runbook"], names, report, {
    must: "must be a runbook of this service",
  });
  // A runbook that is itself wrong may have any action.
  if (runbooks.some((runbook) => runbook.action === null)) return;
  const actions = [...new Set(runbooks.flatMap((runbook) => runbook.action ?? []))];
  const isActionKnown = checkEach(match.action, [...at, "match", "action"], actions, report, {
    must: "must be the action of a runbook of this service",
  });
  if (isNameKnown && isActionKnown && runbooksMatched(match, runbooks).length === 0) {
    report.whole(
      at,
      `can never match: no runbook in \`match.runbook\` (${anyOf(listOf(match.runbook) ?? [])}) has an action in \`match.action\` (${anyOf(listOf(match.action) ?? [])})`,
    );
  }
}

function checkEach(
  written: string | string[] | undefined,
  at: Path,
  known: readonly string[],
  report: Report,
  { must }: { must: string },
): boolean {
  const values = typeof written === "string" ? [written] : (written ?? []);
  values.forEach((value, index) => {
    if (known.includes(value)) return;
    report.field(Array.isArray(written) ? [...at, index] : at, unknownName(must, value, known));
  });
  return values.every((value) => known.includes(value));
}

function checkEscalation({ rule, broken }: Fields, at: Path, report: Report): void {
  const { escalateAfter, escalateTo, sla = defaults.sla } = rule;
  const after = durationOf(escalateAfter);
  const wait = durationOf(sla);
  if (after !== null && wait !== null && !broken.has("sla") && after >= wait) {
    const whence = rule.sla === undefined ? ", the default" : "";
    report.field(
      [...at, "escalateAfter"],
      `must be less than \`sla\` (${formatDuration(wait)}${whence}), got ${show(escalateAfter)}`,
    );
  }
  if (escalateAfter !== undefined && escalateTo === undefined && !broken.has("escalateTo")) {
    report.field(
      [...at, "escalateAfter"],
      `must stand with \`escalateTo\`, which says whom to page, got ${show(escalateAfter)} without it`,
    );
  }
  if (escalateTo === undefined) return;
  if (escalateAfter === undefined && !broken.has("escalateAfter")) {
    report.field(
      [...at, "escalateTo"],
      "must stand with `escalateAfter`, which says when to page, got no `escalateAfter`",
    );
  }
  if (escalateTo.users === undefined && escalateTo.escalationPolicy === undefined) {
    report.field(
      [...at, "escalateTo"],
      "must have `escalationPolicy`, `users` or both, got neither",
    );
  }
}

function checkExpiry({ rule, match, broken }: Fields, at: Path, report: Report): void {
  if (rule.onExpiry !== "approve" || rule.acknowledgeRisk === true) return;
  if (broken.has("acknowledgeRisk")) return;
  const where = [...at, "onExpiry"];
  if (!broken.has("match") && !broken.has("match.priority")) {
    const priorities = listOf(match.priority);
    if (priorities === null || priorities.some((name) => name.toUpperCase() === "P1")) {
      const why = priorities === null ? " (an absent `match.priority` matches P1 as well)" : "";
      report.field(
        where,
        `must not be "approve" on a rule that can match P1${why}: write \`onExpiry: reject\`, or a \`match.priority\` without P1, or state \`acknowledgeRisk: true\`, got "approve"`,
      );
    }
  }
  const risk = rule.risk ?? defaults.risk;
  if (!broken.has("risk") && risk >= HIGH_RISK) {
    report.field(
      where,
      `must not be "approve" with a \`risk\` of ${HIGH_RISK} or more (${risk}): write \`onExpiry: reject\`, or a lower \`risk\`, or state \`acknowledgeRisk: true\`, got "approve"`,
    );
  }
}

function checkOnDeny({ rule, broken }: Fields, at: Path, report: Report): void {
  const { onDeny, decision } = rule;
  if (onDeny === undefined || decision === "deny" || broken.has("decision")) return;
  report.field(
    [...at, "onDeny"],
    `must stand with \`decision: deny\`, got ${show(onDeny)} with ${decision === undefined ? "no decision" : `\`decision: ${decision}\``}`,
  );
}

function checkEditable(
  { rule, match, broken }: Fields,
  at: Path,
  runbooks: readonly KnownRunbook[],
  report: Report,
): void {
  if (rule.editable === undefined) return;
  if (["match", "match.runbook", "match.action"].some((key) => broken.has(key))) return;
  const matched = runbooksMatched(match, runbooks);
  const known = [...new Set(matched.flatMap((runbook) => [...runbook.carried.keys()]))];
  rule.editable.forEach((key, index) => {
    const where = [...at, "editable", index];
    const owners = matched.filter((runbook) => runbook.carried.has(key));
    if (owners.length === 0) {
      report.field(
        where,
        unknownName("must be a parameter of a runbook that the rule can match", key, known),
      );
      return;
    }
    const lost = owners.find((runbook) => runbook.carried.get(key) === false);
    if (lost !== undefined) {
      report.field(
        where,
        `must be a parameter with a \`customField\`, which carries a change to the runbook; ${quote(lost.name)} has none for it, got ${quote(key)}`,
      );
    }
  });
}
