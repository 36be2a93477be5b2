import { Dice } from "./dice.ts";
import { DOORS } from "./doors.ts";

export interface Fuzzed {
  cases: number;
  byDoor: { [door: string]: number };
  /** The case, and what is wrong with it. */
  failure: string | null;
}

/** Cases `from` up to, but not, `to`: each door in turn, up to the first case that gets past one. */
export async function fuzz(
  { seed, from, to }: { seed: number; from: number; to: number },
  told: (done: number) => void = () => undefined,
): Promise<Fuzzed> {
  const byDoor: Fuzzed["byDoor"] = {};
  for (let index = from; index < to; index += 1) {
    const dice = new Dice(seed, index);
    const door = DOORS[index % DOORS.length];
    if (door === undefined) {
      throw new Error("there is no door");
    }
    const bytes = door.draw(dice);
    try {
      await door.knock(bytes, dice);
    } catch (error) {
      const failure = `--seed ${seed} --case ${index}, ${door.name}: ${String(error)}\n${JSON.stringify(bytes.toString("latin1").slice(0, 2_000))}`;
      return { cases: index - from + 1, byDoor, failure };
    }
    byDoor[door.name] = (byDoor[door.name] ?? 0) + 1;
    if ((index - from + 1) % 10_000 === 0) {
      told(index - from + 1);
    }
  }
  return { cases: to - from, byDoor, failure: null };
}
