import { randomBytes } from "node:crypto";
import { EXPIRY_APPROVAL, HOURLY_LIMIT, LOOP_PROTECTION, callbackBody } from "./approval.ts";
import type { Approval } from "./approval.ts";
import type { Changes } from "./changes.ts";
import type { Faults } from "./faults.ts";
import type { Holds } from "./holds.ts";
import type { JsonObject } from "./parse.ts";
import { findRule } from "./rules.ts";
import { DEFAULT_SETTINGS, settingsSchema, withChanges } from "./settings.ts";
import type { Settings } from "./settings.ts";
import type { Store } from "./store.ts";
import type { Submission } from "./submission.ts";

const HOUR_MS = 60 * 60 * 1000;
/** A callback that is to come after the next one goes out anyway when no next one comes. */
const HELD_AT_MOST_MS = 30_000;

/** A reviewer's answer. */
export interface ReviewerDecision {
  decision: "approved" | "rejected";
  note: string | null;
  modifiedDetails: JsonObject | null;
}

/** `conflict`: it was decided the other way before. */
export type DecideResult =
  { kind: "decided" | "repeated" | "conflict"; approval: Approval } | { kind: "unknown" };

type Verdict = Pick<Approval, "status" | "decidedBy"> &
  Partial<
    Pick<
      Approval,
      "autoDecided" | "autoDecisionRuleName" | "decisionNote" | "modifiedDetails" | "retryable"
    >
  >;

interface DeskParts {
  store: Store;
  clock: { now(): number };
  changes: Changes;
  holds: Holds;
  faults: Faults;
  /** Settings that the caller stated; they win over the stored ones at the start. */
  stated: Partial<Settings>;
  /** Called when a callback was put down for delivery. */
  onCallback: () => void;
}

/** Takes requests in, decides them by rules, limits and time, and takes the reviewer's answers. */
export class Desk {
  readonly #parts: DeskParts;
  #settings: Settings;

  constructor(parts: DeskParts) {
    this.#parts = parts;
    const stored = parts.store.meta("settings");
    const base = stored === undefined ? DEFAULT_SETTINGS : readSettings(stored);
    this.#settings = withChanges(base, parts.stated);
  }

  get settings(): Settings {
    return this.#settings;
  }

  change(settings: { [K in keyof Settings]?: Settings[K] | undefined }): void {
    this.#settings = withChanges(this.#settings, settings);
    this.#parts.store.setMeta("settings", JSON.stringify(this.#settings));
    this.expireDue();
  }

  /** Forgets every request, callback and rule, and goes back to the settings of the start. */
  reset(): void {
    const { store, stated, changes } = this.#parts;
    this.#settings = withChanges(DEFAULT_SETTINGS, stated);
    store.transaction(() => {
      store.removeEverything();
      store.setMeta("settings", JSON.stringify(this.#settings));
    });
    changes.tell(undefined);
  }

  /** Takes a request in. It may come back decided; then no callback follows. */
  submit(asked: Submission): Approval {
    const { store, clock, changes } = this.#parts;
    const { fingerprint, maxWaitMs: _maxWaitMs, ...fields } = asked;
    const pending: Approval = {
      ...fields,
      id: `req_${randomBytes(12).toString("hex")}`,
      createdAtMs: clock.now(),
      status: "PENDING",
      modifiedDetails: null,
      decisionNote: null,
      autoDecided: false,
      autoDecisionRuleName: null,
      decidedBy: null,
      decidedAtMs: null,
      retryable: false,
    };
    const approval = store.transaction(() => {
      const verdict = this.#atOnce(asked, pending.createdAtMs);
      const taken = verdict === undefined ? pending : this.#with(pending, verdict);
      store.addApproval(taken, fingerprint);
      return taken;
    });
    changes.tell(approval.id);
    return approval;
  }

  get(id: string): Approval | undefined {
    this.expireDue();
    return this.#parts.store.approval(id);
  }

  /** Newest first. */
  list(statuses: readonly Approval["status"][], limit: number): Approval[] {
    this.expireDue();
    return this.#parts.store.approvals(statuses, limit);
  }

  /** Resolves when the request is decided, or after `ms`, with what is then known of it. */
  async decidedWithin(approval: Approval, ms: number): Promise<Approval> {
    if (approval.status !== "PENDING") return approval;
    const { changes, holds } = this.#parts;
    await holds.wait(ms, (end) =>
      changes.listen((id) => {
        if (this.get(approval.id)?.status !== "PENDING" || id === undefined) end();
      }),
    );
    return this.get(approval.id) ?? approval;
  }

  /** Takes a reviewer's answer; only the first one counts. */
  decide(id: string, answer: ReviewerDecision): DecideResult {
    this.expireDue();
    const approval = this.#parts.store.approval(id);
    if (approval === undefined) return { kind: "unknown" };
    const status = answer.decision === "approved" ? "APPROVED" : "REJECTED";
    if (approval.status !== "PENDING") {
      return { kind: approval.status === status ? "repeated" : "conflict", approval };
    }
    const decided = this.#settle(approval, {
      status,
      decidedBy: "human",
      decisionNote: answer.note,
      modifiedDetails: answer.modifiedDetails,
    });
    return { kind: "decided", approval: decided };
  }

