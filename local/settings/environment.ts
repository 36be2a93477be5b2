import { proposerNameProblem } from "../../functions/gate/gating/index.ts";

/** What somebody who starts the gate has to mend. Printed without a stack. */
export class SettingError extends Error {
  override readonly name = "SettingError";
}

export type Environment = Readonly<Record<string, string | undefined>>;

export function required(env: Environment, name: string, what: string): string {
  const value = env[name]?.trim();
  if (value === undefined || value === "") {
    throw new SettingError(`\`${name}\` is not set: ${what}`);
  }
  return value;
}

export function optional(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === undefined || value === "" ? undefined : value;
}

/** A port; 0 takes a free one. */
export function port(env: Environment, name: string, otherwise: number): number {
  const text = optional(env, name);
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535) {
    throw new SettingError(
      `\`${name}\` must be a port from 0 (a free one) to 65535, got "${text}"`,
    );
  }
  return value;
}

export function webAddress(env: Environment, name: string, otherwise?: string): string {
  const value =
    otherwise === undefined
      ? required(env, name, "an http or https address")
      : (optional(env, name) ?? otherwise);
  const isAddress = URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
  if (!isAddress) {
    throw new SettingError(`\`${name}\` must be an http or https address, got "${value}"`);
  }
  const { username, password } = new URL(value);
  if (username !== "" || password !== "") {
    throw new SettingError(`\`${name}\` must not hold a user name or a password`);
  }
  // Paths are put behind it. What stands there may be a secret, so it is not shown.
  if (/[?#]/.test(value)) {
    throw new SettingError(
      `\`${name}\` must be an address without a query or a fragment: paths are put behind it`,
    );
  }
  return value.replace(/\/+$/, "");
}

/** `name=token,name=token`; nothing gives none. */
export function namedTokens(name: string, text: string | undefined): Record<string, string> {
  const tokens: Record<string, string> = {};
  if (text === undefined) {
    return tokens;
  }
  for (const [index, pair] of text.split(",").entries()) {
    const [key = "", ...rest] = pair.split("=");
    const token = rest.join("=").trim();
    if (key.trim() === "" || token === "") {
      // The pair may be a bare token: it is not shown.
      throw new SettingError(
        `\`${name}\` must be name=token pairs with commas between, entry ${index + 1} is not`,
      );
    }
    const problem = proposerNameProblem(key.trim());
    if (problem !== null) {
      throw new SettingError(`\`${name}\` ${problem}`);
    }
    if (token.length < 16) {
      throw new SettingError(
        `\`${name}\`: the token of "${key.trim()}" must have at least 16 characters, it has ${token.length}`,
      );
    }
    if (Object.hasOwn(tokens, key.trim())) {
      throw new SettingError(`\`${name}\` names "${key.trim()}" twice`);
    }
    const other = Object.keys(tokens).find((one) => tokens[one] === token);
    if (other !== undefined) {
      throw new SettingError(
        `\`${name}\`: "${key.trim()}" has the same token as "${other}", each needs its own`,
      );
    }
    tokens[key.trim()] = token;
  }
  return tokens;
}

/** Refuses a token that two settings give: which of the two it is good for would be a guess. */
export function requireDistinct(
  one: { setting: string; tokens: Readonly<Record<string, string>> },
  other: { setting: string; tokens: Readonly<Record<string, string>> },
): void {
  for (const [name, token] of Object.entries(one.tokens)) {
    const same = Object.keys(other.tokens).find((key) => other.tokens[key] === token);
    if (same !== undefined) {
      throw new SettingError(
        `"${same}" of \`${other.setting}\` has the same token as "${name}" of \`${one.setting}\`, each needs its own`,
      );
    }
  }
}
