import { createHmac } from "node:crypto";
import type { Changes } from "./changes.ts";
import type { Callback, Store } from "./store.ts";

/** Pauses between attempts; after the last one a callback counts as failed. */
const PAUSES_MS = [1_000, 5_000, 30_000, 120_000];
const ANSWER_WITHIN_MS = 10_000;

interface SenderParts {
  store: Store;
  clock: { now(): number };
  fetch: typeof fetch;
  changes: Changes;
  /** The secret to sign with, `null` = unsigned. */
  secret: () => string | null;
}

/** Delivers callbacks: at once when they are due, again with growing pauses until a 2xx. */
export class CallbackSender {
  readonly #parts: SenderParts;
  readonly #inFlight = new Map<number, Promise<void>>();
  readonly #stop = new AbortController();

  constructor(parts: SenderParts) {
    this.#parts = parts;
  }

  /** Starts every delivery that is due and not under way. */
  sendDue(): void {
    if (this.#stop.signal.aborted) return;
    for (const callback of this.#parts.store.dueCallbacks(this.#parts.clock.now())) {
      if (this.#inFlight.has(callback.seq)) continue;
      const delivery = this.#deliver(callback).finally(() => {
        this.#inFlight.delete(callback.seq);
        this.sendDue();
      });
      this.#inFlight.set(callback.seq, delivery);
    }
  }

  /** Resolves when nothing that is due is left. */
  async settled(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight.values());
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.settled();
  }

  async #deliver(callback: Callback): Promise<void> {
    const { store, clock, changes } = this.#parts;
    const outcome = await this.#post(callback);
    // Unrecorded, so that it is sent again after a restart.
    if (this.#stop.signal.aborted) return;
    const attempts = [...callback.attempts, { atMs: clock.now(), ...outcome }];
    const delivered = outcome.status !== undefined && outcome.status >= 200 && outcome.status < 300;
    const pauseMs = PAUSES_MS[callback.attempts.length];
    store.updateCallback({
      ...callback,
      attempts,
      state: delivered ? "delivered" : pauseMs === undefined ? "failed" : "waiting",
      dueAtMs: clock.now() + (pauseMs ?? 0),
    });
    if (!callback.held) this.#releaseHeldBefore(callback.seq);
    changes.tell(callback.approvalId);
  }

  /** Redirects are not followed: a 3xx is not a delivery. */
  async #post(callback: Callback): Promise<{ status: number } | { error: string; status?: never }> {
    const secret = this.#parts.secret();
    try {
      const answer = await this.#parts.fetch(callback.url, {
        method: "POST",
        redirect: "manual",
        headers: {
          "content-type": "application/json",
          ...(secret === null ? {} : { "x-cheqpoint-signature": sign(secret, callback.body) }),
        },
        body: callback.body,
        signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
      });
      await answer.body?.cancel();
      return { status: answer.status };
    } catch (error) {
      return { error: reason(error) };
    }
  }

  #releaseHeldBefore(seq: number): void {
    const { store, clock } = this.#parts;
    for (const callback of store.dueCallbacks(Number.MAX_SAFE_INTEGER)) {
      if (callback.held && callback.seq < seq) {
        store.updateCallback({ ...callback, held: false, dueAtMs: clock.now() });
      }
    }
  }
}

/** Hex HMAC-SHA256 of the raw body. */
export function sign(secret: string, body: string): string {
  return createHmac("sha256", secret).update(body).digest("hex");
}

/** The kind of failure, without the address: its path is a secret of the receiver. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  if (error.name === "TimeoutError") return `no answer within ${ANSWER_WITHIN_MS} ms`;
  const cause = error.cause;
  if (cause instanceof Error && "code" in cause && typeof cause.code === "string") {
    return cause.code;
  }
  return error.name;
}
