import assert from "node:assert/strict";
import { newProposal } from "../../functions/gate/proposal/intake.ts";
import { gatingHash, parseServiceGating } from "../../functions/gate/gating/index.ts";
import type { ServiceGating } from "../../functions/gate/gating/index.ts";
import type {
  Change,
  Effect,
  Known,
  Look,
  Looked,
  Step,
} from "../../functions/gate/lifecycle/known.ts";
import { nextStep } from "../../functions/gate/lifecycle/index.ts";
import type {
  ApprovalReading,
  Collection,
  Hint,
  No,
  Order,
  SaveOptions,
  Seen,
  StoredGating,
} from "../../functions/gate/ports/index.ts";
import { RemoteError } from "../../functions/gate/ports/index.ts";
import type { Incident, Proposal } from "../../functions/gate/proposal/proposal.ts";
import { applyResult, type EffectResult } from "../../functions/gate/lifecycle/results.ts";
import { joinedNo } from "../../functions/gate/ledger/noes.ts";
import { START_MS } from "./clock.ts";
import { gatingOf } from "./gating.ts";

/**
 * The world around one proposal, as facts: what PagerDuty did, what a reviewer said, what is forbidden. It knows nothing
 * of the lifecycle's own states, so that the two can be held against each other.
 */
export interface Facts {
  approvals: Asked[];
  submissions: number;
  incident: "open" | "resolved" | "merged" | "moved" | "gone";
  killSwitch: boolean;
  /** `stricter`: only what a human approved as it was asked may run. */
  gating: "asWeighed" | "denies" | "otherTarget" | "stricter";
  /** Until when the brakes have no place. */
  fullUntilMs: number;
  /** What the ledger keeps of noes to this very thing, this proposal's own among them. */
  no: No | null;
  /** When a reviewer said no to another proposal of the same thing. */
  siblingNoAtMs: number | null;
  /** Another proposal on the incident. */
  others: Others;
  /** What really ran; `own`: the gate sent it for this proposal. */
  runs: Run[];
  /** Services on which there is a manual task. */
  tasks: string[];
  /** What the ledger has of the task that collects; null: nothing yet. */
  collection: Collection | null;
  /** How often PagerDuty refused to make one for good. */
  taskRefusals: number;
  pages: number;
  openPages: number;
  notes: string[];
  /** An incident hint or a workflow event that PagerDuty sends. */
  reassigned: boolean;
}

interface Run {
  id: string;
  atMs: number;
  own: boolean;
  ends: "completed" | "error" | "stuck";
  /** The gate sent it for another proposal; `unseen`: the ledger knows that, and a look of a moment ago does not. */
  isOthers?: "seen" | "unseen";
}

/** One request in the reviewer's inbox. */
interface Asked {
  id: string;
  reading: ApprovalReading;
  gone: boolean;
}

export interface Sim {
  proposal: Proposal;
  nowMs: number;
  hints: Hint[];
  facts: Facts;
  /** Effects that were done and whose answer has not come back yet. */
  late: { effect: Effect; result: EffectResult }[];
  /** What PagerDuty was asked, gave no answer to, and may still do until then. */
  inFlight: { effect: Effect; untilMs: number }[];
  /** Whether the audit trail tells of a decision that came too late. */
  isLateTold: boolean;
  /** How many more things may go wrong. */
  faults: number;
  /** How many more times somebody may do something. */
  events: number;
}

export interface Move {
  name: string;
  to: Sim;
}

export interface Scenario {
  name: string;
  runbook: "failover" | "workflow" | "handover";
  rule: Record<string, unknown>;
  /** Service that the gating wants manual tasks on. */
  taskService?: string;
  /** The rule permits it without anybody. */
  isAllowed?: boolean;
  approvesOnExpiry?: boolean;
  acceptsRules?: boolean;
  /** How the task stands that collects ends of this kind; absent: there was none yet. */
  collecting?: "open" | "resolved";
  /** Cheqpoint takes no request. */
  isInboxDown?: boolean;
  /** Who proposes; by an alert's key its incident is not there yet. Absent: an agent, for an incident. */
  source?: "event" | "alert";
  /** Which of these may happen, besides what a human decides; absent: everything but what others do. */
  parts?: readonly Part[];
  faults: number;
  events: number;
}

/** What may happen, in groups of which each is played with each other one. */
export type Part = "other proposal" | "equal proposal" | "gating" | "noes" | "edits" | "incident";
const BY_HUMAN = ["approved", "rejected"];

const TELLS_LATE = ["decision.late", "decision.overruled"];
const SLA_MS = 120_000;
const VALID_MS = 60_000;
const COOL_DOWN_MS = 30 * 60_000;
/** A brake that is full for less than an approval is good, and for longer. */
const FULL_FOR_MS = [20_000, 3_600_000];
const SETTINGS = { leaseMs: 30_000, settleMs: 60_000 };

const OPEN: Incident = {
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
  createdAtMs: START_MS - 60_000,
};

function storedGating(rule: Record<string, unknown>, more: Record<string, unknown>): StoredGating {
  const services = (gatingOf(rule, more) as { services: Record<string, unknown> }).services;
  const gating = parseServiceGating("payments-db", services["payments-db"]);
  return stored(gating);
}