  /** Decides what has waited too long. */
  expireDue(): void {
    const { store, clock } = this.#parts;
    const now = clock.now();
    const { expireAfterMs, onExpiry, expiryIsAutoDecided } = this.#settings;
    const oldestMs = expireAfterMs === null ? null : now - expireAfterMs;
    for (const approval of store.duePending(oldestMs, now)) {
      const approve = (approval.onExpiry ?? onExpiry) === "approve";
      this.#settle(approval, {
        status: approve ? "APPROVED" : "REJECTED",
        decidedBy: "expiry",
        autoDecided: approve || expiryIsAutoDecided,
        autoDecisionRuleName: approve ? EXPIRY_APPROVAL : null,
        retryable: !approve,
      });
    }
  }

  #atOnce(asked: Submission, now: number): Verdict | undefined {
    const { store } = this.#parts;
    const { loopWindowMs, maxRequestsHour } = this.#settings;
    const last = store.lastIdentical(asked.fingerprint);
    if (last !== null && now - last < loopWindowMs) {
      return refusal(LOOP_PROTECTION);
    }
    if (maxRequestsHour !== null && store.countSince(now - HOUR_MS) >= maxRequestsHour) {
      return refusal(HOURLY_LIMIT);
    }
    const rule = findRule(store.rules(), asked);
    if (rule === undefined) return undefined;
    return {
      status: rule.decision === "approve" ? "APPROVED" : "REJECTED",
      decidedBy: "rule",
      autoDecided: true,
      autoDecisionRuleName: rule.name,
      decisionNote: rule.note ?? null,
    };
  }

  /** Writes the decision and, with it, the callback that it owes. */
  #settle(approval: Approval, verdict: Verdict): Approval {
    const { store, changes, onCallback } = this.#parts;
    const decided = this.#with(approval, verdict);
    store.transaction(() => {
      store.updateApproval(decided);
      if (decided.callbackUrl !== null) this.#owe(decided, decided.callbackUrl);
    });
    changes.tell(decided.id);
    if (decided.callbackUrl !== null) onCallback();
    return decided;
  }

  #owe(approval: Approval, url: string): void {
    const { store, faults, clock } = this.#parts;
    const fault = faults.takeForCallback();
    const held = fault?.reorder ?? false;
    const callback = {
      approvalId: approval.id,
      url,
      body: fault?.body ?? callbackBody(approval),
      state: fault?.drop ? "dropped" : "waiting",
      held,
      dueAtMs: clock.now() + (fault?.delayMs ?? 0) + (held ? HELD_AT_MOST_MS : 0),
      attempts: [],
    } as const;
    store.addCallback({ ...callback, attempts: [] });
    if (fault?.duplicate) store.addCallback({ ...callback, attempts: [] });
  }

  #with(approval: Approval, verdict: Verdict): Approval {
    return { ...approval, ...verdict, decidedAtMs: this.#parts.clock.now() };
  }
}

function refusal(ruleName: string): Verdict {
  return {
    status: "REJECTED",
    decidedBy: "limit",
    autoDecided: true,
    autoDecisionRuleName: ruleName,
  };
}

/** Stored settings of an older version may lack fields or hold others. */
function readSettings(stored: string): Settings {
  const parsed = settingsSchema.partial().safeParse(JSON.parse(stored));
  return parsed.success ? withChanges(DEFAULT_SETTINGS, parsed.data) : DEFAULT_SETTINGS;
}
