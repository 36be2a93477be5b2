/**
 * Chance that depends on the seed and a name alone, not on what was drawn before: leaving one thing out of a history
 * changes nothing else of it, so that a failing history can be shrunk.
 */
export class Chance {
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** From 0 up to, but not, 1. */
  of(name: string): number {
    // MurmurHash3's steps on the characters, begun with the seed.
    let hash = this.#seed ^ 0x9e3779b9;
    for (let i = 0; i < name.length; i++) {
      hash = Math.imul(hash ^ name.charCodeAt(i), 0x5bd1e995);
      hash = (hash << 13) | (hash >>> 19);
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
  }

  happens(name: string, probability: number): boolean {
    return probability > 0 && this.of(name) < probability;
  }

  /** A whole number from `low` to `high`. */
  between(name: string, low: number, high: number): number {
    return low + Math.floor(this.of(name) * (high - low + 1));
  }

  pick<T>(name: string, list: readonly [T, ...(readonly T[])]): T {
    return list[Math.floor(this.of(name) * list.length)] ?? list[0];
  }

  /** One of the keys, each as often as its weight says. */
  weighted<K extends string>(name: string, weights: Readonly<Partial<Record<K, number>>>): K {
    const entries = Object.entries(weights) as [K, number][];
    let left = this.of(name) * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of entries) {
      left -= weight;
      if (left < 0) {
        return key;
      }
    }
    const last = entries.at(-1);
    if (last === undefined) {
      throw new Error(`${name}: nothing to choose from`);
    }
    return last[0];
  }
}