function stored(gating: ServiceGating): StoredGating {
  return { key: "payments-db", listed: true, hash: gatingHash(gating), gating, seen: [] };
}

/** The moves that are possible in a scenario, and what must hold after each. */
export class Simulation {
  readonly #scenario: Scenario;
  readonly #gatings: Record<Facts["gating"], StoredGating>;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    const rule = { sla: "2m", validFor: "1m", editable: ["max_replicas"], ...scenario.rule };
    if (scenario.runbook !== "failover") {
      delete (rule as Record<string, unknown>)["editable"];
    }
    const { taskService: service } = scenario;
    const now = storedGating(rule, service === undefined ? {} : { manualTask: { service } });
    const other = Object.fromEntries(
      Object.entries(now.gating.runbooks).map(([name, runbook]) => [
        name,
        { ...runbook, target: { kind: "automationAction" as const, actionId: "01OTHER" } },
      ]),
    );
    this.#gatings = {
      asWeighed: now,
      denies: storedGating({ decision: "deny" }, {}),
      stricter: storedGating(
        { sla: "2m", validFor: "1m" },
        service === undefined ? {} : { manualTask: { service } },
      ),
      otherTarget: stored({ ...now.gating, runbooks: other }),
    };
  }

  start(): Sim {
    const { proposal } = newProposal({
      id: "prop_1",
      source: this.#scenario.source === "event" ? EVENT : { kind: "api" },
      proposer: "agent",
      request: {
        runbook: this.#scenario.runbook,
        service: "payments-db",
        incidentId: this.#isByAlert() ? null : OPEN.id,
        alertKey: this.#isByAlert() ? "db-7" : null,
        parameters: {},
        justification: "CPU at 98 %",
        evidence: [],
        severity: null,
        regions: [],
        summary: null,
      },
      nowMs: START_MS,
    });
    return {
      proposal,
      nowMs: START_MS,
      hints: [],
      facts: {
        approvals: [],
        submissions: 0,
        incident: "open",
        killSwitch: false,
        gating: "asWeighed",
        fullUntilMs: 0,
        no: null,
        siblingNoAtMs: null,
        others: nothingOfOthers,
        runs: [],
        tasks: [],
        collection:
          this.#scenario.collecting === undefined
            ? null
            : { generation: 4, incidentId: "PTASK4", count: 7 },
        taskRefusals: 0,
        pages: 0,
        openPages: 0,
        notes: [],
        reassigned: false,
      },
      late: [],
      inFlight: [],
      isLateTold: false,
      faults: this.#scenario.faults,
      events: this.#scenario.events,
    };
  }

  #isByAlert(): boolean {
    return this.#scenario.source === "alert";
  }

  moves(sim: Sim): Move[] {
    return [
      ...this.#visits(sim),
      ...this.#lateAnswers(sim),
      ...this.#lateDeeds(sim),
      ...this.#happenings(sim),
    ];
  }

  // --- the worker -------------------------------------------------------------------------------------------

  #visits(sim: Sim): Move[] {
    const known: Known = {
      nowMs: sim.nowMs,
      settings: SETTINGS,
      hints: sim.hints,
      fresh: {
        attemptId: `att_${sim.facts.submissions + 1}`,
        tokenHash: `hash_${sim.facts.submissions + 1}`,
      },
    };
    return this.#resolve(sim, known, 0);
  }

  #resolve(sim: Sim, known: Known, depth: number): Move[] {
    assert.ok(depth < 12, "it asks in a circle");
    const step = nextStep(sim.proposal, known);
    switch (step.kind) {
      case "look": {
        const seen = { ...known, ...this.#see(sim, step.look) };
        const moves = this.#resolve(sim, seen, depth + 1);
        for (const one of partsOf(step.look)) {
          const bad = sim.faults === 0 ? null : blind(one);
          if (bad !== null) {
            const less = { ...sim, faults: sim.faults - 1 };
            const blinded = this.#resolve(less, { ...seen, ...bad }, depth + 1);
            moves.push(
              ...blinded.map((move) => ({ ...move, name: `blind ${one.at}, ${move.name}` })),
            );
          }
        }
        return moves;
      }
      case "rest":
        return [];
      case "wait": {
        assert.ok(step.untilMs > sim.nowMs, `it waits for ${step.untilMs - sim.nowMs} ms`);
        assert.ok(Number.isSafeInteger(step.untilMs), "it waits for ever");
        const proposal = {
          ...sim.proposal,
          version: sim.proposal.version + 1,
          dueAtMs: step.untilMs,
          lookFailures: step.lookFailures,
        };
        return [{ name: "wait", to: { ...sim, proposal, nowMs: step.untilMs } }];
      }
      case "save": {
        const refused = keptBack(sim.facts, step.options);
        return refused !== null && known.refused === undefined
          ? this.#resolve(sim, { ...known, refused }, depth + 1)
          : [{ name: namesOf(step), to: this.#write(sim, step) }];
      }
      case "effect": {
        const refused = this.#refusal(sim, step, known);
        if (refused !== null) {
          return this.#resolve(sim, { ...known, refused }, depth + 1);
        }
        if (!this.#isUnchanged(sim, step.options?.unchanged ?? [])) {
          // The store refuses it; everything is looked at anew.
          return this.#visits(sim);
        }
        const claimed = this.#write(sim, step);
        const flips: Move[] = [];
        if (step.effect.kind === "execute" && sim.events > 0) {
          // It is switched on, or the last place is taken, between the look and the write.
          const on = changed({ ...sim, events: sim.events - 1 }, { killSwitch: true });
          flips.push(...this.#resolve(on, { ...known, refused: "killSwitch" }, depth + 1));
          for (const forMs of FULL_FOR_MS) {
            const less = { ...sim, events: sim.events - 1 };
            const full = changed(less, { fullUntilMs: sim.nowMs + forMs });
            flips.push(...this.#resolve(full, { ...known, refused: "limit" }, depth + 1));
          }
          // A team writes its gating, or a reviewer says no to another proposal of the same: before the claim, or after.
          for (const [name, meanwhile] of this.#forbidding(sim)) {
            flips.push(
              ...this.#resolve(meanwhile, known, depth + 1).map((move) => ({
                ...move,
                name: `${name} before the claim, ${move.name}`,
              })),
              this.#stopped(
                sim,
                this.#write(meanwhile, step),
                step.effect,
                `${name} after the claim`,
              ),
            );
          }
          if (this.#plays("other proposal") && !sim.facts.others.has) {
            // Another proposal claims what this one shares with it, between the look and the write.
            const less = { ...sim, events: sim.events - 1 };
            const held = changed(less, { others: { ...sim.facts.others, has: true } });
            flips.push(...this.#resolve(held, { ...known, refused: "held" }, depth + 1));
          }
          const late = this.#write(on, step);
          flips.push(this.#stopped(sim, late, step.effect, "kill switch after the claim"));
        }
        return [...this.#outcomes(claimed, step.effect), ...flips];
      }
    }
  }

  #isUnchanged({ facts }: Sim, seen: readonly Seen[]): boolean {
    return seen.every(({ name, version }) =>
      name === "gating" ? version === facts.gating : version === versionOf(facts.no),
    );
  }

  /** What somebody may do while an execution is claimed and sent. */
  #forbidding(sim: Sim): [string, Sim][] {
    const less = { ...sim, events: sim.events - 1 };
    return [
      ["freeze", changed(less, { gating: "denies" })],
      ["no to the same", siblingNo(less)],
    ];
  }

  /** The last look before it is sent: what forbids it by now stops it, and nothing was done. */
  #stopped(before: Sim, claimed: Sim, effect: Effect, name: string): Move {
    let known: Known = {
      nowMs: claimed.nowMs,
      settings: SETTINGS,
      hints: [],
      fresh: { attemptId: "att", tokenHash: "hash" },
    };
    let step = nextStep(before.proposal, known);
    while (step.kind === "look") {
      known = { ...known, ...this.#see(claimed, step.look) };
      step = nextStep(before.proposal, known);
    }
    assert.ok(step.kind !== "effect", `it is sent although there was a ${name}`);
    const error = new RemoteError("not sent", { nothingDone: true, retryable: true });
    const change = applyResult(claimed.proposal, effect, { ok: false, error }, claimed.nowMs);
    return { name, to: this.#write(claimed, change) };
  }

  #refusal(
    sim: Sim,
    step: Extract<Step, { kind: "effect" }>,
    known: Known,
  ): NonNullable<Known["refused"]> | null {
    if (known.refused !== undefined) {
      return null;
    }
    const kept = keptBack(sim.facts, step.options);
    if (kept !== null) {
      return kept;
    }
    if (step.options?.requireKillSwitchOff === true && sim.facts.killSwitch) {
      return "killSwitch";
    }
    const isRun = step.effect.kind === "execute" && step.options?.reserve !== undefined;
    return isRun && sim.nowMs < sim.facts.fullUntilMs ? "limit" : null;
  }

  #write(sim: Sim, { next, options, facts }: Change): Sim {
    assert.equal(next.version, sim.proposal.version + 1, "each write is the next version");
    assertOnce(sim.proposal, next);
    const consumed = options?.consume ?? [];
    const collect = options?.collect;
    if (collect !== undefined) {
      assert.deepEqual(collect.before, sim.facts.collection, "counts on what it has not seen");
    }
    const no = options?.no;
    return {
      ...sim,
      facts: {
        ...sim.facts,
        ...(collect === undefined ? {} : { collection: collect.next }),
        ...(no === undefined
          ? {}
          : { no: joinedNo(sim.facts.no, { atMs: no.atMs, untilMs: no.untilMs }) }),
      },
      proposal: next,
      isLateTold: sim.isLateTold || facts.some(({ type }) => TELLS_LATE.includes(type)),
      hints: sim.hints.filter(({ id }) => !consumed.includes(id)),
    };
  }

  #see(sim: Sim, look: Look): Partial<Known> {
    const { facts } = sim;
    const ok = <T>(value: T): Looked<T> => ({ ok: true, value });
    switch (look.at) {
      case "gating":
        return {
          gating: ok({
            ...this.#gatings[facts.gating],
            seen: [{ name: "gating", version: facts.gating }],
          }),
        };
      case "incident":
        return { incident: ok(incidentNow(facts)) };
      case "incidentsByAlert":
        return {
          incidentsByAlert: ok(sim.nowMs < APPEARS_AT_MS ? [] : [incidentNow(facts) ?? []].flat()),
        };
      case "mergeTarget":
        return { mergeTarget: ok(null) };
      case "approvals": {
        const read = look.ids.map((id) => {
          const found = facts.approvals.find((one) => one.id === id);
          return [id, ok(found === undefined || found.gone ? null : found.reading)] as const;
        });
        return { approvals: Object.fromEntries(read) };
      }
      case "several":
        return Object.assign({}, ...look.looks.map((one) => this.#see(sim, one))) as Partial<Known>;
      case "invocation": {
        const run = facts.runs.find(({ id }) => id === look.id);
        return { invocation: ok(run === undefined ? null : invocationOf(run, sim.nowMs)) };
      }
      case "candidates":
        return {
          candidates: ok(
            facts.runs.map((run) => ({
              ...invocationOf(run, sim.nowMs),
              linkedTo: run.isOthers === "seen" ? "prop_2" : null,
              firstSeenAtMs: null,
              byGate: run.own || run.isOthers !== undefined,
            })),
          ),
        };
      case "killSwitch":
        return {
          killSwitch: { on: facts.killSwitch, reason: null, by: null, atMs: START_MS },
        };
      case "collection":
        return { collection: facts.collection };
      case "task": {
        const isOld = look.id === "PTASK4" && this.#scenario.collecting === "resolved";
        return { task: ok({ ...OPEN, id: look.id, status: isOld ? "resolved" : "triggered" }) };
      }
      case "places":
        return { places: Object.fromEntries(look.keys.map((key) => [key, placesNow(sim)])) };
      case "others":
        return { others: { open: [], rejected: [] } };
      case "holders": {
        const holder = { proposalId: "prop_2", untilMs: null };
        return { holders: facts.others.has ? look.keys.map((key) => ({ key, holder })) : [] };
      }
      case "lastNo":
        return {
          lastNo: { no: facts.no, seen: { name: look.name, version: versionOf(facts.no) } },
        };
      case "equalOpen":
        return { equalOpen: facts.others.equal === "open" ? { id: "prop_2" } : null };
      case "service":
        return { service: ok({ id: "PSVC001", name: "payments-db" }) };
      case "trace": {
        const { duty, mark } = look;
        const found =
          duty === "manualTask"
            ? facts.tasks.length > 0
            : duty === "escalation"
              ? facts.pages > 0
              : facts.notes.includes(mark);
        return { trace: { duty, found: ok(found ? `REF-${duty}` : null) } };
      }
    }
  }

  // --- effects ----------------------------------------------------------------------------------------------

  /** Everything that may become of an effect after its claim was written. */
  #outcomes(claimed: Sim, effect: Effect): Move[] {
    const done = this.#do(claimed, effect);
    const worked = successOf(effect, done.facts);
    const record = (sim: Sim, name: string, result: EffectResult): Move => {
      const change = applyResult(sim.proposal, effect, result, sim.nowMs);
      return { name: `${effect.kind} ${name}`, to: this.#write(sim, change) };
    };
    if (effect.kind === "submit" && this.#scenario.isInboxDown === true) {
      const down = new RemoteError("it is down", { nothingDone: true, retryable: true });
      return [record(claimed, "down", { ok: false, error: down })];
    }
    const moves = [record(done, "ok", worked)];
    if (claimed.faults === 0) {
      return moves;
    }
    const lessOf = (sim: Sim): Sim => ({ ...sim, faults: sim.faults - 1 });
    const undone = lessOf(claimed);
    const doneBadly = lessOf(done);
    const error = (nothingDone: boolean, retryable: boolean): EffectResult => ({
      ok: false,
      error: new RemoteError("it failed", { nothingDone, retryable }),
    });
    moves.push(
      record(refusedBy(undone, effect), "refused", error(true, false)),
      record(undone, "throttled", error(true, true)),
      record(undone, "unclear, not done", error(false, true)),
      record(doneBadly, "unclear, done", error(false, true)),
      // A conflict, a redirect: unclear, and no sign that a repetition would fare better.
      record(undone, "odd, not done", error(false, false)),
      record(doneBadly, "odd, done", error(false, false)),
      { name: `${effect.kind}, crash before`, to: undone },
      { name: `${effect.kind}, crash after`, to: doneBadly },
      {
        name: `${effect.kind}, slow`,
        to: { ...doneBadly, late: [...doneBadly.late, { effect, result: worked }] },
      },
    );
    if (effect.kind === "createIncident") {
      const untilMs = claimed.nowMs + SETTINGS.leaseMs + SETTINGS.settleMs;
      const asked = { ...undone, inFlight: [...undone.inFlight, { effect, untilMs }] };
      moves.push(record(asked, "unclear, done later", error(false, true)));
    }
    if (effect.kind === "execute") {
      moves.push({
        name: "execute, slowly refused",
        to: { ...undone, late: [...undone.late, { effect, result: error(true, true) }] },
      });
    }
    if (effect.kind === "submit") {
      moves.push(
        record(doneBadly, "without id", {
          ok: true,
          kind: "submit",
          receipt: { approvalId: null, reviewUrl: null, status: "unknown" },
        }),
      );
    }
    return moves;
  }

  #do(sim: Sim, effect: Effect): Sim {
    const { facts } = sim;
    switch (effect.kind) {
      case "submit": {
        const id = `req_${facts.submissions + 1}`;
        const reading: ApprovalReading = {
          id,
          status: "PENDING",
          details: effect.request.details,
          modifiedDetails: null,
          notes: [],
          reasonCode: null,
          autoDecided: false,
          autoDecisionRuleName: null,
          decidedAtMs: null,
          retryable: false,
        };
        return changed(sim, {
          submissions: facts.submissions + 1,
          approvals: [...facts.approvals, { id, reading, gone: false }],
        });
      }
      case "execute": {
        this.#assertPermitted(sim, effect.order);
        const own = facts.runs.filter((run) => run.own);
        assert.equal(own.length, 0, "it runs a second time");
        const run = { id: "INV1", atMs: sim.nowMs, own: true, ends: "completed" as const };
        return changed(sim, { runs: [...facts.runs, run], reassigned: true });
      }
      case "note":
        return changed(sim, { notes: [...facts.notes, markOf(effect.content)] });
      case "createIncident":
        // PagerDuty makes no second incident with the key of an open one on the same service.
        return effect.duty === "manualTask"
          ? changed(sim, { tasks: [...new Set([...facts.tasks, effect.incident.serviceId])] })
          : changed(sim, { pages: 1, openPages: 1 });
      case "resolve":
        return changed(sim, { openPages: 0 });
    }
  }

  #lateAnswers(sim: Sim): Move[] {
    return sim.late.map(({ effect, result }, index) => {
      const change = applyResult(sim.proposal, effect, result, sim.nowMs);
      const to = this.#write(sim, change);
      return {
        name: `late answer to ${effect.kind}`,
        to: { ...to, late: sim.late.filter((_, at) => at !== index) },
      };
    });
  }

  #lateDeeds(sim: Sim): Move[] {
    return sim.inFlight
      .filter(({ untilMs }) => sim.nowMs < untilMs)
      .map((deed) => ({
        name: `${deed.effect.kind} is done at last`,
        to: {
          ...this.#do(sim, deed.effect),
          inFlight: sim.inFlight.filter((one) => one !== deed),
        },
      }));
  }

  // --- what others do ---------------------------------------------------------------------------------------

  #happenings(sim: Sim): Move[] {
    const { facts, proposal } = sim;
    if (sim.events === 0) {
      return [];
    }
    const less: Sim = { ...sim, events: sim.events - 1 };
    const moves: Move[] = othersMoves(less, (part) => this.#plays(part), changed);
    if (proposal.weighing === null) {
      return moves;
    }
    for (const asked of facts.approvals.filter(({ reading }) => reading.status === "PENDING")) {
      for (const [name, change] of ANSWERS) {
        if (!BY_HUMAN.includes(name) && !this.#may("edits")) {
          continue;
        }
        const answered = {
          ...asked,
          reading: { ...asked.reading, decidedAtMs: sim.nowMs, ...change },
        };
        const to = changed(less, {
          approvals: facts.approvals.map((one) => (one.id === asked.id ? answered : one)),
        });
        moves.push({ name: `${name} ${asked.id}`, to: hinted(to, "decision") });
        if (name === "approved" || name === "rejected") {
          moves.push({ name: `${name} ${asked.id}, callback lost`, to });
        }
      }
      if (proposal.closedAtMs === null && this.#may("edits")) {
        const gone = facts.approvals.map((one) =>
          one.id === asked.id ? { ...one, gone: true } : one,
        );
        moves.push({ name: `${asked.id} gone`, to: changed(less, { approvals: gone }) });
      }
    }
    const isDecided = proposal.execution !== null && proposal.execution.state !== "notSent";
    if (proposal.closedAtMs === null && !isDecided && proposal.outcome === null) {
      moves.push({ name: "forged callback", to: hinted(less, "decision") });
      if (facts.incident === "open" && this.#may("incident")) {
        for (const incident of ["resolved", "merged", "moved", "gone"] as const) {
          const to = changed(less, { incident });
          moves.push({ name: `incident ${incident}`, to: hinted(to, "incident") });
        }
      }
      if (facts.gating === "asWeighed" && this.#may("gating")) {
        moves.push({ name: "freeze", to: changed(less, { gating: "denies" }) });
        moves.push({ name: "other target", to: changed(less, { gating: "otherTarget" }) });
      }
      if (this.#plays("gating")) {
        const gating = facts.gating === "asWeighed" ? "stricter" : "asWeighed";
        moves.push({ name: `gating ${gating}`, to: changed(less, { gating }) });
      }
      if (facts.siblingNoAtMs === null && this.#may("noes")) {
        moves.push({ name: "no to the same", to: siblingNo(less) });
      }
      moves.push({
        name: facts.killSwitch ? "kill switch off" : "kill switch on",
        to: changed(less, { killSwitch: !facts.killSwitch }),
      });
    }
    const started = facts.runs.find(({ own }) => own);
    if (this.#scenario.runbook === "workflow" && started !== undefined && sim.hints.length === 0) {
      for (const state of ["started", "completed"]) {
        const data = { invocationId: started.id, state };
        const hint: Hint = { id: "hint-workflow", kind: "workflow", atMs: sim.nowMs, data };
        moves.push({ name: `workflow ${state}`, to: { ...less, hints: [hint] } });
      }
    }
    if (isDecided && proposal.outcome === null && this.#scenario.runbook === "failover") {
      const run = facts.runs.find(({ own }) => own);
      if (run !== undefined && run.ends === "completed") {
        for (const ends of ["error", "stuck"] as const) {
          const runs = facts.runs.map((one) => (one === run ? { ...one, ends } : one));
          moves.push({ name: `run ends ${ends}`, to: changed(less, { runs }) });
        }
      }
      if (!facts.runs.some(({ own }) => !own)) {
        const foreign = { id: "INV9", atMs: sim.nowMs, own: false, ends: "completed" as const };
        moves.push({
          name: "foreign run",
          to: changed(less, { runs: [...facts.runs, foreign] }),
        });
      }
    }
    return moves;
  }

  /** What a scenario without groups plays as well. */
  #may(part: Part): boolean {
    return this.#scenario.parts?.includes(part) ?? true;
  }

  #plays(part: Part): boolean {
    return this.#scenario.parts?.includes(part) ?? false;
  }

  // --- what must hold ---------------------------------------------------------------------------------------

  /** By the facts alone: may it run at this moment? */
  #assertPermitted(sim: Sim, { customFields }: Order): void {
    const { facts, nowMs, proposal } = sim;
    const isStricter = facts.gating === "stricter";
    assert.equal(facts.killSwitch, false, "runs although the kill switch is on");
    assert.ok(facts.gating === "asWeighed" || isStricter, "runs although the gating has changed");
    assert.equal(facts.others.has, false, "runs while another one has what it shares with it");
    assert.equal(facts.incident, "open", "runs although the incident is over");
    assert.ok(nowMs >= facts.fullUntilMs, "runs beyond the limit");
    assert.equal(facts.runs.filter(({ own }) => own).length, 0, "runs twice");
    const { siblingNoAtMs } = facts;
    const isRefused = facts.approvals.some(({ reading }) => isHumanNo(reading));
    assert.ok(!isRefused, "runs although a reviewer said no to one of its requests");
    if (this.#scenario.isAllowed === true) {
      assert.equal(isStricter, false, "runs although an approval is required by now");
      assert.equal(siblingNoAtMs, null, "runs although a reviewer said no to the same");
      const weighedAtMs = proposal.weighing?.atMs ?? 0;
      assert.ok(nowMs <= weighedAtMs + VALID_MS, "runs after its validity");
      return;
    }
    // The time until an alert's incident is seen is not the reviewer's.
    const fromMs = this.#isByAlert() ? proposal.weighing?.atMs : START_MS;
    const deadlineMs = (fromMs ?? START_MS) + SLA_MS;
    const granted = facts.approvals.filter(({ reading }) => {
      const { status, autoDecided, decidedAtMs, modifiedDetails } = reading;
      const isGood =
        isStricter || this.#scenario.acceptsRules !== true
          ? !autoDecided && (!isStricter || modifiedDetails === null)
          : true;
      return (
        status === "APPROVED" &&
        isGood &&
        decidedAtMs !== null &&
        decidedAtMs <= deadlineMs &&
        nowMs <= decidedAtMs + VALID_MS &&
        (siblingNoAtMs === null || (!autoDecided && decidedAtMs > siblingNoAtMs)) &&
        isHonest(reading)
      );
    });
    if (granted.length > 0) {
      assertValues(customFields, granted);
      return;
    }
    assert.equal(isStricter, false, "runs on expiry although the rule no longer says so");
    assert.equal(siblingNoAtMs, null, "runs on expiry although a reviewer said no to the same");
    assert.ok(this.#scenario.approvesOnExpiry === true, "runs without an approval");
    assert.ok(nowMs >= deadlineMs, "runs before the deadline");
    assert.ok(nowMs <= deadlineMs + VALID_MS, "runs after its validity");
  }

  /** At the end of a path on which nothing more goes wrong. */
  assertEnd(sim: Sim): void {
    const { proposal, facts } = sim;
    const { outcome } = proposal;
    assert.ok(proposal.closedAtMs !== null && outcome !== null, "it does not end");
    assert.equal(proposal.dueAtMs, null, "closed, but due again");
    this.#assertLateTold(sim);
    const own = facts.runs.filter((run) => run.own);
    const isForeign = own.length < facts.runs.length;
    const joins = proposal.handover?.kind === "collected" && this.#scenario.collecting === "open";
    const tasks = outcome.kind === "executed" || joins ? 0 : 1;
    assert.equal(facts.tasks.length, tasks, "manual tasks");
    if (proposal.handover?.kind === "collected") {
      assert.equal(facts.collection?.count, joins ? 8 : 1, "how many the task counts");
    }
    const wanted = this.#scenario.taskService ?? proposal.incident?.serviceId;
    assert.ok(
      facts.taskRefusals >= 3 || facts.tasks.every((service) => service === wanted),
      "the task is not where the gating wants it",
    );
    assert.equal(facts.openPages, 0, "a page stays open");
    if (outcome.reason === "sameAsOpen") {
      assert.notEqual(facts.others.equal, "none", "there was no other one");
    }
    if (outcome.kind === "executed") {
      assert.equal(own.length, 1, "called executed, but nothing of ours ran");
    }
    if (outcome.kind === "suppressed" || outcome.reason === "refusedByPagerDuty") {
      assert.equal(own.length, 0, `called ${outcome.kind}, but it ran`);
    }
    if (own.length === 1 && !isForeign && own[0]?.ends === "completed") {
      assert.ok(outcome.kind === "executed" || outcome.kind === "uncertain");
    }
  }

  /** Whoever answered before the last look was heard, by then as the decision or later as too late. */
  #assertLateTold({ proposal, facts, nowMs, isLateTold }: Sim): void {
    const { by } = proposal.decision ?? {};
    if (by === "human" || by === "autoRule" || isLateTold) {
      return;
    }
    const readable = proposal.approval?.attempts.filter(({ state }) => state === "submitted") ?? [];
    const unheard = facts.approvals.filter(
      ({ id, gone, reading: { status, retryable, autoDecided, decidedAtMs } }) =>
        readable.some(({ approvalId }) => approvalId === id) &&
        !gone &&
        (status === "APPROVED" || (status === "REJECTED" && !retryable && !autoDecided)) &&
        (decidedAtMs ?? nowMs) < nowMs,
    );
    assert.deepEqual(
      unheard.map(({ id }) => id),
      [],
      "a late decision is told nowhere",
    );
  }
}

