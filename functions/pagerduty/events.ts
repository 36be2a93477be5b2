import * as z from "zod";
import { RemoteError } from "../gate/ports/index.ts";
import type { Clock } from "../gate/ports/index.ts";
import { ask, baseUrlOf, budgetOf } from "../remote.ts";
import type { Fetch, Remote } from "../remote.ts";
import { cut } from "../gate/text/cut.ts";

export interface EventsOptions {
  /** Root of the Events API, `https://events.pagerduty.com`. */
  baseUrl: string;
  /** Defaults to the built-in one. */
  fetch?: Fetch;
  /** Defaults to 10 s. */
  timeoutMs?: number;
  clock: Clock;
}

/** An alert for the service that the routing key belongs to. */
export interface AlertEvent {
  /** Secret: it is all that is needed to send. */
  routingKey: string;
  action: "trigger" | "acknowledge" | "resolve";
  /** At most 255 characters; sending it again changes the same alert. */
  dedupKey: string;
  summary: string;
  source: string;
  severity: "critical" | "error" | "warning" | "info";
  customDetails: Readonly<Record<string, unknown>>;
  links: readonly { href: string; text: string }[];
}

const SUMMARY_LIMIT = 1024;
const DEDUP_KEY_LIMIT = 255;
const DEFAULT_TIMEOUT_MS = 10_000;

const accepted = z.object({
  status: z.literal("success"),
  dedup_key: z.string().nullish().catch(null),
});

/** Sends one event, once. Throws `RemoteError`. */
export async function enqueueEvent(
  options: EventsOptions,
  event: AlertEvent,
): Promise<{ dedupKey: string }> {
  if (event.dedupKey === "" || event.dedupKey.length > DEDUP_KEY_LIMIT) {
    // Cut, it might be another alert's.
    throw new RemoteError(
      `\`dedupKey\` must have 1 to ${DEDUP_KEY_LIMIT} characters, got ${event.dedupKey.length}`,
      { nothingDone: true, retryable: false },
    );
  }
  const remote: Remote = {
    name: "PagerDuty's Events API",
    setting: "PAGERDUTY_EVENTS_URL",
    baseUrl: baseUrlOf("PAGERDUTY_EVENTS_URL", options.baseUrl),
    fetch: options.fetch ?? globalThis.fetch,
    clock: options.clock,
    reasonOf,
  };
  const answer = await ask(
    remote,
    {
      method: "POST",
      path: "/v2/enqueue",
      headers: { accept: "application/json", "content-type": "application/json" },
      body: wireEvent(event),
      budget: budgetOf(options.timeoutMs ?? DEFAULT_TIMEOUT_MS),
      secrets: [event.routingKey],
    },
    accepted,
  );
  return { dedupKey: answer.dedup_key ?? event.dedupKey };
}

function wireEvent(event: AlertEvent): Record<string, unknown> {
  const head = {
    routing_key: event.routingKey,
    event_action: event.action,
    dedup_key: event.dedupKey,
  };
  if (event.action !== "trigger") return head;
  return {
    ...head,
    payload: {
      summary: cut(event.summary, SUMMARY_LIMIT),
      source: event.source,
      severity: event.severity,
      custom_details: event.customDetails,
    },
    ...(event.links.length === 0 ? {} : { links: event.links }),
    client: "pagerduty-approval-gate",
  };
}

const errorBody = z.object({
  message: z.string().nullish().catch(null),
  errors: z.array(z.string()).nullish().catch(null),
});

function reasonOf(body: unknown): string | null {
  const parsed = errorBody.safeParse(body).data;
  const parts = [parsed?.message ?? "", (parsed?.errors ?? []).join("; ")];
  const reason = parts.filter((part) => part !== "").join(": ");
  return reason === "" ? null : reason;
}
