import type { Fields } from "./ruleFields.ts";
import { runbooksMatched } from "./checkRunbook.ts";
import type { KnownRunbook } from "./checkRunbook.ts";
import { eventClaims, proposerNameProblem } from "../schema/eventProposals.ts";
import { listOf } from "../schema/normalise.ts";
import { unknownName } from "./read.ts";
import type { Path, Report } from "./report.ts";
import { quote, show } from "../schema/show.ts";

/** Reports what no proposal from an event can have, and names that no proposer can have. */
export function checkEventMatch({ match }: Fields, at: Path, report: Report): void {
  const byEvents = eventClaims.proposer;
  const proposers = listOf(match.proposer) ?? [];
  proposers.forEach((name, index) => {
    if (name === byEvents) return;
    const where = [...at, "match", "proposer", ...(Array.isArray(match.proposer) ? [index] : [])];
    if (match.event !== undefined) {
      report.field(
        where,
        `must be ${quote(byEvents)} with \`match.event\`: the gate itself proposes for events, got ${quote(name)}`,
      );
    } else if (proposerNameProblem(name) !== null) {
      report.field(
        where,
        `must be a name that a proposer's token can have, or ${quote(byEvents)} for events, got ${quote(name)}`,
      );
    }
  });
  const isForEvents =
    match.event !== undefined ||
    (proposers.length > 0 && proposers.every((name) => name === byEvents));
  if (!isForEvents) return;
  const why = match.event !== undefined ? "`match.event`" : `\`match.proposer\` ${quote(byEvents)}`;
  for (const field of ["severity", "region"] as const) {
    if (match[field] === undefined) continue;
    report.field(
      [...at, "match", field],
      `must be left out with ${why}: an event claims none, got ${show(match[field])}`,
    );
  }
}

/** Reports a `propose` without an event. */
export function checkPropose({ rule, match, broken }: Fields, at: Path, report: Report): void {
  const { propose } = rule;
  if (propose === undefined) return;
  if (match.event === undefined && !broken.has("match") && !broken.has("match.event")) {
    report.field(
      [...at, "propose"],
      `must stand with \`match.event\`, which says for which events to propose, got ${quote(propose)} without it`,
    );
  }
}

/** Reports a `propose` that is no runbook, or none that the rule itself lets through. */
export function checkProposed(
  { rule, match, broken }: Fields,
  at: Path,
  runbooks: readonly KnownRunbook[],
  report: Report,
): void {
  const { propose } = rule;
  if (propose === undefined || runbooks.length === 0) return;
  const where = [...at, "propose"];
  const names = runbooks.map((runbook) => runbook.name);
  if (!names.includes(propose)) {
    report.field(where, unknownName("must be a runbook of this service", propose, names));
  } else if (
    !broken.has("match") &&
    !broken.has("match.runbook") &&
    !broken.has("match.action") &&
    !runbooksMatched(match, runbooks).some((runbook) => runbook.name === propose)
  ) {
    report.field(
      where,
      `must be a runbook that \`match.runbook\` and \`match.action\` of the same rule let through, got ${quote(propose)}`,
    );
  }
}
