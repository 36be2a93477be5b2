/** So many steps of the worker are taken between two looks at what has come in. */
const STEPS = 8;
/** So many requests within so much time are a storm. */
const MANY = 5;
const WITHIN_MS = 50;
/** In a storm the worker takes a single step so often: it goes on, and is hardly felt. */
const REST_MS = 20;

/**
 * Lets whoever receives go first. Everything in this process shares one thread, and PagerDuty waits only seconds for an
 * answer, while what it sent can be worked on a moment later.
 */
export interface Turns {
  /** A request has come in. */
  arrived(): void;
  /** The same port, each call of which waits for its turn. */
  behind<T extends object>(port: T): T;
}

export function createTurns(nowMs: () => number = () => performance.now()): Turns {
  const waiting: (() => void)[] = [];
  /** When the last requests came, the oldest first. */
  const arrivedAtMs: number[] = [];

  const isStorm = (): boolean =>
    arrivedAtMs.length === MANY && nowMs() - (arrivedAtMs[0] ?? 0) < WITHIN_MS;

  const next = (): void => {
    if (waiting.length === 0) {
      return;
    }
    if (isStorm()) {
      setTimeout(pass, REST_MS);
    } else {
      setImmediate(pass);
    }
  };

  const pass = (): void => {
    waiting.splice(0, isStorm() ? 1 : STEPS).forEach((go) => go());
    next();
  };

  const turn = (): Promise<void> =>
    new Promise((resolve) => {
      if (waiting.push(resolve) === 1) {
        next();
      }
    });

  return {
    arrived() {
      arrivedAtMs.push(nowMs());
      if (arrivedAtMs.length > MANY) {
        arrivedAtMs.shift();
      }
    },

    behind: (port) =>
      new Proxy(port, {
        get(target, key, receiver): unknown {
          const value: unknown = Reflect.get(target, key, receiver);
          return typeof value !== "function"
            ? value
            : async (...args: unknown[]): Promise<unknown> => {
                await turn();
                return Reflect.apply(value, target, args) as unknown;
              };
        },
      }),
  };
}
