import { RemoteError } from "../../functions/gate/ports/index.ts";

/** Sees every call of the gate to its ledger, to PagerDuty and to Cheqpoint, `ledger.save`, and may make it fail. */
export type Tap = (
  call: string,
  args: readonly unknown[],
  run: () => Promise<unknown>,
) => Promise<unknown>;

/** The same port with every method going through the tap of the moment. */
export function tapped<T extends object>(name: string, port: T, tap: () => Tap): T {
  return new Proxy(port, {
    get(target, key, receiver): unknown {
      const value: unknown = Reflect.get(target, key, receiver);
      if (typeof value !== "function" || typeof key !== "string") {
        return value;
      }
      return (...args: unknown[]) =>
        tap()(`${name}.${key}`, args, async () => Reflect.apply(value, target, args) as unknown);
    },
  });
}

export const throughTap: Tap = (_call, _args, run) => run();

/** Thrown by every port of a process that is dead. */
class ProcessGone extends Error {
  override readonly name = "ProcessGone";
}

/** Calls that change something; between two of them a crash leaves the same world behind. */
const WRITES = [
  "ledger.create",
  "ledger.save",
  "ledger.accept",
  "ledger.saveDelivery",
  "ledger.hint",
  "ledger.putInvocation",
  "ledger.raise",
  "pagerDuty.execute",
  "pagerDuty.addNote",
  "pagerDuty.createIncident",
  "pagerDuty.resolveIncident",
  "cheqpoint.submit",
];
export const isWrite = (call: string): boolean => WRITES.includes(call);
/** What changes something in another system. */
export const isEffect = (call: string): boolean => isWrite(call) && !call.startsWith("ledger.");
/** Everything that is asked of another system. */
export const isRemote = (call: string): boolean => !call.startsWith("ledger.");
export const isLedgerWrite = (call: string): boolean => isWrite(call) && !isRemote(call);

/**
 * `crashBefore`, `crashAfter`: the process dies before or after doing it. `lost`: it is done and the answer is lost;
 * the process goes on. `undone`: as `lost`, but it was not done, which the process cannot know.
 */
export type FaultMode = "crashBefore" | "crashAfter" | "lost" | "undone";

export interface OneFault {
  tap: Tap;
  /** The call that was hit, `ledger.save execution.claimed`; null when there were fewer calls. */
  hit(): string | null;
  /** The call that was hit, and what else was under way when the process died. */
  cutOff(): readonly string[];
  /** The process is dead and has to be started anew. */
  isDead(): boolean;
  /** A new process was started. */
  revive(): void;
}

/** One fault at the `index`-th call (from 0) that `counts`. */
export function faultAt(
  index: number,
  mode: FaultMode,
  counts: (call: string) => boolean,
): OneFault {
  let count = 0;
  let isDead = false;
  let hit: string | null = null;
  const underWay = new Map<symbol, string>();
  let cutOff: string[] = [];
  const die = (): never => {
    if (!isDead) {
      isDead = true;
      cutOff = [...underWay.values()];
    }
    throw new ProcessGone("the process is gone");
  };
  const unanswered = (call: string): Error =>
    call.startsWith("ledger.")
      ? new Error("the answer of the store was lost")
      : new RemoteError(`the answer to ${call} was lost`, {
          nothingDone: !isWrite(call),
          retryable: true,
        });
  return {
    hit: () => hit,
    cutOff: () => (hit === null ? [] : [hit, ...cutOff]),
    isDead: () => isDead,
    revive: () => {
      isDead = false;
    },
    async tap(call, args, run) {
      if (isDead) {
        throw new ProcessGone("the process is gone");
      }
      if (!counts(call) || count++ !== index) {
        const token = Symbol(call);
        underWay.set(token, call);
        const answer = await run().finally(() => underWay.delete(token));
        // What was under way when the process died never comes back to it.
        return isDead ? die() : answer;
      }
      hit = [call, ...factsOf(call, args)].join(" ");
      if (mode === "crashBefore") {
        return die();
      }
      if (mode === "undone") {
        throw unanswered(call);
      }
      await run();
      if (mode === "crashAfter") {
        return die();
      }
      throw unanswered(call);
    },
  };
}

/** The first call of that name meets what `prepare` has set up on the other side. */
export function answeredOnce(call: string, prepare: () => Promise<unknown>): OneFault {
  let hit: string | null = null;
  return {
    hit: () => hit,
    cutOff: () => (hit === null ? [] : [hit]),
    isDead: () => false,
    revive: () => undefined,
    async tap(name, _args, run) {
      if (name === call && hit === null) {
        hit = name;
        await prepare();
      }
      return run();
    },
  };
}

/** The audit events that a write of the ledger carries. */
function factsOf(call: string, args: readonly unknown[]): string[] {
  const [, events] = args;
  if (call !== "ledger.save" || !Array.isArray(events)) {
    return [];
  }
  return events.map((event: { type: string }) => event.type);
}
