import type { AccountEvent } from "../account/account.ts";
import type { Delivery, Fault, Subscription } from "../account/documents.ts";
import { longId, objectId, webhookId } from "../account/ids.ts";
import type { Store } from "../account/store.ts";
import { webhookTime } from "../account/time.ts";
import type { Faults } from "../http/faults.ts";
import { attempt, verdictOn } from "./attempt.ts";
import type { AttemptOptions, AttemptResult } from "./attempt.ts";
import { signatureOf } from "./signature.ts";

const MAX_BODY_BYTES = 256 * 1024;
const DROPS_BEFORE_SWITCH_OFF = 3;
const SWITCH_OFF_MS = 24 * 3_600_000;
const LIFETIME_MS = 48 * 3_600_000;
const REORDER_MS = 1000;

/** Waits between attempts: growing, 47 hours in all. */
export const DEFAULT_RETRY_SCHEDULE_MS: readonly number[] = [
  ...[1, 5, 15, 30].map((seconds) => seconds * 1000),
  ...[1, 2, 5, 10, 20, 30].map((minutes) => minutes * 60_000),
  ...[1, 2, 3, 4, 6, 8, 10, 12].map((hours) => hours * 3_600_000),
];

export interface OutboxOptions extends AttemptOptions {
  store: Store;
  faults: Faults;
  now(): number;
  retryScheduleMs: readonly number[];
}

/** An event as one JSON text, the same for every subscription and attempt. */
interface Envelope {
  id: string;
  type: string;
  resource: string;
  body: string;
}

/** Keeps the queue of webhooks and makes the attempts. */
export class Outbox {
  readonly #options: OutboxOptions;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Queues an event for every subscription that wants it. */
  emit(event: AccountEvent): void {
    const { store, now } = this.#options;
    const envelope = envelopeOf(event, now());
    for (const subscription of store.list("subscriptions")) {
      if (subscription.active && wants(subscription, event)) {
        this.#queue(subscription, envelope);
      }
    }
  }

  /** Queues a `pagey.ping` for one subscription. */
  ping(subscription: Subscription, agent: { id: string; type: string }): void {
    const data = { message: "Hello from your friend Pagey!", type: "ping" };
    this.#queue(
      subscription,
      envelopeOf(
        { type: "pagey.ping", resourceType: "pagey", agent, data, resource: "pagey" },
        this.#options.now(),
      ),
    );
  }

  /** PagerDuty knows no such thing: it stands for a receiver that moved with everything that is under way to it. */
  redirect(id: string, url: string): boolean {
    const { store } = this.#options;
    const subscription = store.get("subscriptions", id);
    if (subscription === undefined) {
      return false;
    }
    store.put("subscriptions", { ...subscription, url });
    return true;
  }

  #queue(subscription: Subscription, event: Envelope): void {
    const { store, faults, now } = this.#options;
    if (isSwitchedOff(subscription, now())) {
      return;
    }
    const fault = faults.takeForQueueing(event.type);
    const delivery = newDelivery(subscription, event, now(), fault);
    store.put("deliveries", delivery);
    if (fault?.duplicate) {
      // The second copy is the same webhook, not another event.
      store.put("deliveries", { ...delivery, id: objectId() });
    }
  }

  /** Makes one attempt. Resolves when its result is written down. */
  async deliver(delivery: Delivery): Promise<void> {
    const { store, faults, stop } = this.#options;
    const subscription = store.get("subscriptions", delivery.subscription);
    if (!subscription) {
      store.put("deliveries", { ...delivery, state: "lost", dueAtMs: null });
      return;
    }
    const fault = faults.takeForAttempt(delivery.eventType);
    const result = await this.#attempt(delivery, subscription, fault);
    if (stop.aborted) {
      // Not written down: the next start tries again, as at-least-once delivery does.
      return;
    }
    store.transaction(() => this.#record(delivery, result));
  }

  async #attempt(
    delivery: Delivery,
    subscription: Subscription,
    fault: Fault | undefined,
  ): Promise<AttemptResult> {
    if (Buffer.byteLength(delivery.body) > MAX_BODY_BYTES) {
      return { verdict: "drop", status: null, error: "the event is larger than 256 KB" };
    }
    if (fault?.status !== undefined && !fault.afterDoing) {
      return { ...faulted(fault.status), error: "a fault stood in for the receiver" };
    }
    const result = await attempt(
      { url: subscription.url, headers: headersOf(delivery, subscription), body: delivery.body },
      this.#options,
    );
    if (fault?.dropAnswer) {
      return { verdict: "retry", status: null, error: "a fault dropped the answer" };
    }
    return fault?.status === undefined
      ? result
      : { ...faulted(fault.status), error: "a fault replaced the answer" };
  }

  #record(before: Delivery, { verdict, status, error }: AttemptResult): void {
    const { store, now } = this.#options;
    const delivery = store.get("deliveries", before.id);
    if (delivery?.state !== "pending") {
      return;
    }
    const attempts = [...delivery.attempts, { atMs: now(), status, error }];
    const subscription = store.get("subscriptions", delivery.subscription);
    if (verdict === "delivered") {
      store.put("deliveries", { ...delivery, attempts, state: "delivered", dueAtMs: null });
      if (subscription && subscription.consecutiveDrops > 0) {
        store.put("subscriptions", { ...subscription, consecutiveDrops: 0 });
      }
      return;
    }
    if (verdict === "drop") {
      store.put("deliveries", { ...delivery, attempts, state: "dropped", dueAtMs: null });
      if (subscription) {
        this.#countDrop(subscription);
      }
      return;
    }
    const dueAtMs = this.#nextAttemptMs(delivery, attempts.length);
    store.put("deliveries", {
      ...delivery,
      attempts,
      dueAtMs,
      state: dueAtMs === null ? "expired" : "pending",
    });
  }

  #nextAttemptMs(delivery: Delivery, made: number): number | null {
    const wait = this.#options.retryScheduleMs[made - 1];
    const next = wait === undefined ? undefined : this.#options.now() + wait;
    return next === undefined || next > delivery.createdAtMs + LIFETIME_MS ? null : next;
  }

  #countDrop(subscription: Subscription): void {
    const { store, now } = this.#options;
    const drops = subscription.consecutiveDrops + 1;
    if (drops < DROPS_BEFORE_SWITCH_OFF) {
      store.put("subscriptions", { ...subscription, consecutiveDrops: drops });
      return;
    }
    store.put("subscriptions", {
      ...subscription,
      consecutiveDrops: 0,
      disabledUntilMs: now() + SWITCH_OFF_MS,
    });
    loseQueue(store, subscription.id);
  }
}

