import type { DecidedBy } from "../../functions/gate/proposal/proposal.ts";
import type { Fault } from "./engine/faults.ts";
import type { SimGating } from "./world/gatings.ts";
import type { Kept } from "./world/vault.ts";

/** Something that somebody does. */
export type Deed =
  | {
      kind: "propose";
      proposer: string;
      channel: "api" | "orchestration";
      service: string;
      runbook: string;
      incident: string;
      parameters: Readonly<Record<string, unknown>>;
      idempotencyKey: string | null;
      /** What an agent would like the card to say. */
      summary?: string;
    }
  | { kind: "open"; incident: string; service: string }
  | { kind: "resolve" | "reopen" | "acknowledge"; incident: string }
  | { kind: "move"; incident: string; to: string }
  | { kind: "merge"; incident: string; into: string }
  | { kind: "rename"; service: string; to: string }
  | { kind: "handRun"; incident: string; target: string }
  | { kind: "writeField"; incident: string; value: number }
  /** For everything, or only for a service, a runbook, or a runbook of a service. */
  | { kind: "killSwitch"; on: boolean; service?: string; runbook?: string }
  | { kind: "gating"; service: string; to: SimGating }
  | { kind: "jump"; machine: number; ms: number }
  /** To the token of the open request that comes so many-th; where nothing is told, to one that nobody has. */
  | {
      kind: "forgeCallback";
      how?: "unknown" | "unsigned" | "badlySigned" | "replayed";
      of?: number;
    }
  | { kind: "forgeWebhook"; incident: string }
  /** Into the ledger: a decision by so and so, or the approval of another one, in the so many-th that waits. */
  | { kind: "forgeRecord"; what: DecidedBy | "approval"; of: number }
  /** The so many-th proposal that was accepted is taken back. */
  | { kind: "withdraw"; by: "proposer" | "stranger" | "operator"; of: number }
  /** A new one is issued, kept after so long, and the one before revoked after so long; where nothing is told, the webhook's. */
  | { kind: "rotate"; what?: Kept; keptAfterMs?: number; revokedAfterMs?: number };

/** Every kind of deed, so that what no history does is noticed. */
export const DEEDS = Object.keys({
  propose: true,
  open: true,
  resolve: true,
  reopen: true,
  acknowledge: true,
  move: true,
  merge: true,
  rename: true,
  handRun: true,
  writeField: true,
  killSwitch: true,
  gating: true,
  jump: true,
  forgeCallback: true,
  forgeWebhook: true,
  forgeRecord: true,
  withdraw: true,
  rotate: true,
} satisfies Record<Deed["kind"], true>);

export interface Act {
  id: string;
  /** At a time from the start, or when a place is passed for the n-th time. */
  when: { afterMs: number } | { place: string; nth: number };
  deed: Deed;
}

/** A history before it is played: everything that is not the gate's doing. */
export interface Plan {
  seed: number;
  ledger: "sqlite" | "dynamo";
  /** From when on it is played; where it is not told, ten o'clock. */
  startMs?: number;
  skewsMs: number[];
  sweepEveryMs: number;
  gatings: Record<string, SimGating>;
  acts: Act[];
  rates: Partial<Record<Fault, number>>;
  mostFaults: number;
  /** While the other side answers nothing, or only that it is not there. */
  outages?: { remote: "pagerduty" | "cheqpoint"; fromMs: number; toMs: number; hangs: boolean }[];
  /** Faults that do not happen, while a failing history is shrunk. */
  leftOut: string[];
}

const MINUTE_MS = 60_000;
/** Nobody begins anything after that, and nothing goes wrong any more. */
export const CALM_AFTER_MS = 5 * MINUTE_MS;
