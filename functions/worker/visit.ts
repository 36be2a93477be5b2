import { raiseAlarm } from "../gate/ledger/alarms.ts";
import { chainFacts } from "../gate/proposal/audit.ts";
import { LOOK_GOOD_FOR_MS } from "../gate/lifecycle/known.ts";
import type { Change, Effect, Known, Step } from "../gate/lifecycle/known.ts";
import { nextStep } from "../gate/lifecycle/index.ts";
import { nextDeadlineMs } from "../gate/lifecycle/awaitDecision.ts";
import type { Hint, SaveResult } from "../gate/ports/index.ts";
import { phaseOf, type Proposal } from "../gate/proposal/proposal.ts";
import { applyResult, type EffectResult } from "../gate/lifecycle/results.ts";
import { sha256Hex } from "../gate/text/token.ts";
import { perform } from "./effects.ts";
import { permissionOf } from "./lastLook.ts";
import { look } from "./look.ts";
import type { WorkerPorts } from "./ports.ts";
import { countFacts } from "./telemetry.ts";

/** A proposal that takes more steps than this in one visit is stuck in a circle; the sweep looks again. */
const MAX_STEPS = 40;
const MAX_LOOKS = 12;
const MAX_CONFLICTS = 20;

/** Looks at one proposal and does what is to be done until there is nothing to do now. Safe at any time, any number of times. */
export async function visit(ports: WorkerPorts, id: string): Promise<void> {
  // What Cheqpoint was asked for one step is still good for the next.
  let read: Read = {};
  for (let steps = 0; steps < MAX_STEPS; steps++) {
    const loaded = await ports.ledger.get(id);
    if (loaded === null) {
      ports.log.warn("no such proposal", { proposalId: id });
      return;
    }
    const taken = await takeStep(ports, loaded.proposal, loaded.hints, read);
    if (taken === null) {
      return;
    }
    read = taken;
  }
  ports.log.error("too many steps in one visit", { proposalId: id });
}

type Read = Pick<Known, "approvals" | "askedAtMs">;

/** Null: there is nothing more to do now; else what was read of Cheqpoint. */
async function takeStep(
  ports: WorkerPorts,
  proposal: Proposal,
  hints: Hint[],
  read: Read,
): Promise<Read | null> {
  const token = ports.ids.token();
  let known: Known = {
    nowMs: ports.clock.now(),
    settings: ports.settings,
    hints,
    fresh: { attemptId: ports.ids.attemptId(), tokenHash: sha256Hex(token) },
    // A callback may tell of something newer.
    ...(hints.some(({ kind }) => kind === "decision") ? {} : stillGood(read, ports.clock.now())),
  };
  for (let round = 0; round < MAX_LOOKS; round++) {
    const step = nextStep(proposal, known);
    if (step.kind === "look") {
      known = await look(ports, proposal, known, step.look);
      continue;
    }
    if (step.kind === "rest") {
      return null;
    }
    if (step.kind === "wait") {
      await settle(ports, proposal, step, known.nowMs);
      await comeBackFor(ports, proposal);
      return null;
    }
    const { result, saved } = await commit(ports, proposal, step);
    if (result === "saved") {
      if (step.kind === "effect") {
        await carryOut(ports, saved, step.effect, token, proposal, known);
      }
      // What is still undecided is to be read anew when its time has come.
      return saved.decision === null ? {} : readIn(known);
    }
    if (result === "stale" || result === "changed") {
      // What was looked at is no more: everything is looked at anew.
      return {};
    }
    known = { ...known, refused: result };
  }
  throw new Error(`${proposal.id}: the lifecycle asks in a circle`);
}

function readIn({ approvals, askedAtMs }: Known): Read {
  const atMs = askedAtMs?.approvals;
  return approvals === undefined || atMs === undefined
    ? {}
    : { approvals, askedAtMs: { approvals: atMs } };
}

function stillGood(read: Read, nowMs: number): Read {
  const atMs = read.askedAtMs?.approvals;
  return atMs !== undefined && Math.abs(nowMs - atMs) <= LOOK_GOOD_FOR_MS ? read : {};
}

