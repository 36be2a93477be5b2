import { deadlineOf } from "./virtualTime.ts";
import type { Chance } from "./chance.ts";
import { REMOTE_FAULTS, STORE_FAULTS, type Fault, type Faults } from "./faults.ts";
import type { Kernel } from "./kernel.ts";
import type { Machine } from "./machine.ts";

/** A piece of work of one machine: an item of the queue, a request that it answers, a sweep. */
export interface Task {
  name: string;
  machine: Machine;
  /** When it last wrote a proposal: for the judge. */
  wroteAtMs: number | null;
  /** Which function does it; absent: none of the gate's own. */
  by?: "middleware" | "callback" | "worker" | "operator";
}

/** A call over HTTP as the other side gets it. */
export interface Request {
  method: string;
  path: string;
  query: URLSearchParams;
  body: unknown;
  /** What it authenticates itself with. */
  credential: string | null;
  /** The work in which it was sent, which the other side cannot know: for the judge. */
  task: Task;
  /** When that work had last written something before it was sent; null: it had not. */
  wroteAtMs: number | null;
  /** When the gate's code gave it away. */
  sentAtMs: number;
  /** When it left the machine, which may have stood still before it did. */
  leftAtMs: number;
}

export interface Answer {
  status: number;
  body: unknown;
  /** What matters of it, for the trace. */
  brief?: string;
  /** Told when the machine that asked has it. */
  onArrive?: () => void;
}

export interface Remote {
  name: string;
  handle(request: Request): Answer;
  /** A request without its ids. */
  route(method: string, path: string): string;
}

/** What the boundary needs to know of the history. */
export interface Surroundings {
  kernel: Kernel;
  chance: Chance;
  faults: Faults;
  tell(text: () => string): void;
  /** What everything that is asked of it meets now. */
  outageOf(remote: string): "hangs" | "failsBefore" | null;
  /** Is told of every fault and every passing of a place. */
  onPass(place: string, task: Task, fault: Fault | null): void;
  /** What was asked for there has just been done. */
  onDone(place: string): void;
  onCrash(machine: Machine): void;
}

