import { play } from "./history.ts";
import type { Plan } from "./plan.ts";

/** How many plays a shrinking may take. */
const MOST_PLAYS = 400;

/**
 * The smallest history found that still breaks the same rule: acts and faults are left out as long as it does, in large
 * parts first, then one by one; machines and clocks that do not matter go as well.
 */
export async function shrink(failing: Plan, rule: string): Promise<Plan> {
  let best = failing;
  let plays = 0;
  const isStill = async (plan: Plan): Promise<boolean> => {
    plays += 1;
    if (plays > MOST_PLAYS) {
      return false;
    }
    try {
      return (await play(plan)).violations.some((violation) => violation.rule === rule);
    } catch {
      return false;
    }
  };
  const tryOne = async (plan: Plan): Promise<boolean> => {
    const isSmaller = await isStill(plan);
    if (isSmaller) {
      best = plan;
    }
    return isSmaller;
  };

  await tryOne({ ...best, rates: {} });
  for (let before = ""; before !== JSON.stringify(best) && plays < MOST_PLAYS;) {
    before = JSON.stringify(best);
    await without(best.acts, (acts) => tryOne({ ...best, acts }));
    const { injected } = await play(best);
    // A fault that is left out may make room for others: the most that may happen goes down with it.
    await without(
      injected.map(({ key }) => key),
      (kept) =>
        tryOne({
          ...best,
          leftOut: [
            ...best.leftOut,
            ...injected.map(({ key }) => key).filter((key) => !kept.includes(key)),
          ],
          mostFaults: kept.length,
        }),
    );
    await tryOne({ ...best, skewsMs: best.skewsMs.slice(0, 1) });
    await tryOne({ ...best, skewsMs: best.skewsMs.map(() => 0) });
    for (const [service, gating] of Object.entries(best.gatings)) {
      await without(gating.rules, (rules) =>
        tryOne({ ...best, gatings: { ...best.gatings, [service]: { ...gating, rules } } }),
      );
    }
  }
  return best;
}

/** Leaves out halves, then quarters, down to single ones, wherever `isFine` says that it may. */
async function without<T>(
  list: readonly T[],
  isFine: (left: T[]) => Promise<boolean>,
): Promise<void> {
  let kept = [...list];
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < kept.length;) {
      const fewer = [...kept.slice(0, from), ...kept.slice(from + size)];
      if (fewer.length < kept.length && (await isFine(fewer))) {
        kept = fewer;
      } else {
        from += size;
      }
    }
  }
}
