import type { Chance } from "./chance.ts";

/** What may go wrong where the gate waits for something. */
export type Fault =
  /** The process ends before, or after, the effect. */
  | "crashBefore"
  | "crashAfter"
  /** The process stands still before, or after, the effect, perhaps longer than a lease. */
  | "freezeBefore"
  | "freezeAfter"
  /** The connection cannot be made, or breaks before or after the effect. */
  | "refused"
  | "brokenBefore"
  | "brokenAfter"
  /** No answer comes until the time is over; what was asked for happens never, in time, or after that. */
  | "hangs"
  | "hangsAfter"
  | "lateEffect"
  /** The other side answers that it failed, before or after it did what was asked. */
  | "failsBefore"
  | "failsAfter"
  | "throttled"
  /** It refuses what is asked for, and would again. */
  | "denied"
  | "unreadable"
  | "slow"
  /** A store that cannot be reached, before or after it wrote. */
  | "storeBefore"
  | "storeAfter";

const FATES: readonly Fault[] = ["crashBefore", "crashAfter", "freezeBefore", "freezeAfter"];

export const REMOTE_FAULTS: readonly Fault[] = [
  ...FATES,
  "refused",
  "brokenBefore",
  "brokenAfter",
  "hangs",
  "hangsAfter",
  "lateEffect",
  "failsBefore",
  "failsAfter",
  "throttled",
  "denied",
  "unreadable",
  "slow",
];

export const STORE_FAULTS: readonly Fault[] = [...FATES, "storeBefore", "storeAfter", "slow"];

/** A fault that was done, by the name of the place and how often that place had been passed. */
export interface Injected {
  key: string;
  fault: Fault;
  atMs: number;
}

/** Decides what goes wrong where. */
export class Faults {
  readonly injected: Injected[] = [];
  readonly #chance: Chance;
  readonly #rates: Readonly<Partial<Record<Fault, number>>>;
  readonly #isLeftOut: (key: string) => boolean;
  readonly #passed = new Map<string, number>();
  readonly #most: number;
  /** After that nothing goes wrong any more. */
  isOver = false;

  constructor(
    chance: Chance,
    rates: Readonly<Partial<Record<Fault, number>>>,
    { most, isLeftOut }: { most: number; isLeftOut: (key: string) => boolean },
  ) {
    this.#chance = chance;
    this.#rates = rates;
    this.#most = most;
    this.#isLeftOut = isLeftOut;
  }

  /** The name of this pass of a place. */
  keyOf(place: string): string {
    const passed = this.#passed.get(place) ?? 0;
    this.#passed.set(place, passed + 1);
    return `${place}#${passed}`;
  }

  at(key: string, possible: readonly Fault[], nowMs: number): Fault | null {
    if (this.isOver || this.injected.length >= this.#most) {
      return null;
    }
    let drawn = this.#chance.of(`fault ${key}`);
    for (const fault of possible) {
      drawn -= this.#rates[fault] ?? 0;
      if (drawn < 0) {
        if (this.#isLeftOut(key)) {
          return null;
        }
        this.injected.push({ key, fault, atMs: nowMs });
        return fault;
      }
    }
    return null;
  }
}