/** Where the gate waits for something outside itself: what goes wrong, goes wrong here. */
export class Boundary {
  readonly #around: Surroundings;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  #pass(
    place: string,
    task: Task,
    possible: readonly Fault[],
  ): { key: string; fault: Fault | null } {
    const { faults, kernel } = this.#around;
    const key = faults.keyOf(`${place} of ${task.name}`);
    const fault = faults.at(key, possible, kernel.nowMs);
    if (fault !== null) {
      this.#around.tell(() => `!! ${fault} at ${key} on ${task.machine.name}`);
    }
    this.#around.onPass(place, task, fault);
    return { key, fault };
  }

  #freeze(machine: Machine, key: string): void {
    const { chance } = this.#around;
    const ms = chance.pick(
      `freeze ${key}`,
      [300, 2_000, 4_000, 7_000, 12_000, 20_000, 28_000, 33_000, 45_000, 70_000, 130_000],
    );
    this.#around.tell(() => `   ${machine.name} stands still for ${ms / 1000} s`);
    machine.freeze(ms);
  }

  #crash(machine: Machine): void {
    machine.crash();
    this.#around.onCrash(machine);
  }

  async #done<T>(place: string, effect: () => Promise<T>): Promise<T> {
    const result = await effect();
    this.#around.onDone(place);
    return result;
  }

  /** A call that goes wrong only where it is done in parts. */
  watched<T>(place: string, task: Task, effect: () => Promise<T>): Promise<T> {
    this.#around.onPass(place, task, null);
    return this.#done(place, effect);
  }

  /** A call of a database whose client repeats what was not answered, by the same token. */
  database<T>(place: string, task: Task, effect: () => Promise<T>): Promise<T> {
    return this.store(place, task, effect, true);
  }

  /** A call of a store that is near: mostly at once, sometimes others come between. */
  store<T>(place: string, task: Task, effect: () => Promise<T>, isRepeated = false): Promise<T> {
    const { kernel, chance } = this.#around;
    const { machine } = task;
    if (!machine.isUp) {
      // Somebody waited for a timer while it stood still or ended.
      return new Promise((resolve) =>
        machine.goOn(() => resolve(this.store(place, task, effect, isRepeated))),
      );
    }
    const { key, fault } = this.#pass(place, task, STORE_FAULTS);
    if (fault === null && chance.of(`pause ${key}`) < 0.75) {
      return this.#done(place, effect);
    }
    return new Promise<T>((resolve, reject) => {
      const finish = (done: () => void): void => {
        kernel.after(chance.between(`back ${key}`, 0, 12), () => machine.goOn(done));
      };
      const act = (after: (done: () => void) => void): void => {
        this.#done(place, effect).then(
          (value) => after(() => resolve(value)),
          (error: unknown) =>
            after(() => reject(error instanceof Error ? error : new Error(String(error)))),
        );
      };
      switch (fault) {
        case "crashBefore":
          this.#crash(machine);
          return;
        case "crashAfter":
          act(() => undefined);
          this.#crash(machine);
          return;
        case "storeBefore":
          if (isRepeated && chance.happens(`repeated ${key}`, 0.5)) {
            kernel.after(900, () => machine.goOn(() => act(finish)));
            return;
          }
          finish(() => reject(new Error(`the store cannot be reached (${key})`)));
          return;
        case "storeAfter":
          if (isRepeated && chance.happens(`repeated ${key}`, 0.5)) {
            act(() => void kernel.after(900, () => machine.goOn(() => act(finish))));
            return;
          }
          act(() => finish(() => reject(new Error(`the store's answer was lost (${key})`))));
          return;
        case "freezeBefore":
          this.#freeze(machine, key);
          machine.goOn(() => act(finish));
          return;
        case "freezeAfter":
          act((done) => {
            this.#freeze(machine, key);
            finish(done);
          });
          return;
        default: {
          const slow = fault === "slow" ? chance.between(`slow ${key}`, 200, 4_000) : 0;
          kernel.after(slow + chance.between(`out ${key}`, 0, 12), () =>
            machine.goOn(() => act(finish)),
          );
        }
      }
    });
  }

  /** A call over HTTP, as the built-in `fetch` would make it. */
  fetch(remote: Remote, task: Task, url: string, init: RequestInit): Promise<Response> {
    const { kernel, chance } = this.#around;
    const { machine } = task;
    if (!machine.isUp) {
      return new Promise((resolve) =>
        machine.goOn(() => resolve(this.fetch(remote, task, url, init))),
      );
    }
    const target = new URL(url);
    const method = init.method ?? "GET";
    const place = `${remote.name} ${remote.route(method, target.pathname)}`;
    const passed = this.#pass(place, task, REMOTE_FAULTS);
    const { key } = passed;
    const fault = passed.fault ?? this.#around.outageOf(remote.name);
    const deadlineMs = deadlineOf(init.signal);
    const request: Request = {
      method,
      path: target.pathname,
      query: target.searchParams,
      body: typeof init.body === "string" ? JSON.parse(init.body) : null,
      credential: credentialOf(init.headers),
      task,
      wroteAtMs: task.wroteAtMs,
      sentAtMs: kernel.nowMs,
      leftAtMs: kernel.nowMs,
    };
    return new Promise<Response>((resolve, reject) => {
      let isSettled = false;
      const settle = (done: () => void): void => {
        machine.goOn(() => {
          if (!isSettled) {
            isSettled = true;
            done();
          }
        });
      };
      const timeOut = (): void =>
        settle(() => reject(new DOMException("timed out", "TimeoutError")));
      init.signal?.addEventListener("abort", () =>
        settle(() => reject(new DOMException("given up", "AbortError"))),
      );
      const answer = (arriveMs: number, done: () => void): void => {
        kernel.at(
          Math.min(arriveMs, deadlineMs),
          arriveMs <= deadlineMs ? () => settle(done) : timeOut,
        );
      };
      const deliver = (given: Answer, backMs: number): void => {
        this.#around.tell(
          () => `   ${remote.name} → ${task.machine.name}: ${given.status} ${given.brief ?? ""}`,
        );
        answer(kernel.nowMs + backMs, () => {
          given.onArrive?.();
          resolve(quickResponse(given));
        });
      };
      const effect = (): Answer => {
        this.#around.tell(
          () => `${machine.name} [${task.name}] ${remote.name} ${method} ${target.pathname}`,
        );
        const given = remote.handle(request);
        this.#around.onDone(place);
        return given;
      };
      const out = chance.between(`out ${key}`, 3, 140);
      const back = chance.between(`back ${key}`, 3, 140);
      const broken = (): void =>
        answer(kernel.nowMs + back, () => reject(failure({ code: "ECONNRESET", syscall: "read" })));
      switch (fault) {
        case "crashBefore":
          this.#crash(machine);
          return;
        case "crashAfter":
          this.#crash(machine);
          kernel.after(out, effect);
          return;
        case "freezeBefore":
          this.#freeze(machine, key);
          machine.goOn(() => {
            if (kernel.nowMs >= deadlineMs) {
              timeOut();
              return;
            }
            request.leftAtMs = kernel.nowMs;
            kernel.after(out, () => deliver(effect(), back));
          });
          return;
        case "freezeAfter":
          this.#freeze(machine, key);
          kernel.after(out, () => deliver(effect(), back));
          return;
        case "refused":
          answer(kernel.nowMs + out, () =>
            reject(failure({ code: "ECONNREFUSED", syscall: "connect" })),
          );
          return;
        case "brokenBefore":
          broken();
          return;
        case "brokenAfter":
          kernel.after(out, () => {
            effect();
            broken();
          });
          return;
        case "hangs":
          answer(Infinity, () => undefined);
          return;
        case "hangsAfter":
          kernel.after(out, effect);
          answer(Infinity, () => undefined);
          return;
        case "lateEffect":
          kernel.at(
            Math.min(deadlineMs, kernel.nowMs + 10_000) + chance.between(`late ${key}`, 10, 12_000),
            effect,
          );
          answer(Infinity, () => undefined);
          return;
        case "failsBefore":
          kernel.after(out, () =>
            deliver({ status: chance.pick(`status ${key}`, [500, 502, 503, 504]), body: {} }, back),
          );
          return;
        case "failsAfter":
          kernel.after(out, () => {
            effect();
            deliver({ status: chance.pick(`status ${key}`, [500, 502, 504]), body: {} }, back);
          });
          return;
        case "throttled":
          kernel.after(out, () =>
            deliver(
              { status: 429, body: { error: { message: "Rate Limit Exceeded", code: 2020 } } },
              back,
            ),
          );
          return;
        case "denied":
          kernel.after(out, () => deliver({ status: 403, body: {} }, back));
          return;
        case "unreadable":
          kernel.after(out, () => {
            const { status } = effect();
            deliver({ status, body: "<html>" }, back);
          });
          return;
        case "slow":
          kernel.after(chance.between(`slow ${key}`, 500, 9_000), () =>
            deliver(effect(), chance.between(`slowBack ${key}`, 3, 4_000)),
          );
          return;
        default:
          kernel.after(out, () => deliver(effect(), back));
      }
    });
  }
}

function credentialOf(headers: RequestInit["headers"]): string | null {
  const { authorization = null, "x-api-key": key = authorization } = headers as Record<
    string,
    string
  >;
  return key;
}

function failure(facts: { code: string; syscall: string }): Error {
  return new TypeError("fetch failed", { cause: Object.assign(new Error(facts.code), facts) });
}

const NO_HEADERS = new Headers();

/** A response, as far as clients look at one; its text is there at once, for streams take turns that virtual time does not know. */
function quickResponse({ status, body }: Answer): Response {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const values = {
    status,
    ok: status >= 200 && status < 300,
    headers: NO_HEADERS,
    body: null,
    text: () => Promise.resolve(text),
  };
  return Object.create(
    Response.prototype,
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }])),
  ) as Response;
}
