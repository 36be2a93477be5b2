/** A row of numbers that looks like chance and is always the same for one seed and case (SFC32). */
export class Dice {
  #a: number;
  #b: number;
  #c: number;
  #count = 1;

  constructor(seed: number, index: number) {
    this.#a = seed | 0;
    this.#b = index | 0;
    this.#c = Math.floor(index / 2 ** 32) | 0x5bd1e995;
    for (let i = 0; i < 12; i += 1) {
      this.next();
    }
  }

  /** From 0 up to, but not, 2^32. */
  next(): number {
    const sum = (this.#a + this.#b + this.#count) | 0;
    this.#count = (this.#count + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return sum >>> 0;
  }

  below(limit: number): number {
    return this.next() % limit;
  }

  /** One time out of so many. */
  once(outOf: number): boolean {
    return this.below(outOf) === 0;
  }

  pick<T>(list: readonly T[]): T {
    const found = list[this.below(list.length)];
    if (found === undefined) {
      throw new Error("nothing to pick from");
    }
    return found;
  }
}
