import { newProposal, type DryRunAsked } from "../gate/proposal/intake.ts";
import type { DryRun } from "../gate/telling/dryRun.ts";
import type { Known } from "../gate/lifecycle/known.ts";
import { nextStep } from "../gate/lifecycle/index.ts";
import { executionBrakes } from "../gate/ledger/brakes.ts";
import type { Ledger, StoredGating } from "../gate/ports/index.ts";
import type { Proposal } from "../gate/proposal/proposal.ts";
import { look } from "./look.ts";
import type { WorkerPorts } from "./ports.ts";

/** It looks, and does nothing outside. */
type LookPorts = Omit<WorkerPorts, "publicUrl" | "healSubscriptions">;

/** Enough for an allowed one, which takes the most: weighed, held or claimed. */
const MAX_TURNS = 40;

/**
 * Lets a proposal go through the lifecycle in memory, up to where it would ask somebody, run, end or wait. It reads what a
 * real one reads, and writes, sends and asks nothing.
 */
export async function dryRun(ports: LookPorts, asked: DryRunAsked): Promise<DryRun> {
  const reading = { ...ports, publicUrl: "", ledger: withoutAlarms(ports.ledger) };
  const nowMs = ports.clock.now();
  let { proposal } = newProposal({ id: "dry-run", ...asked, nowMs });
  let known = knownAt(ports, nowMs);
  let stored: StoredGating | null = null;
  const result = async (more: Partial<DryRun> = {}): Promise<DryRun> => ({
    proposal,
    review: null,
    runs: false,
    brakes: await brakesOf(ports, proposal, stored),
    joins: null,
    waits: null,
    ...more,
  });
  for (let turns = 0; turns < MAX_TURNS; turns++) {
    const step = nextStep(proposal, known);
    if (step.kind === "look") {
      known = await look(reading, proposal, known, step.look);
      stored = known.gating?.ok === true ? known.gating.value : stored;
      continue;
    }
    if (step.kind === "effect" && step.effect.kind === "submit") {
      return result({ review: step.effect.request, joins: await equal(reading, proposal) });
    }
    if (step.kind === "effect") {
      return result({ runs: true, joins: await equal(reading, proposal) });
    }
    if (step.kind === "wait" || step.kind === "rest") {
      const isKnown = proposal.weighing !== null;
      return result({ waits: isKnown ? null : waitText(known) });
    }
    proposal = step.next;
    if (proposal.outcome !== null) {
      return result();
    }
    known = knownAt(ports, ports.clock.now());
  }
  throw new Error("a dry run that goes on for ever");
}

function knownAt(ports: LookPorts, nowMs: number): Known {
  return {
    nowMs,
    settings: ports.settings,
    hints: [],
    fresh: { attemptId: "dry-run", tokenHash: "" },
  };
}

/** What cannot be read is told by the next real look at it. */
function withoutAlarms(ledger: Ledger): Ledger {
  return { ...ledger, raise: () => Promise.resolve(false) };
}

/** Those that its execution would have to find a place at. */
async function brakesOf(
  { ledger, clock }: LookPorts,
  { weighing }: Proposal,
  stored: StoredGating | null,
): Promise<DryRun["brakes"]> {
  if (weighing === null || stored === null || weighing.evaluation.decision === "deny") {
    return [];
  }
  const { evaluation } = weighing;
  const lane = evaluation.decision === "allow" ? "automatic" : "approved";
  const brakes = executionBrakes(stored.key, stored.gating, evaluation, lane);
  return Promise.all(
    brakes.map(async ({ of, key, limit }) => ({
      of,
      limit,
      taken: (await ledger.places(key, clock.now())).length,
    })),
  );
}

async function equal({ ledger }: LookPorts, proposal: Proposal): Promise<string | null> {
  const { incident, dedupeKey } = proposal;
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<Ledger["list"]>> = await ledger.list({
      open: true,
      limit: 200,
      ...(incident === null ? {} : { incidentId: incident.id }),
      ...(cursor === null ? {} : { cursor }),
    });
    const found = page.proposals.find(
      (other) => other.dedupeKey === dedupeKey && other.outcome === null,
    );
    if (found !== undefined) {
      return found.id;
    }
    ({ cursor } = page);
  } while (cursor !== null);
  return null;
}

function waitText({ incident, incidentsByAlert, gating }: Known): string {
  const problem = [incident, incidentsByAlert, gating].find((one) => one?.ok === false);
  return problem?.ok === false
    ? `it cannot be weighed now: ${problem.problem}`
    : "no open incident has that alert yet; the gate would wait for it";
}
