import { z } from "zod";

/** How many received calls are remembered. */
const REMEMBERED = 2_000;

/** One call that the public API received. */
export interface ReceivedCall {
  at: string;
  method: string;
  path: string;
  hasKey: boolean;
  userAgent: string | null;
  contentType: string | null;
  /** Parsed where it is JSON, else the text. */
  body: unknown;
  /** The status answered, `null` while it is held or when the connection was cut. */
  answered: number | null;
}

/** What was received, oldest first. It never holds a Connection Key. */
export class RequestLog {
  readonly #connectionKey: string;
  #calls: ReceivedCall[] = [];

  constructor(connectionKey: string) {
    this.#connectionKey = connectionKey;
  }

  add(call: Omit<ReceivedCall, "body" | "answered">, body: string): ReceivedCall {
    const received = { ...call, body: this.#withoutKey(body), answered: null };
    this.#calls.push(received);
    if (this.#calls.length > REMEMBERED) this.#calls.shift();
    return received;
  }

  list(): ReceivedCall[] {
    return [...this.#calls];
  }

  clear(): void {
    this.#calls = [];
  }

  #withoutKey(body: string): unknown {
    const text = body.replaceAll(this.#connectionKey, "[Connection Key]");
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return text === "" ? null : text;
    }
    const object = z.looseObject({}).safeParse(value);
    if (!object.success) return value;
    // Wrong keys are removed as well: they may be right elsewhere.
    const { apiKey: _apiKey, ...rest } = object.data;
    return rest;
  }
}