/** An alert's incident is looked for every 15 s. */
const APPEARS_AT_MS = START_MS + 15_000;
const EVENT = {
  kind: "event",
  eventId: "01EVENT1",
  eventType: "incident.triggered",
  deliveryId: "01EVENT1",
  proposingRule: "only",
} as const;

/** The custom field holds what was asked for, or what a reviewer made of it. */
function assertValues(customFields: Order["customFields"], granted: readonly Asked[]): void {
  const allowed = granted.map(({ reading: { modifiedDetails } }) =>
    typeof modifiedDetails === "object" && modifiedDetails !== null ? 2 : 3,
  );
  for (const [name, value] of Object.entries(customFields)) {
    assert.equal(name, "max_replicas");
    assert.ok(
      allowed.some((one) => one === value),
      `runs with ${value}, and nobody approved that`,
    );
  }
}

const AUTO = { autoDecided: true, autoDecisionRuleName: "rule" };
/** What a reviewer or a rule of Cheqpoint may do to a request. */
const ANSWERS: readonly [string, Partial<ApprovalReading>][] = [
  ["approved", { status: "APPROVED" }],
  ["rejected", { status: "REJECTED" }],
  ["expired there", { status: "REJECTED", retryable: true, ...AUTO }],
  ["approved by rule", { status: "APPROVED", ...AUTO }],
  ["rejected by rule", { status: "REJECTED", ...AUTO }],
  ["approved with a change", { status: "APPROVED", modifiedDetails: { max_replicas: 2 } }],
  ["approved with a bad change", { status: "APPROVED", modifiedDetails: { service: "search" } }],
  ["approved, details altered", { status: "APPROVED", details: { service: "search" } }],
  ["unknown status", { status: "UNKNOWN", decidedAtMs: null }],
];