/** Whether deliveries to it are off after too many drops. */
export function isSwitchedOff(subscription: Subscription, nowMs: number): boolean {
  return subscription.disabledUntilMs !== null && nowMs < subscription.disabledUntilMs;
}

/** Gives up everything that waits for a subscription. */
export function loseQueue(store: Store, subscription: string): void {
  for (const delivery of store.list("deliveries")) {
    if (delivery.subscription === subscription && delivery.state === "pending") {
      store.put("deliveries", { ...delivery, state: "lost", dueAtMs: null });
    }
  }
}

function wants({ events, filter }: Subscription, event: AccountEvent): boolean {
  if (!events.includes(event.type)) {
    return false;
  }
  switch (filter.type) {
    case "service_reference":
      return filter.id === event.service;
    case "team_reference":
      return filter.id !== null && event.teams.includes(filter.id);
    default:
      return true;
  }
}

function envelopeOf(
  event: Pick<AccountEvent, "type" | "data" | "resource"> & {
    resourceType: string;
    agent: unknown;
  },
  nowMs: number,
): Envelope {
  const id = longId();
  const body = JSON.stringify({
    event: {
      id,
      event_type: event.type,
      resource_type: event.resourceType,
      occurred_at: webhookTime(nowMs),
      agent: event.agent,
      client: null,
      data: event.data,
    },
  });
  return { id, type: event.type, resource: event.resource, body };
}

function newDelivery(
  subscription: Subscription,
  event: Envelope,
  nowMs: number,
  fault: Fault | undefined,
): Delivery {
  const id = objectId();
  const lane = `${subscription.id}/${event.resource}`;
  const delayMs = fault?.delayMs ?? (fault?.reorder ? REORDER_MS : 0);
  return {
    id,
    webhookId: webhookId(),
    subscription: subscription.id,
    // Outside its lane a delivery lets later ones overtake it.
    lane: fault?.reorder ? `${lane}/${id}` : lane,
    eventId: event.id,
    eventType: event.type,
    body: event.body,
    state: "pending",
    createdAtMs: nowMs,
    dueAtMs: nowMs + delayMs,
    attempts: [],
  };
}

function headersOf(delivery: Delivery, subscription: Subscription): Record<string, string> {
  return {
    ...Object.fromEntries(
      subscription.customHeaders.map(({ name, value }) => [name.toLowerCase(), value]),
    ),
    "content-type": "application/json",
    accept: "application/json",
    "user-agent": "PagerDuty-Webhook/V3.0",
    "x-webhook-id": delivery.webhookId,
    "x-webhook-subscription": subscription.id,
    "x-pagerduty-signature": signatureOf(subscription.secret, delivery.body),
  };
}

function faulted(status: number): Omit<AttemptResult, "error"> {
  return { verdict: verdictOn(status), status };
}
