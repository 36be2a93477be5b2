import assert from "node:assert/strict";
import { gatingHash, parseServiceGating } from "../../../functions/gate/gating/index.ts";
import { nextStep } from "../../../functions/gate/lifecycle/index.ts";
import type { Change, Effect, Known, Look, Step } from "../../../functions/gate/lifecycle/known.ts";
import { applyResult, type EffectResult } from "../../../functions/gate/lifecycle/results.ts";
import type {
  ApprovalReading,
  Hint,
  Holder,
  No,
  StoredGating,
} from "../../../functions/gate/ports/index.ts";
import { newProposal } from "../../../functions/gate/proposal/intake.ts";
import type {
  Incident,
  Proposal,
  ProposalRequest,
} from "../../../functions/gate/proposal/proposal.ts";
import { START_MS } from "../../harness/clock.ts";
import { gatingOf } from "../../harness/gating.ts";

const SETTINGS = { leaseMs: 30_000, settleMs: 60_000 };
export const SLA_MS = 5 * 60_000;

export const INCIDENT: Incident = {
  id: "PINC1",
  number: 4421,
  title: "primary unreachable",
  status: "triggered",
  url: null,
  priority: "P2",
  urgency: "high",
  serviceId: "PSVC001",
  serviceName: "payments-db",
  escalationPolicyId: "PEP0001",
  assigneeIds: [],
  incidentKey: null,
  createdAtMs: START_MS,
};

/** Gating of payments-db whose one rule has these terms. */
export function storedBy(rule: object = {}, more: object = {}): StoredGating {
  const { services } = gatingOf({ ...rule }, { ...more }) as { services: Record<string, unknown> };
  const gating = parseServiceGating("payments-db", services["payments-db"]);
  const seen = [{ name: "gating", version: "1" }];
  return { key: "payments-db", listed: true, hash: gatingHash(gating), gating, seen };
}

/** One proposal and what the lifecycle may look at, each to be changed by a test. */
export class Bench {
  nowMs = START_MS;
  incident: Incident | null = INCIDENT;
  gating: StoredGating;
  killSwitch = false;
  no: No | null = null;
  /** By Cheqpoint's id; null: it knows none. An absent one cannot be read. */
  readonly approvals: Record<string, ApprovalReading | null> = {};
  hints: Hint[] = [];
  holders: { key: string; holder: Holder }[] = [];
  taken: (number | null)[] = [];
  /** What is known besides. */
  more: Partial<Known> = {};
  proposal: Proposal;
  #submissions = 0;

  constructor(rule: object = {}, request: Partial<ProposalRequest> = {}, more: object = {}) {
    this.gating = storedBy(rule, more);
    this.proposal = newProposal({
      id: "prop_1",
      source: { kind: "api" },
      proposer: "agent",
      request: {
        runbook: "failover",
        service: "payments-db",
        incidentId: "PINC1",
        alertKey: null,
        parameters: {},
        justification: "lag",
        evidence: [],
        severity: null,
        regions: [],
        summary: null,
        ...request,
      },
      nowMs: START_MS,
    }).proposal;
  }

