import { isLoopback } from "../http/sites.ts";

const TIMEOUT_MS = 10_000;
const SNS_HOST = /^sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$/;

/** Whether an address is SNS's own, or that of an AWS on this machine: nobody may send the emulator elsewhere. */
export function isConfirmationUrl(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null &&
    ((url.protocol === "https:" && SNS_HOST.test(url.hostname)) ||
      (url.protocol === "http:" && isLoopback(url.hostname)))
  );
}

/** Visits the addresses by which SNS learns that a subscriber wants what a topic sends. */
export class Confirmations {
  readonly #fetch: typeof fetch;
  readonly #stop: AbortSignal;
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: { fetch: typeof fetch; stop: AbortSignal }) {
    this.#fetch = options.fetch;
    this.#stop = options.stop;
  }

  /** Goes there on its own time: SNS waits for the answer to its request first. */
  visit(url: string): void {
    const visit = this.#visit(url).finally(() => this.#underWay.delete(visit));
    this.#underWay.add(visit);
  }

  /** Resolves when no visit is under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #visit(url: string): Promise<void> {
    try {
      const answer = await this.#fetch(url, {
        redirect: "error",
        signal: AbortSignal.any([this.#stop, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      await answer.body?.cancel();
    } catch {
      // The subscription stays unconfirmed, which is what its owner sees.
    }
  }
}
