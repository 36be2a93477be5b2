import { z } from "zod";
import type { Fault } from "../account/documents.ts";
import { objectId } from "../account/ids.ts";
import type { Store } from "../account/store.ts";
import { matchesCall, matchesWebhook } from "./callPattern.ts";

const CALL = /^(webhook(\s+\S+)?|(GET|POST|PUT|DELETE|\*)\s+(\/\S*|\*))$/i;

export const FaultRequest = z
  .strictObject({
    call: z
      .string()
      .regex(
        CALL,
        'must be a method and a path such as "POST /incidents/:id/notes", or "webhook", or "webhook incident.triggered"',
      ),
    status: z.int().min(200).max(599).optional(),
    body: z.unknown().optional(),
    headers: z.record(z.string().regex(/^[A-Za-z0-9-]+$/), z.string()).optional(),
    delayMs: z.int().min(0).max(172_800_000).optional(),
    dropAnswer: z.boolean().optional(),
    afterDoing: z.boolean().optional(),
    duplicate: z.boolean().optional(),
    reorder: z.boolean().optional(),
    times: z.int().min(1).max(1_000_000).default(1),
  })
  .superRefine((fault, context) => {
    const problem = (path: string, message: string) =>
      context.addIssue({ code: "custom", path: [path], message });
    const effects = ["status", "delayMs", "dropAnswer", "duplicate", "reorder"] as const;
    if (effects.every((name) => fault[name] === undefined || fault[name] === false)) {
      problem("call", `needs an effect, one of ${effects.join(", ")}`);
    }
    const webhook = isWebhook(fault.call);
    const late = fault.delayMs !== undefined && !webhook;
    if (fault.afterDoing && fault.status === undefined && !late) {
      problem(
        "afterDoing",
        "needs `status`, the answer to give afterwards, or of a call `delayMs`, how late it is given",
      );
    }
    if (fault.headers && (webhook || fault.status === undefined)) {
      problem("headers", "needs a call and its `status`, the answer that carries them");
    }
    if (fault.reorder && !webhook) {
      problem("reorder", 'is for the call "webhook" only');
    }
    const queueing = fault.duplicate || fault.reorder || fault.delayMs !== undefined;
    if (webhook && queueing && (fault.status !== undefined || fault.dropAnswer)) {
      problem(
        "call",
        "a webhook's `duplicate`, `delayMs` and `reorder` cannot be combined with `status` or `dropAnswer`",
      );
    }
  });

function isWebhook(call: string): boolean {
  return /^webhook\b/i.test(call);
}

/** What was asked to go wrong, and how often it still shall. */
export class Faults {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  add(request: z.infer<typeof FaultRequest>): Fault {
    const fault: Fault = { id: objectId(), ...request, left: request.times };
    this.#store.put("faults", fault);
    return fault;
  }

  list(): Fault[] {
    return this.#store.list("faults");
  }

  /** The first fault for this call, counted as used. */
  takeForCall(method: string, path: string): Fault | undefined {
    return this.#take((fault) => !isWebhook(fault.call) && matchesCall(fault.call, method, path));
  }

  /** The first fault that changes how an event is queued. */
  takeForQueueing(eventType: string): Fault | undefined {
    return this.#take((fault) => !onAttempt(fault) && matchesWebhook(fault.call, eventType));
  }

  /** The first fault that changes an attempt to deliver. */
  takeForAttempt(eventType: string): Fault | undefined {
    return this.#take((fault) => onAttempt(fault) && matchesWebhook(fault.call, eventType));
  }

  #take(matches: (fault: Fault) => boolean): Fault | undefined {
    const fault = this.list().find((candidate) => candidate.left > 0 && matches(candidate));
    if (fault) {
      this.#store.put("faults", { ...fault, left: fault.left - 1 });
    }
    return fault;
  }
}

function onAttempt(fault: Fault): boolean {
  return fault.status !== undefined || fault.dropAnswer === true;
}
