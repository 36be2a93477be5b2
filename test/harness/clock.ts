import type { Clock } from "../../functions/gate/ports/index.ts";

export const START_MS = Date.parse("2026-11-23T10:00:00.000Z");

/** Time that only moves when a test says so. */
export class VirtualClock implements Clock {
  nowMs = START_MS;
  now = (): number => this.nowMs;
  advance(ms: number): void {
    this.nowMs += ms;
  }
}
