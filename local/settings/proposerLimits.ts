import { largestProposerLimits as LARGEST } from "../../functions/gate/gating/index.ts";
import type { ProposerLimits } from "../../functions/gate/ports/index.ts";
import { SettingError, namedTokens } from "./environment.ts";

/** `name=perMinute/perHour,…`, each name one that has a token in `tokens`; nothing gives none. */
export function namedLimits(
  name: string,
  text: string | undefined,
  tokens: string | undefined,
): Record<string, ProposerLimits> {
  const limits: Record<string, ProposerLimits> = {};
  const known = knownNames(tokens);
  for (const [index, pair] of (text?.split(",") ?? []).entries()) {
    const [, proposer = "", perMinute, perHour] =
      /^([^=]+)=(\d{1,6})\/(\d{1,6})$/.exec(pair.trim()) ?? [];
    if (proposer === "") {
      throw new SettingError(
        `\`${name}\` must be name=perMinute/perHour entries with commas between, such as "ai-agent=60/600", entry ${index + 1} is not`,
      );
    }
    if (known !== null && !known.includes(proposer)) {
      throw new SettingError(
        `\`${name}\` names "${proposer}", which has no token in \`GATE_PROPOSER_TOKENS\` (${known.length === 0 ? "there is none" : known.join(", ")})`,
      );
    }
    if (Object.hasOwn(limits, proposer)) {
      throw new SettingError(`\`${name}\` names "${proposer}" twice`);
    }
    limits[proposer] = {
      perMinute: within(name, proposer, "a minute", Number(perMinute), LARGEST.perMinute),
      perHour: within(name, proposer, "an hour", Number(perHour), LARGEST.perHour),
    };
  }
  return limits;
}

function within(name: string, proposer: string, per: string, limit: number, most: number): number {
  if (limit < 1 || limit > most) {
    throw new SettingError(
      `\`${name}\`: "${proposer}" must have from 1 to ${most} proposals ${per}, got ${limit}`,
    );
  }
  return limit;
}

/** Null: the tokens are wrong themselves, which is told with them. */
function knownNames(tokens: string | undefined): string[] | null {
  try {
    return Object.keys(namedTokens("GATE_PROPOSER_TOKENS", tokens));
  } catch (error) {
    if (error instanceof SettingError) {
      return null;
    }
    throw error;
  }
}
