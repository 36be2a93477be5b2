import { createHmac } from "node:crypto";
import type { Chance } from "../engine/chance.ts";
import type { Faults } from "../engine/faults.ts";
import type { Kernel } from "../engine/kernel.ts";
import type { SimGate } from "./gate.ts";
import type { SimVault } from "./vault.ts";

/** What the subscription asks for; the rest would be kept and found to mean nothing. */
const SUBSCRIBED =
  /^incident\.(action_invocation\.|workflow\.|resolved|reopened|service_updated|triggered|custom_field_values)/;

interface OutboxParts {
  kernel: Kernel;
  chance: Chance;
  faults: Faults;
  gate: SimGate;
  tell: (text: () => string) => void;
  vault: SimVault;
}

interface Waiting {
  id: string;
  type: string;
  body: string;
}

/**
 * PagerDuty's deliveries: signed, in the order of each incident, repeated until they are answered 2xx, now and then
 * although they were.
 */
export class Outbox {
  readonly #parts: OutboxParts;
  readonly #waiting = new Map<string, Waiting[]>();
  /** Correctly signed events that were refused for good. */
  readonly refused: string[] = [];
  /** Answered 2xx. */
  readonly accepted: string[] = [];
  #count = 0;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  isEmpty(): boolean {
    return [...this.#waiting.values()].every(({ length }) => length === 0);
  }

  take(incidentId: string, event: object): void {
    const body = JSON.stringify(event);
    const type = /"event_type":"([^"]+)"/.exec(body)?.[1] ?? "";
    if (!SUBSCRIBED.test(type)) {
      return;
    }
    this.#count += 1;
    const queue = this.#waiting.get(incidentId) ?? [];
    queue.push({ id: `wh${this.#count}`, type, body });
    this.#waiting.set(incidentId, queue);
    if (queue.length === 1) {
      this.#next(
        incidentId,
        this.#parts.chance.pick(`event ${this.#count}`, [5, 60, 300, 1_500, 5_000]),
        1,
      );
    }
  }

  #next(incidentId: string, afterMs: number, attempt: number): void {
    const { kernel } = this.#parts;
    kernel.after(afterMs, () => {
      const event = this.#waiting.get(incidentId)?.[0];
      if (event !== undefined) {
        this.#attempt(incidentId, event, attempt).catch((error: unknown) => {
          kernel.problem ??= error;
        });
      }
    });
  }

  async #attempt(incidentId: string, event: Waiting, attempt: number): Promise<void> {
    const { chance, faults } = this.#parts;
    const key = `${event.id} attempt ${attempt}`;
    const isLost =
      !faults.isOver && faults.injected.length > 0 && chance.happens(`${key} lost`, 0.05);
    const status = isLost ? null : await this.post(event.id, event.body);
    const isAnswerLost = !faults.isOver && chance.happens(`${key} answer lost`, 0.03);
    if (status !== null && status >= 400 && status < 500 && status !== 429) {
      this.refused.push(`${event.id} ${event.type}: ${status}`);
    }
    if (status !== null && status < 300) {
      this.accepted.push(event.id);
    }
    if (isAnswerLost || status === null || status >= 500 || status === 429) {
      this.#next(incidentId, chance.pick(`${key} again`, [2_000, 6_000, 20_000]), attempt + 1);
      return;
    }
    this.#waiting.get(incidentId)?.shift();
    if ((this.#waiting.get(incidentId)?.length ?? 0) > 0) {
      this.#next(incidentId, chance.pick(`${key} next`, [5, 60, 1_500]), 1);
    }
  }

  async post(
    id: string,
    body: string,
    secret = this.#parts.vault.newest("webhook"),
  ): Promise<number | null> {
    const answer = await this.#parts.gate.http(id, {
      method: "POST",
      route: "POST /pagerduty/webhook",
      path: "/pagerduty/webhook",
      headers: {
        "x-webhook-id": id,
        "x-webhook-subscription": "PSUB001",
        "x-pagerduty-signature": `v1=${createHmac("sha256", secret).update(body).digest("hex")}`,
      },
      body,
    });
    this.#parts.tell(
      () =>
        `pagerduty → gate webhook ${id} ${/"event_type":"([^"]+)"/.exec(body)?.[1] ?? ""}: ${answer?.status ?? "no answer"}`,
    );
    return answer?.status ?? null;
  }
}
