/** Tells listeners which approval changed; `undefined` = look at everything again. */
export class Changes {
  readonly #listeners = new Set<(id: string | undefined) => void>();

  listen(listener: (id: string | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(id: string | undefined): void {
    for (const listener of [...this.#listeners]) listener(id);
  }
}
