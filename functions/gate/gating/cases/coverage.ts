import type { CaseResult } from "./runCase.ts";

/**
 * The rules that a case reaches, by their names: the one that decides, the one that proposes for its event, and those in a dry
 * run that match it.
 */
export function reached({ answer }: CaseResult): string[] {
  if (answer?.evaluation === null || answer === null) return [];
  const { evaluation, proposes } = answer;
  const dry = evaluation.trace.filter(({ matched, dryRun }) => matched && dryRun === true);
  return [evaluation.rule, proposes?.rule ?? null, ...dry.map(({ rule }) => rule)].filter(
    (name) => name !== null,
  );
}
