/** Something that the caller has to know; printed without a stack. */
export class CliError extends Error {
  override readonly name = "CliError";
  /** 1: it failed or was refused. 2: it was asked for in a wrong way. */
  readonly exitCode: 1 | 2;
  /** What to do next. */
  readonly hint: string | null;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    message: string,
    more: {
      exitCode?: 1 | 2;
      hint?: string | null;
      details?: Readonly<Record<string, unknown>>;
    } = {},
  ) {
    super(message);
    this.exitCode = more.exitCode ?? 1;
    this.hint = more.hint ?? null;
    this.details = more.details ?? {};
  }
}

export function usage(message: string, hint: string | null = null): CliError {
  return new CliError(message, { exitCode: 2, hint });
}