/** Whenever it was said, and whatever was said to another request of the same proposal. */
function isHumanNo({ status, retryable, autoDecided }: ApprovalReading): boolean {
  return status === "REJECTED" && !retryable && !autoDecided;
}

function isHonest({ modifiedDetails, details }: ApprovalReading): boolean {
  const isAltered = details["service"] !== "payments-db";
  const isBad =
    typeof modifiedDetails === "object" && modifiedDetails !== null && "service" in modifiedDetails;
  return !isAltered && !isBad;
}

/** The looks that one may be made of. */
function partsOf(look: Look): Exclude<Look, { at: "several" }>[] {
  return look.at === "several" ? look.looks.flatMap(partsOf) : [look];
}

function versionOf(no: No | null): string | null {
  return no === null ? null : `${no.atMs} ${no.untilMs}`;
}

/** A look at a remote system that fails; null where the store answers, whose failure is no answer at all. */
function blind(look: Exclude<Look, { at: "several" }>): Partial<Known> | null {
  const failed = { ok: false as const, problem: "cannot be read" };
  switch (look.at) {
    case "incident":
      return { incident: failed };
    case "incidentsByAlert":
      return { incidentsByAlert: failed };
    case "mergeTarget":
      return { mergeTarget: failed };
    case "approvals":
      return { approvals: Object.fromEntries(look.ids.map((id) => [id, failed])) };
    case "invocation":
      return { invocation: failed };
    case "candidates":
      return { candidates: failed };
    case "service":
      return { service: failed };
    case "task":
      return { task: failed };
    case "trace":
      return { trace: { duty: look.duty, found: failed } };
    default:
      return null;
  }
}

