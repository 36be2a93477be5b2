import * as z from "zod";
import type { Chance } from "../engine/chance.ts";
import type { Kernel } from "../engine/kernel.ts";
import type { Asked, SimCheqpoint } from "../world/cheqpoint.ts";

const cardShape = z.object({ decide_by: z.string() });

const EITHER = ["APPROVED", "REJECTED"] as const;

/** How long a reviewer may take to come. */
const SOON_MS = [900, 2_500, 6_000, 9_000, 16_000, 30_000] as const;

/**
 * People before the inbox, and what decides there without people. Each request meets one of a few: who decides at once,
 * just before the deadline or after it, who clicks twice, changes their mind on the second request of a proposal, edits.
 */
export function reviewers(
  cheqpoint: SimCheqpoint,
  kernel: Kernel,
  chance: Chance,
  tell: (text: () => string) => void,
): void {
  const seen = new Map<string, Asked[]>();

  cheqpoint.atOnce = (asked) => {
    const earlier = cheqpoint.asked.filter((one) => one !== asked && one.item === asked.item);
    const key = `card ${asked.item} ${earlier.length + 1}`;
    const isRepeat = earlier.some(({ atMs }) => kernel.nowMs - atMs < 40_000);
    if (isRepeat && chance.happens(`${key} loop`, 0.15)) {
      return { status: "REJECTED", by: "loopProtection", note: null, modified: null };
    }
    if (chance.happens(`${key} rule`, 0.05)) {
      const status = chance.pick(`${key} rule says`, EITHER);
      return { status, by: "rule", note: null, modified: null };
    }
    return null;
  };

  cheqpoint.onAsked = (asked) => {
    const cards = seen.get(asked.item) ?? [];
    cards.push(asked);
    seen.set(asked.item, cards);
    const key = `card ${asked.item} ${cards.length}`;
    const kind = chance.weighted(key, {
      yes: 0.54,
      no: 0.2,
      edit: 0.08,
      hidden: 0.02,
      silent: 0.12,
      system: 0.04,
    });
    const { decide_by: decideBy } = cardShape.parse(asked.details);
    const decideByMs = Date.parse(decideBy);
    const leftMs = Number.isNaN(decideByMs) ? 60_000 : decideByMs - kernel.nowMs;
    const afterMs = chance.happens(`${key} near the deadline`, 0.2)
      ? Math.max(500, leftMs + chance.pick(`${key} how near`, [-4_000, -600, 700, 3_000, 20_000]))
      : chance.pick(`${key} after`, SOON_MS);
    const say = (said: Parameters<SimCheqpoint["decide"]>[1]): void => {
      if (cheqpoint.decide(asked, said)) {
        tell(
          () =>
            `reviewer: ${said.status} by ${said.by} to ${asked.id} of ${asked.item} ${JSON.stringify(said.modified ?? "")}`,
        );
      }
    };
    const yes = (modified: Record<string, unknown> | null): void =>
      say({ status: "APPROVED", by: "human", note: null, modified });
    kernel.after(afterMs, () => {
      switch (kind) {
        case "yes":
          yes(null);
          break;
        case "no":
          say({
            status: "REJECTED",
            by: "human",
            note: chance.happens(`${key} note`, 0.6) ? "No. The replica lags." : null,
            modified: null,
          });
          break;
        case "edit":
          yes({ max_replicas: chance.between(`${key} edit`, 1, 6) });
          break;
        case "hidden":
          yes({ service: "another" });
          break;
        case "system":
          say({ status: "REJECTED", by: "system", note: null, modified: null });
          break;
        case "silent":
          break;
      }
      // Whoever sees two cards of one proposal answers both, now and then in two ways.
      for (const other of cards.filter((one) => one !== asked && one.answered === null)) {
        if (chance.happens(`${key} also ${other.id}`, 0.4)) {
          const status = chance.pick(`${key} says ${other.id}`, EITHER);
          kernel.after(chance.pick(`${key} later`, [300, 4_000, 25_000]), () => {
            if (cheqpoint.decide(other, { status, by: "human", note: null, modified: null })) {
              tell(() => `reviewer: ${status} to the other card ${other.id} of ${other.item}`);
            }
          });
        }
      }
    });
  };
}
