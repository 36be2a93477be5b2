import { SettingError } from "./environment.ts";

/** Several settings that somebody has to mend. */
class SettingsError extends SettingError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `${problems.length} settings are missing or wrong:\n${problems
        .map((problem) => `- ${problem.replaceAll("\n", "\n  ")}\n`)
        .join("")}`.trimEnd(),
    );
    this.problems = problems;
  }
}

type Readers = Readonly<Record<string, () => unknown>>;
type Values<T extends Readers> = { [Name in keyof T]: ReturnType<T[Name]> };

/** Reads all of them, and throws with everything that is wrong: nobody shall mend one only to meet the next. */
export function allSettings<T extends Readers>(readers: T): Values<T> {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, read] of Object.entries(readers)) {
    try {
      values[name] = read();
    } catch (error) {
      if (!(error instanceof SettingError)) {
        throw error;
      }
      problems.push(...(error instanceof SettingsError ? error.problems : [error.message]));
    }
  }
  const [first] = problems;
  if (first !== undefined) {
    throw problems.length === 1 ? new SettingError(first) : new SettingsError(problems);
  }
  // Each name has the value that its own reader gave.
  return values as Values<T>;
}