function successOf(effect: Effect, facts: Facts): EffectResult {
  switch (effect.kind) {
    case "submit": {
      const approvalId = `req_${facts.submissions}`;
      return {
        ok: true,
        kind: "submit",
        receipt: { approvalId, reviewUrl: null, status: "pending" },
      };
    }
    case "execute": {
      const isRun = effect.order.target.kind !== "reassign";
      return {
        ok: true,
        kind: "execute",
        invocationId: isRun ? "INV1" : null,
        state: isRun ? "created" : "completed",
        agentId: null,
      };
    }
    case "note":
    case "createIncident":
    case "resolve":
      return { ok: true, kind: "duty", ref: `REF-${effect.duty}` };
  }
}

function incidentNow(facts: Facts): Incident | null {
  const assigned: Incident = facts.reassigned ? { ...OPEN, escalationPolicyId: "PEP0002" } : OPEN;
  switch (facts.incident) {
    case "open":
      return assigned;
    case "resolved":
      return { ...assigned, status: "resolved" };
    case "merged":
      return { ...assigned, status: "resolved", mergedInto: { id: "PINC2" } };
    case "moved":
      return { ...assigned, serviceId: "PSVC003", serviceName: "search" };
    case "gone":
      return null;
  }
}

function invocationOf(run: Facts["runs"][number], nowMs: number) {
  const state = run.ends === "stuck" ? "created" : nowMs > run.atMs + 1_000 ? run.ends : "running";
  return {
    id: run.id,
    actionId: "01DBFAILOVER",
    incidentId: OPEN.id,
    state,
    agentId: null,
    createdAtMs: run.atMs,
  };
}

