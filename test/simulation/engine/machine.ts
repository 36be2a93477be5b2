import type { Kernel } from "./kernel.ts";

/** One instance of the gate: a process with a clock of its own, which may stand still or end at any moment. */
export class Machine {
  readonly name: string;
  readonly #kernel: Kernel;
  isAlive = true;
  frozenUntilMs = 0;
  /** How far its clock is ahead of the true time. */
  skewMs: number;
  /** Tasks that it has begun and not ended. */
  busy = 0;

  constructor(kernel: Kernel, name: string, skewMs: number) {
    this.#kernel = kernel;
    this.name = name;
    this.skewMs = skewMs;
  }

  get isUp(): boolean {
    return this.isAlive && this.frozenUntilMs <= this.#kernel.nowMs;
  }

  /** By its own clock. */
  now(): number {
    return Math.floor(this.#kernel.nowMs + this.skewMs);
  }

  freeze(ms: number): void {
    this.frozenUntilMs = Math.max(this.frozenUntilMs, this.#kernel.nowMs + ms);
  }

  crash(): void {
    this.isAlive = false;
  }

  /** Now; once it has thawed; never when it has ended by then. */
  goOn(run: () => void): void {
    if (!this.isAlive) {
      return;
    }
    if (this.frozenUntilMs > this.#kernel.nowMs) {
      this.#kernel.at(this.frozenUntilMs, () => this.goOn(run));
      return;
    }
    run();
  }
}