  /** The next step, with everything looked at that it asks for. */
  step(more: Partial<Known> = {}): Exclude<Step, { kind: "look" }> {
    let known: Known = {
      nowMs: this.nowMs,
      settings: SETTINGS,
      hints: this.hints,
      fresh: {
        attemptId: `att_${this.#submissions + 1}`,
        tokenHash: `hash_${this.#submissions + 1}`,
      },
      ...this.more,
      ...more,
    };
    for (let looks = 0; looks < 12; looks += 1) {
      const step = nextStep(this.proposal, known);
      if (step.kind !== "look") {
        return step;
      }
      known = { ...known, ...this.#see(step.look) };
    }
    throw new Error("it asks in a circle");
  }

  /** Writes what a step says. */
  write({ next, options }: Change): void {
    this.proposal = next;
    this.hints = this.hints.filter(({ id }) => options?.consume?.includes(id) !== true);
  }

  save(): Extract<Step, { kind: "save" }> {
    const step = this.step();
    assert.ok(step.kind === "save", `it does not save, but ${step.kind}`);
    this.write(step);
    return step;
  }

  claim(): Extract<Step, { kind: "effect" }> {
    const step = this.step();
    assert.ok(step.kind === "effect", `it does nothing, but ${step.kind}`);
    this.write(step);
    return step;
  }

  answer(effect: Effect, result: EffectResult): Change {
    const change = applyResult(this.proposal, effect, result, this.nowMs);
    this.write(change);
    return change;
  }

  /** Submits a request, which Cheqpoint keeps as `req_1`, `req_2` … */
  ask(status: "pending" | "decided" = "pending"): string {
    const { effect } = this.claim();
    assert.ok(effect.kind === "submit");
    this.#submissions += 1;
    const approvalId = `req_${this.#submissions}`;
    this.approvals[approvalId] = readingOf(approvalId, effect.request.details);
    this.answer(effect, {
      ok: true,
      kind: "submit",
      receipt: { approvalId, reviewUrl: null, status },
    });
    return approvalId;
  }

  /** Weighed, asked, and not decided. */
  asked(): this {
    this.save();
    this.ask();
    return this;
  }

  decide(id: string, change: Partial<ApprovalReading>): void {
    const reading = this.approvals[id];
    assert.ok(reading !== null && reading !== undefined);
    this.approvals[id] = { ...reading, decidedAtMs: this.nowMs, ...change };
  }

  /** Approved by a human ten seconds after it was asked. */
  approved(change: Partial<ApprovalReading> = {}): this {
    this.asked();
    this.nowMs += 10_000;
    this.decide("req_1", { status: "APPROVED", ...change });
    this.save();
    assert.equal(this.proposal.decision?.outcome, "approved");
    return this;
  }

  hint(kind: Hint["kind"], data: Hint["data"] = {}): void {
    this.hints = [...this.hints, { id: `hint-${this.hints.length}`, kind, atMs: this.nowMs, data }];
  }

  #see(look: Look): Partial<Known> {
    switch (look.at) {
      case "gating":
        return { gating: { ok: true, value: this.gating } };
      case "incident":
        return { incident: { ok: true, value: this.incident } };
      case "approvals":
        return {
          approvals: Object.fromEntries(
            look.ids.map((id) => {
              const value = this.approvals[id];
              return [
                id,
                value === undefined ? { ok: false, problem: "not read" } : { ok: true, value },
              ];
            }),
          ),
        };
      case "several":
        return Object.assign({}, ...look.looks.map((one) => this.#see(one))) as Partial<Known>;
      case "killSwitch":
        return { killSwitch: { on: this.killSwitch, reason: null, by: null, atMs: START_MS } };
      case "places":
        return { places: Object.fromEntries(look.keys.map((key) => [key, this.taken])) };
      case "others":
        return { others: { open: [], rejected: [] } };
      case "holders":
        return { holders: this.holders };
      case "lastNo":
        return { lastNo: { no: this.no, seen: { name: look.name, version: "7" } } };
      case "trace":
        return { trace: { duty: look.duty, found: { ok: true, value: null } } };
      default:
        throw new Error(`nobody expects a look at ${look.at}`);
    }
  }
}

/** The end that a step writes; null: it ends nothing. */
export function endOf(step: Step): string | null {
  const outcome = step.kind === "save" ? step.next.outcome : null;
  return outcome === null ? null : `${outcome.kind} ${outcome.reason}`;
}

function readingOf(id: string, details: ApprovalReading["details"]): ApprovalReading {
  return {
    id,
    status: "PENDING",
    details,
    modifiedDetails: null,
    notes: [],
    reasonCode: null,
    autoDecided: false,
    autoDecisionRuleName: null,
    decidedAtMs: null,
    retryable: false,
  };
}