/** More than any limit of the scenarios. */
function placesNow({ nowMs, facts }: Sim): number[] {
  return nowMs < facts.fullUntilMs ? Array.from({ length: 20 }, () => facts.fullUntilMs) : [];
}

function changed(sim: Sim, facts: Partial<Facts>): Sim {
  return { ...sim, facts: { ...sim.facts, ...facts } };
}

/** A reviewer says no to another proposal of the same thing, and the gate hears it. */
function siblingNo(sim: Sim): Sim {
  const said = { atMs: sim.nowMs, untilMs: sim.nowMs + COOL_DOWN_MS };
  return changed(sim, { siblingNoAtMs: sim.nowMs, no: joinedNo(sim.facts.no, said) });
}

function refusedBy(sim: Sim, effect: Effect): Sim {
  const isTask = effect.kind === "createIncident" && effect.duty === "manualTask";
  return isTask ? changed(sim, { taskRefusals: sim.facts.taskRefusals + 1 }) : sim;
}

function hinted(sim: Sim, kind: Hint["kind"]): Sim {
  const hint: Hint = { id: `hint-${kind}`, kind, atMs: sim.nowMs, data: {} };
  return { ...sim, hints: [...sim.hints.filter(({ id }) => id !== hint.id), hint] };
}

function markOf(content: string): string {
  return content.split("\n")[0] ?? "";
}

