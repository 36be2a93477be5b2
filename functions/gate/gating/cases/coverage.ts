import type { CaseResult } from "./runCase.ts";

/**
 * The rules that a case reaches, by their names: the one that decides, the one that proposes for its event, and those in a dry
 * run that match it.
 */
export function reached({ answer }: CaseResult): string[] {
  if (answer === null) return [];
  const { evaluation, proposes, wouldPropose = null } = answer;
  const dry = (evaluation?.trace ?? []).filter(({ matched, dryRun }) => matched && dryRun === true);
  return [
    evaluation?.rule ?? null,
    evaluation?.wouldHave?.rule ?? null,
    proposes?.rule ?? null,
    wouldPropose,
    ...dry.map(({ rule }) => rule),
  ].filter((name) => name !== null);
}
