/** Which pairs of state, event and fault histories have met, so that what is never reached is noticed. */
export class Coverage {
  readonly #counts = new Map<string, number>();

  met(state: string, event: string, fault: string): void {
    const key = `${state} × ${event} × ${fault}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  add(counts: Readonly<Record<string, number>>): void {
    for (const [key, count] of Object.entries(counts)) {
      this.#counts.set(key, (this.#counts.get(key) ?? 0) + count);
    }
  }

  counts(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort());
  }
}