function namesOf(step: Extract<Step, { kind: "save" }>): string {
  return step.facts.length === 0 ? "save" : step.facts.map(({ type }) => type).join("+");
}

/** Decision and outcome are never changed, a closed record never opens. */
function assertOnce(before: Proposal, after: Proposal): void {
  if (before.decision !== null) {
    assert.deepEqual(after.decision, before.decision, "the decision was changed");
  }
  if (before.outcome !== null) {
    assert.deepEqual(after.outcome, before.outcome, "the outcome was changed");
  }
  if (before.closedAtMs !== null) {
    assert.equal(after.closedAtMs, before.closedAtMs, "it was opened again");
  }
}

// --- another proposal on the incident ------------------------------------------------------------

/** Another proposal on the incident, as facts. */
interface Others {
  /** It has the field and the start that this proposal's run needs. */
  has: boolean;
  /** One that asks for exactly this. */
  equal: "none" | "open" | "ended";
}

const nothingOfOthers: Others = { has: false, equal: "none" };

/** Why a store refuses what is another proposal's; null: it does not. */
function keptBack(
  { others, runs }: Facts,
  options: SaveOptions | undefined,
): NonNullable<Known["refused"]> | null {
  if (options?.hold !== undefined && others.has) {
    return "held";
  }
  if (options?.dedupe?.kind === "move" && others.equal === "open") {
    return "dedupe";
  }
  const taken = runs.some(
    ({ id, isOthers }) => isOthers !== undefined && options?.take === `invocation/${id}`,
  );
  return taken ? "taken" : null;
}

