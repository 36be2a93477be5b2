import { flat, inLine } from "../text/quotation.ts";
import { humansNo, noTo } from "../ledger/noes.ts";
import type { ApprovalAttempt, Parameters, Proposal } from "../proposal/proposal.ts";
import { phaseOf } from "../proposal/proposal.ts";

/** More than these are only counted. */
const MOST_TOLD = 5;

/** What else may run the same here: a yes to each runs it again. */
export function alsoOpen(others: readonly Proposal[]): string[] {
  return atMost(others.map((other) => `${asked(other)} (${openText(other)})`));
}

/** An earlier no to the same target on the incident, by what it forbids, and what the reviewer reads of it. */
interface EarlierNo {
  name: string;
  atMs: number;
  text: string;
}

/**
 * What a human has refused here, with whatever values: whoever edits the proposal may be about to ask for just that. Of
 * several noes to one thing the last.
 */
export function earlierNoes(others: readonly Proposal[]): EarlierNo[] {
  const noes = new Map<string, EarlierNo>();
  for (const other of others) {
    const said = humansNo(other);
    const no = said === null ? null : noTo(other, said.atMs, said.atMs);
    if (said === null || no === null || (noes.get(no.name)?.atMs ?? -1) >= no.atMs) {
      continue;
    }
    const note = said.note === null ? "" : `: ${inLine(said.note)}`;
    const text = `${asked(other, other.weighing?.parameters)} (a reviewer said no at ${new Date(no.atMs).toISOString()}${note})`;
    noes.set(no.name, { name: no.name, atMs: no.atMs, text });
  }
  return [...noes.values()].sort((one, other) => other.atMs - one.atMs);
}

export function alsoRejected(noes: readonly EarlierNo[]): string[] {
  return atMost(noes.map(({ text }) => text));
}

/** Those of which the reviewer is told by more than their number. */
export function toldNoes(noes: readonly EarlierNo[]): NonNullable<ApprovalAttempt["toldNoes"]> {
  return noes.slice(0, MOST_TOLD).map(({ name, atMs }) => ({ name, atMs }));
}

function atMost(lines: readonly string[]): string[] {
  const shown = lines.slice(0, MOST_TOLD);
  const more = lines.length - shown.length;
  return more === 0 ? shown : [...shown, `and ${more} more`];
}

function asked(
  { id, proposer, request, weighing, decision }: Proposal,
  parameters: Parameters = decision?.parameters ?? weighing?.parameters ?? request.parameters,
): string {
  const values = Object.entries(parameters).map(
    ([name, value]) => `, ${name}=${JSON.stringify(value)}`,
  );
  return `${id} by ${flat(proposer)}: ${request.runbook}${values.join("")}`;
}

function openText(proposal: Proposal): string {
  switch (phaseOf(proposal)) {
    case "approved":
      return "approved, not started yet";
    case "executing":
    case "running":
      return "under way";
    default:
      return "waits for a decision";
  }
}
