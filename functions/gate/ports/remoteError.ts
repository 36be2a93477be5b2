/**
 * A call to another system failed. `nothingDone`: it certainly had no effect (refused, or never sent). Otherwise
 * nobody can tell. `retryable`: the same call may succeed later. `silent`: no answer came at all.
 */
export class RemoteError extends Error {
  override readonly name = "RemoteError";
  readonly nothingDone: boolean;
  readonly retryable: boolean;
  readonly status: number | null;
  readonly retryAfterMs: number | null;
  readonly silent: boolean;
  constructor(
    message: string,
    facts: {
      nothingDone: boolean;
      retryable: boolean;
      status?: number | null;
      retryAfterMs?: number | null;
      silent?: boolean;
    },
  ) {
    super(message);
    this.nothingDone = facts.nothingDone;
    this.retryable = facts.retryable;
    this.status = facts.status ?? null;
    this.retryAfterMs = facts.retryAfterMs ?? null;
    this.silent = facts.silent ?? false;
  }
}