/** What another proposal may do, as long as this one may still run. */
function othersMoves(
  less: Sim,
  plays: (part: Part) => boolean,
  changed: (sim: Sim, facts: Partial<Facts>) => Sim,
): Move[] {
  const { facts, proposal, nowMs } = less;
  const moves: Move[] = [];
  if (proposal.closedAtMs !== null) {
    return moves;
  }
  const set = (name: string, others: Partial<Others>, more: Partial<Facts> = {}): void => {
    moves.push({ name, to: changed(less, { others: { ...facts.others, ...others }, ...more }) });
  };
  const isClaimed = proposal.execution !== null && proposal.execution.state !== "notSent";
  if (plays("other proposal") && proposal.outcome === null) {
    if (facts.others.has) {
      for (const isOthers of ["seen", "unseen"] as const) {
        const run: Run = { id: "INV2", atMs: nowMs, own: false, ends: "completed", isOthers };
        set(`the other one ran, ${isOthers}`, { has: false }, { runs: [...facts.runs, run] });
      }
    } else if (!isClaimed && facts.runs.length === 0) {
      set("the other one claims", { has: true });
    }
  }
  if (plays("equal proposal") && proposal.weighing === null) {
    set(facts.others.equal === "open" ? "the equal one ends" : "an equal one opens", {
      equal: facts.others.equal === "open" ? "ended" : "open",
    });
  }
  return moves;
}