/** Every open proposal is visited more often than this, by the sweep. */
const NEXT_VISIT_WITHIN_MS = 150_000;

/** A page and a deadline have their time, and the next sweep may come a minute after it. */
async function comeBackFor({ queue, clock, log }: WorkerPorts, proposal: Proposal): Promise<void> {
  const nowMs = clock.now();
  const atMs = nextDeadlineMs(proposal, nowMs);
  if (atMs === null || atMs - nowMs > NEXT_VISIT_WITHIN_MS) {
    return;
  }
  try {
    await queue.send([{ kind: "proposal", id: proposal.id }], { afterMs: atMs - nowMs });
  } catch (error) {
    log.warn("queue not reached, left to the sweep", {
      proposalId: proposal.id,
      problem: String(error),
    });
  }
}

/** Writes when to look again, unless that is what the record says. */
async function settle(
  ports: WorkerPorts,
  proposal: Proposal,
  step: Extract<Step, { kind: "wait" }>,
  /** When it was looked at: what a clock jumps since then is still to be noticed. */
  nowMs: number,
): Promise<void> {
  if (proposal.dueAtMs === step.untilMs && proposal.lookFailures === step.lookFailures) {
    return;
  }
  await commit(ports, proposal, {
    next: {
      ...proposal,
      version: proposal.version + 1,
      dueAtMs: step.untilMs,
      seenAtMs: Math.max(proposal.seenAtMs ?? 0, nowMs),
      lookFailures: step.lookFailures,
    },
    facts: [],
  });
}

async function carryOut(
  ports: WorkerPorts,
  claimed: Proposal,
  effect: Effect,
  token: string,
  before: Proposal,
  known: Known,
): Promise<void> {
  const permission = permissionOf(ports, before, known, effect.claimedAtMs);
  const result = await perform(ports, effect, token, permission);
  await record(ports, claimed, effect, result);
}

/** Records what came of an effect, on whatever the record is by now: losing it would cost the certainty that it was done. */
async function record(
  ports: WorkerPorts,
  claimed: Proposal,
  effect: Effect,
  result: EffectResult,
): Promise<void> {
  let proposal = claimed;
  for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts++) {
    const change = applyResult(proposal, effect, result, ports.clock.now());
    const { result: saved } = await commit(ports, proposal, change);
    if (saved === "saved") {
      return;
    }
    const loaded = await ports.ledger.get(proposal.id);
    if (loaded === null) {
      throw new Error(`${proposal.id} vanished from the ledger`);
    }
    proposal = loaded.proposal;
  }
  throw new Error(`${claimed.id}: the result of ${effect.kind} could not be recorded`);
}

/** One write: the next record with its audit events. Alarms come first: one that is raised twice is one alarm, one that is lost is none. */
async function commit(
  ports: WorkerPorts,
  before: Proposal,
  change: Change,
): Promise<{ result: SaveResult; saved: Proposal }> {
  const { ledger, clock } = ports;
  for (const alarm of change.alarms ?? []) {
    await raiseAlarm(ports, alarm);
  }
  const events = chainFacts(before.id, before.audit, change.facts, clock.now());
  const last = events.at(-1);
  const next: Proposal =
    last === undefined
      ? change.next
      : { ...change.next, audit: { seq: last.seq, head: last.hash } };
  const result = await ledger.save(next, events, change.options);
  if (result === "saved") {
    const phase = phaseOf(next);
    for (const { type, data } of change.facts) {
      ports.log.info(type, { proposalId: before.id, phase, ...loggable(data) });
    }
    countFacts(ports.metrics, change.facts);
  }
  return { result, saved: next };
}

/** What people wrote stays in the ledger; the log tells what happened. */
const LOGGED = [
  "again",
  "approvalId",
  "atMs",
  "attempt",
  "attemptId",
  "by",
  "claim",
  "decision",
  "digest",
  "gatingHash",
  "incidentId",
  "invocationId",
  "outcome",
  "problem",
  "reason",
  "ref",
  "rule",
  "serviceId",
  "state",
  "status",
  "try",
  "validUntilMs",
];

function loggable(data: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(data).filter(([key]) => LOGGED.includes(key)));
}
