import { createHash, timingSafeEqual } from "node:crypto";
import { inboundAnswer, readBackAnswer } from "./approval.ts";
import type { Desk } from "./desk.ts";
import { InvalidInput } from "./parse.ts";
import { parseInbound, parseRequest } from "./submission.ts";
import type { Submission } from "./submission.ts";

/** One call of Cheqpoint's public API. */
export interface ApiCall {
  method: string;
  path: string;
  key: string | undefined;
  body: string;
}

/** What is answered; a string body is sent as it is. */
export interface ApiAnswer {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

interface ApiParts {
  desk: Desk;
  connectionKey: string;
  reviewUrl: (id: string) => string;
  clock: { now(): number };
}

const READ_BACK = /^\/api\/approvals\/([^/]+)$/;

/** Cheqpoint's public API: two ways to submit, one to read back. */
export class Api {
  readonly #parts: ApiParts;

  constructor(parts: ApiParts) {
    this.#parts = parts;
  }

  async answer(call: ApiCall): Promise<ApiAnswer> {
    const endpoint = this.#endpoint(call.path);
    if (endpoint === undefined) return failure(404, "No such endpoint.");
    if (call.method !== endpoint.method) {
      const told = failure(405, `Use ${endpoint.method} here.`);
      return { ...told, headers: { allow: endpoint.method } };
    }
    if (!call.key) return failure(401, "The header `x-api-key` is missing.");
    if (!sameText(call.key, this.#parts.connectionKey)) {
      return failure(401, "The Connection Key in `x-api-key` is not valid.");
    }
    try {
      return await endpoint.answer(call.body);
    } catch (error) {
      if (error instanceof InvalidInput) return failure(400, error.message);
      throw error;
    }
  }

  #endpoint(path: string) {
    if (path === "/api/webhooks/inbound") {
      return { method: "POST", answer: (body: string) => this.#inbound(body) };
    }
    if (path === "/api/approvals/request") {
      return { method: "POST", answer: (body: string) => this.#request(body) };
    }
    const id = READ_BACK.exec(path)?.[1];
    if (id === undefined) return undefined;
    return { method: "GET", answer: () => Promise.resolve(this.#readBack(id)) };
  }

  async #inbound(body: string): Promise<ApiAnswer> {
    return this.#submit(body, parseInbound, async (asked) => {
      const { desk, reviewUrl } = this.#parts;
      const waitMs = asked.maxWaitMs ?? desk.settings.defaultWaitMs;
      const taken = desk.submit(asked);
      // With a callback the answer comes at once: the decision is sent there.
      const now = asked.callbackUrl === null ? await desk.decidedWithin(taken, waitMs) : taken;
      return { status: 200, body: inboundAnswer(now, reviewUrl(now.id)) };
    });
  }

  async #request(body: string): Promise<ApiAnswer> {
    return this.#submit(body, parseRequest, (asked) => {
      const { id, status } = this.#parts.desk.submit(asked);
      return Promise.resolve({ status: 200, body: { id, status } });
    });
  }

  async #submit(
    body: string,
    parse: (body: string, nowMs: number) => Submission,
    take: (asked: Submission) => Promise<ApiAnswer>,
  ): Promise<ApiAnswer> {
    if (this.#parts.desk.settings.killSwitch) {
      return failure(403, "This AI Assistant is switched off.");
    }
    return take(parse(body, this.#parts.clock.now()));
  }

  #readBack(id: string): ApiAnswer {
    const { desk } = this.#parts;
    const approval = desk.get(id);
    if (approval === undefined) return failure(404, "No approval request with this id.");
    return { status: 200, body: readBackAnswer(approval, desk.settings.noteField) };
  }
}

/** Cheqpoint's error body. */
export function failure(status: number, error: string): ApiAnswer {
  return { status, body: { error } };
}

/** Constant time, whatever the lengths. */
function sameText(a: string, b: string): boolean {
  const hash = (value: string) => createHash("sha256").update(value).digest();
  return timingSafeEqual(hash(a), hash(b));
}
