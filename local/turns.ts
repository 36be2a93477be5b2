/** So many steps of the worker are taken between two looks at what has come in. */
const STEPS = 8;
/** While requests keep coming in, the worker takes its steps so often at least: a storm must not stop it. */
const LONGEST_REST_MS = 25;

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
  let hasArrived = false;
  let lastStepsMs = -Infinity;

  const pass = (): void => {
    const isHeld = hasArrived && nowMs() - lastStepsMs < LONGEST_REST_MS;
    // Whether more come in is seen by the next time round.
    hasArrived = false;
    if (!isHeld) {
      lastStepsMs = nowMs();
      waiting.splice(0, STEPS).forEach((go) => go());
    }
    if (waiting.length > 0) {
      setImmediate(pass);
    }
  };

  const turn = (): Promise<void> =>
    new Promise((resolve) => {
      if (waiting.push(resolve) === 1) {
        setImmediate(pass);
      }
    });

  return {
    arrived() {
      hasArrived = true;
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
