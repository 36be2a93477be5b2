import { raiseAlarm } from "../gate/ledger/alarms.ts";
import { NOT_UTF8, utf8 } from "../gate/text/json.ts";
import { sha256Hex } from "../gate/text/token.ts";
import { json, problem, type HttpRequest, type HttpResponse } from "../http.ts";
import type { Delivery } from "../gate/ports/index.ts";
import { parseWebhookEvent, type ParsedWebhookEvent } from "../pagerduty/event.ts";
import { hasPagerDutySignature, verifyPagerDutySignature } from "../pagerduty/signature.ts";
import type { MiddlewarePorts } from "./ports.ts";

/** PagerDuty sends at most 256 KB. */
const MAX_UNSIGNED_BYTES = 256 * 1024;

/**
 * PagerDuty waits five seconds, the start of a function and the way there and back among them. Each store has its own
 * limits; together they could take longer.
 */
const ANSWER_WITHIN_MS = 3_500;

/**
 * `POST /pagerduty/webhook`. A correctly signed event is never refused: three refusals would make PagerDuty switch the
 * subscription off. 202 is said only after the durable write; whatever takes too long is answered 503, and PagerDuty sends
 * it again. What is stored after that is recognised then.
 */
export async function receiveWebhook(
  ports: MiddlewarePorts,
  request: HttpRequest,
): Promise<HttpResponse> {
  const answered = new AbortController();
  const late = async (): Promise<HttpResponse> => {
    await ports.sleep(ANSWER_WITHIN_MS, answered.signal);
    if (!answered.signal.aborted) {
      ports.log.error("webhook not answered in time", { afterMs: ANSWER_WITHIN_MS });
    }
    return unavailable();
  };
  try {
    return await Promise.race([receive(ports, request), late()]);
  } finally {
    answered.abort();
  }
}

async function receive(ports: MiddlewarePorts, request: HttpRequest): Promise<HttpResponse> {
  const { ledger, queue, clock, log, metrics } = ports;
  let verdict: Verdict;
  try {
    verdict = await verify(ports, request);
  } catch (error) {
    log.error("webhook secret not readable", { problem: String(error) });
    return unavailable();
  }
  if (verdict !== "signed") {
    metrics.count("SignatureRefused");
    if (verdict === "unknown" && header(request, "x-webhook-subscription") !== null) {
      return problem("signatureNotKnownYet", "signature not known yet, send it again", AGAIN_LATER);
    }
    return request.body.byteLength > MAX_UNSIGNED_BYTES
      ? problem("bodyTooLarge", "body too large")
      : problem("signatureInvalid", "signature missing or wrong");
  }
  const delivery = deliveryOf(request, clock.now());
  try {
    if (delivery.state === "unintelligible") {
      // Before it is accepted: a repetition of what was accepted raises nothing any more.
      await raiseAlarm(ports, {
        key: `unintelligible/${delivery.id}`,
        kind: "unintelligible",
        atMs: delivery.receivedAtMs,
        text: `A signed PagerDuty event could not be understood (${delivery.result ?? ""}); it is kept as delivery ${delivery.id}.`,
        proposalId: null,
        incidentId: null,
      });
    }
    const accepted = await ledger.accept(delivery);
    if (accepted === "duplicate") {
      metrics.count("WebhookDuplicate");
      return json(202, { status: "duplicate" });
    }
    if (delivery.state === "unintelligible") {
      return json(202, { status: "kept" });
    }
  } catch (error) {
    log.error("webhook not stored", { deliveryId: delivery.id, problem: String(error) });
    return unavailable();
  }
  metrics.count("WebhookAccepted");
  log.info("webhook accepted", { deliveryId: delivery.id, eventType: delivery.eventType });
  try {
    await queue.send([{ kind: "delivery", id: delivery.id }]);
  } catch (error) {
    // The delivery is due in the ledger: the sweep finds it.
    log.warn("queue not reached, left to the sweep", {
      deliveryId: delivery.id,
      problem: String(error),
    });
  }
  return json(202, { status: "accepted" });

  function deliveryOf(from: HttpRequest, nowMs: number): Delivery {
    const text = utf8(from.body);
    const parsed: ParsedWebhookEvent =
      text === null ? { ok: false, problem: `the body ${NOT_UTF8}` } : parseWebhookEvent(text);
    // Kept to be looked at, with a mark for each broken byte.
    const body = text ?? new TextDecoder("utf-8").decode(from.body);
    const event = parsed.ok ? parsed.event : null;
    if (event !== null && !event.known) {
      metrics.count("WebhookUnknownEvent");
    }
    return {
      id: header(from, "x-webhook-id") ?? event?.id ?? `body-${sha256Hex(body)}`,
      eventId: event?.id ?? null,
      subscriptionId: header(from, "x-webhook-subscription"),
      eventType: event?.type ?? null,
      receivedAtMs: nowMs,
      body,
      state: event === null ? "unintelligible" : "new",
      result: parsed.ok ? null : parsed.problem,
      dueAtMs: event === null ? null : nowMs,
      tries: 0,
    };
  }
}

/** `unknown`: it fits no secret that is known, and the store was asked too lately to be asked again. */
type Verdict = "signed" | "forged" | "unknown";

/** PagerDuty sends again what is answered 429, and drops what is answered with any other 4xx. */
const AGAIN_LATER = { headers: { "retry-after": "30" } };

/**
 * A secret may just have been rotated: only one that was read after the event came refuses it. What could not be
 * signed by anybody costs no reading, and what is forged not one each.
 */
async function verify({ secrets }: MiddlewarePorts, request: HttpRequest): Promise<Verdict> {
  const signature = request.headers["x-pagerduty-signature"];
  if (!hasPagerDutySignature(signature)) {
    return "forged";
  }
  for (const refresh of [false, true]) {
    const { known, isNewest } = await secrets.webhookSecrets(refresh);
    if (verifyPagerDutySignature(request.body, signature, known)) {
      return "signed";
    }
    if (isNewest) {
      return "forged";
    }
  }
  return "unknown";
}

function header(request: HttpRequest, name: string): string | null {
  const value = request.headers[name]?.trim();
  return value === undefined || value === "" || value.length > 256 ? null : value;
}

function unavailable(): HttpResponse {
  return problem("unavailable", "not stored, send it again");
}
