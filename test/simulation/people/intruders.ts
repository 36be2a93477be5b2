import { createHmac } from "node:crypto";
import { chainFacts } from "../../../functions/gate/proposal/audit.ts";
import type { Decision, Proposal } from "../../../functions/gate/proposal/proposal.ts";
import type { Kernel } from "../engine/kernel.ts";
import type { Deed } from "../plan.ts";
import type { Asked, SimCheqpoint } from "../world/cheqpoint.ts";
import { PUBLIC_URL, type SimGate } from "../world/gate.ts";
import type { SimStore } from "../world/store.ts";
import type { SimVault } from "../world/vault.ts";

type Forgery = Extract<Deed, { kind: "forgeCallback" | "forgeRecord" }>;

interface Parts {
  kernel: Kernel;
  gate: SimGate;
  cheqpoint: SimCheqpoint;
  store: SimStore;
  vault: SimVault;
  tell: (text: () => string) => void;
}

/** A token that nobody was ever given. */
const NO_TOKEN = "token_that_nobody_was_ever_given_1";

/** Those who are somewhere where they must not be: before the callback's door, or in the ledger. */
export class Intruders {
  readonly #parts: Parts;
  /** What must be refused, and how it was answered; null: not at all. */
  readonly knocks: { what: string; status: number | null }[] = [];
  /** Proposals whose record somebody changed. */
  readonly forged = new Set<string>();
  /** What Cheqpoint sent last, as it was sent. */
  lastCallback: { body: string; signature: string } | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async do(id: string, deed: Forgery): Promise<void> {
    return deed.kind === "forgeCallback" ? this.#callBack(id, deed) : this.#write(deed);
  }

  async #callBack(
    id: string,
    { how = "unknown", of = 0 }: Extract<Deed, { kind: "forgeCallback" }>,
  ): Promise<void> {
    const { cheqpoint, gate } = this.#parts;
    const open = cheqpoint.asked.filter(({ answered }) => answered === null);
    const token = tokenOf(open[of % Math.max(open.length, 1)] ?? cheqpoint.asked.at(-1));
    const isUnknown = how === "unknown" || token === null;
    const body = how === "replayed" ? this.lastCallback?.body : '{"status":"APPROVED"}';
    const signature =
      how === "badlySigned"
        ? createHmac("sha256", "not-the-secret").update("{}").digest("hex")
        : how === "replayed"
          ? this.lastCallback?.signature
          : undefined;
    if (body === undefined) {
      return;
    }
    const answer = await gate.http(id, {
      method: "POST",
      route: "POST /cheqpoint/callback/{token}",
      path: "/cheqpoint/callback/x",
      params: { token: isUnknown ? NO_TOKEN : token },
      ...(signature === undefined ? {} : { headers: { "x-cheqpoint-signature": signature } }),
      body,
    });
    if (isUnknown || how === "badlySigned") {
      this.knocks.push({
        what: `${id}: a callback that is ${how}`,
        status: answer?.status ?? null,
      });
    }
  }

  /** Straight into the store, past the gate, as whoever has its credentials may. */
  async #write({ what, of }: Extract<Deed, { kind: "forgeRecord" }>): Promise<void> {
    const { kernel, store, tell } = this.#parts;
    const { proposals } = await store.plain.list({ open: true, limit: 50 });
    const waiting = proposals.filter(({ decision, approval }) => decision === null && approval);
    const found = waiting[of % Math.max(waiting.length, 1)];
    const changed = found === undefined ? null : this.#changed(found, what);
    if (found === undefined || changed === null) {
      return;
    }
    const facts = [{ type: "decision.approved", data: { by: "human" } }];
    const events = chainFacts(found.id, found.audit, facts, kernel.nowMs);
    const last = events.at(-1);
    const saved = await store.plain.save(
      {
        ...changed,
        version: found.version + 1,
        dueAtMs: kernel.nowMs,
        audit: last === undefined ? found.audit : { seq: last.seq, head: last.hash },
      },
      events,
    );
    tell(() => `!! somebody wrote ${what} into ${found.id}: ${saved}`);
    if (saved === "saved") {
      this.forged.add(found.id);
    }
  }

  #changed(proposal: Proposal, what: Decision["by"] | "approval"): Proposal | null {
    const { kernel, cheqpoint } = this.#parts;
    const { approval, weighing, digest } = proposal;
    if (approval === null || weighing === null || digest === null) {
      return null;
    }
    if (what !== "approval") {
      const decision: Decision = {
        outcome: "approved",
        by: what,
        rule: null,
        note: null,
        atMs: kernel.nowMs,
        validUntilMs: kernel.nowMs + 300_000,
        parameters: weighing.parameters,
        changed: [],
        digest,
      };
      return { ...proposal, decision };
    }
    // What somebody approved, but for another one.
    const other = cheqpoint.asked.find(
      ({ item, answered }) => item !== proposal.id && answered?.status === "APPROVED",
    );
    const attempts = approval.attempts.map((one) => ({
      ...one,
      state: "submitted" as const,
      approvalId: other?.id ?? "req_0",
    }));
    return { ...proposal, approval: { ...approval, attempts, nextReadAtMs: kernel.nowMs } };
  }
}

function tokenOf(asked: Asked | undefined): string | null {
  return asked?.callbackUrl?.slice(`${PUBLIC_URL}/cheqpoint/callback/`.length) ?? null;
}
