import * as z from "zod";
import type { Answer, Remote, Request, Task } from "../engine/boundary.ts";
import type { Kernel } from "../engine/kernel.ts";

/** What somebody, or something, said to a request. */
export interface Answered {
  status: "APPROVED" | "REJECTED";
  /** `system`: nobody looked. */
  by: "human" | "rule" | "system" | "loopProtection";
  atMs: number;
  note: string | null;
  modified: Readonly<Record<string, unknown>> | null;
}

/** One request in the inbox. */
export interface Asked {
  id: string;
  /** As the card names it. */
  item: string;
  details: Readonly<Record<string, unknown>>;
  summary: string;
  justification: string;
  callbackUrl: string | null;
  atMs: number;
  answered: Answered | null;
  /** When the gate first wrote something down after it had got the request's id. */
  knownAtMs: number | null;
  /** When the gate first wrote something down after it had read the answer. */
  toldAtMs: number | null;
}

const submission = z.object({
  action: z.string(),
  summary: z.string(),
  details: z.looseObject({ proposal_id: z.string() }),
  justification: z.string(),
  callbackUrl: z.string().optional(),
});

/** Cheqpoint, by the fact sheets: an inbox that keeps everything, and decides nothing by itself unless it is made to. */
export class SimCheqpoint implements Remote {
  readonly name = "cheqpoint";
  readonly asked: Asked[] = [];
  /** What has arrived at a machine and is not written down yet. */
  #heard: { asked: Asked; task: Task; answered: boolean }[] = [];
  /** Approvals that arrived as read, and in which work. */
  readonly readings: { asked: Asked; status: string; atMs: number; task: Task }[] = [];
  onAsked: (asked: Asked) => void = () => undefined;
  /** Takes the decision to the gate's callback. */
  onDecided: (asked: Asked, answered: Answered) => void = () => undefined;
  /** What happens to a request at once: a rule decides, or loop protection refuses it. */
  atOnce: (asked: Asked) => Omit<Answered, "atMs"> | null = () => null;
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  route(method: string, path: string): string {
    return `${method} ${path.replace(/\/req_.*/, "/:id")}`;
  }

  handle(request: Request): Answer {
    if (request.method === "POST" && request.path === "/api/webhooks/inbound") {
      return this.#submit(request);
    }
    const id = /^\/api\/approvals\/(.+)$/.exec(request.path)?.[1];
    const asked = this.asked.find((one) => one.id === id);
    if (request.method !== "GET" || asked === undefined) {
      return { status: 404, body: { error: "not found" } };
    }
    const { answered } = asked;
    const status = answered?.status ?? "PENDING";
    const { task } = request;
    return {
      status: 200,
      brief: status,
      onArrive: () => {
        this.readings.push({ asked, status, atMs: this.#kernel.nowMs, task });
        this.#heard.push({ asked, task, answered: answered !== null });
      },
      body: {
        id: asked.id,
        status,
        details: asked.details,
        modifiedDetails: answered?.modified ?? null,
        responseNotes: null,
        decisionNote: answered?.note ?? null,
        decisionReasonCode: null,
        autoDecided: answered !== null && answered.by === "rule",
        autoDecisionRuleName: answered?.by === "rule" ? "low risk" : null,
        decidedAt: answered === null ? null : new Date(answered.atMs).toISOString(),
        retryable: answered?.by === "system",
      },
    };
  }

  /** False when it had been answered before. */
  decide(asked: Asked, said: Omit<Answered, "atMs">): boolean {
    if (asked.answered !== null) {
      return false;
    }
    asked.answered = { ...said, atMs: this.#kernel.nowMs };
    this.onDecided(asked, asked.answered);
    return true;
  }

  /** Work that wrote something down has by then written what it had heard. */
  wroteDown(task: Task): void {
    for (const { asked, answered } of this.#heard.filter((one) => one.task === task)) {
      asked.knownAtMs ??= this.#kernel.nowMs;
      if (answered) {
        asked.toldAtMs ??= this.#kernel.nowMs;
      }
    }
    this.#heard = this.#heard.filter((one) => one.task !== task);
  }

  #submit({ body, task }: Request): Answer {
    const { details, summary, justification, callbackUrl } = submission.parse(body);
    const asked: Asked = {
      id: `req_${this.asked.length + 1}`,
      item: details.proposal_id,
      details,
      summary,
      justification,
      callbackUrl: callbackUrl ?? null,
      atMs: this.#kernel.nowMs,
      answered: null,
      knownAtMs: null,
      toldAtMs: null,
    };
    this.asked.push(asked);
    const inline = this.atOnce(asked);
    const onArrive = () => void this.#heard.push({ asked, task, answered: false });
    if (inline !== null) {
      asked.answered = { ...inline, atMs: this.#kernel.nowMs };
      return {
        status: 200,
        onArrive,
        brief: `${asked.id} ${asked.answered.status} by ${asked.answered.by}`,
        body: {
          status: asked.answered.status.toLowerCase(),
          approvalId: asked.id,
          modifiedDetails: null,
        },
      };
    }
    this.onAsked(asked);
    return {
      status: 200,
      onArrive,
      brief: asked.id,
      body: {
        status: "pending",
        approvalId: asked.id,
        reviewUrl: `https://app.cheqpoint.co/review/${asked.id}`,
      },
    };
  }
}
