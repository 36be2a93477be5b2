import { phaseOf, type Proposal } from "../../functions/gate/proposal/proposal.ts";
import { CHEQPOINT_HOLDS_MS } from "../../functions/worker/trigger.ts";
import { Boundary, type Remote, type Surroundings, type Task } from "./engine/boundary.ts";
import { Chance } from "./engine/chance.ts";
import { Coverage } from "./engine/coverage.ts";
import { Faults, type Injected } from "./engine/faults.ts";
import { Kernel } from "./engine/kernel.ts";
import { installVirtualTime } from "./engine/virtualTime.ts";
import { judge, type Violation } from "./judge/judge.ts";
import { Everybody } from "./people/everybody.ts";
import { reviewers } from "./people/reviewers.ts";
import { CALM_AFTER_MS, type Plan } from "./plan.ts";
import { SimCheqpoint } from "./world/cheqpoint.ts";
import { dynamoStore } from "./world/dynamoStore.ts";
import { SECRETS, SimGate } from "./world/gate.ts";
import { SimIds } from "./world/ids.ts";
import { Outbox } from "./world/outbox.ts";
import { SimVault } from "./world/vault.ts";
import { sqliteStore } from "./world/sqliteStore.ts";
import { SimPagerDuty, type Since } from "./world/pagerduty.ts";
import { pagerDutyApi } from "./world/pagerdutyApi.ts";
import type { SimGating } from "./world/gatings.ts";
import type { Weakness } from "./world/weakness.ts";

const USUAL_START_MS = Date.UTC(2026, 10, 23, 10, 0, 0);
/** By then everything must have ended: a run that no runner takes counts as never run after 15 minutes, a workflow's end is waited for 30. */
const ENDS_WITHIN_MS = 60 * 60_000;

export interface Played {
  violations: Violation[];
  injected: readonly Injected[];
  lines: string[];
  coverage: Coverage;
  proposals: number;
  runs: number;
}

/** Plays a plan to its end and judges it. */
export async function play(
  plan: Plan,
  {
    isTold = false,
    coverage = new Coverage(),
    weakness = null,
  }: { isTold?: boolean; coverage?: Coverage; weakness?: Weakness | null } = {},
): Promise<Played> {
  const kernel = new Kernel(plan.startMs ?? USUAL_START_MS);
  const restore = installVirtualTime(kernel);
  try {
    return await played(plan, kernel, { isTold, coverage, weakness });
  } finally {
    restore();
  }
}

async function played(
  plan: Plan,
  kernel: Kernel,
  {
    isTold,
    coverage,
    weakness,
  }: { isTold: boolean; coverage: Coverage; weakness: Weakness | null },
): Promise<Played> {
  const startMs = kernel.nowMs;
  const chance = new Chance(plan.seed);
  const faults = new Faults(chance, plan.rates, {
    most: plan.mostFaults,
    isLeftOut: (key) => plan.leftOut.includes(key),
  });
  const lines: string[] = [];
  const tell = isTold
    ? (text: () => string): void =>
        void lines.push(`${((kernel.nowMs - startMs) / 1000).toFixed(3).padStart(9)}  ${text()}`)
    : (): void => undefined;
  const phases = new Map<string, string>();
  const open = new Set<string>();
  const around: Surroundings = {
    kernel,
    chance,
    faults,
    tell,
    outageOf(remote) {
      const afterMs = kernel.nowMs - startMs;
      const now = plan.outages?.find(
        (one) => one.remote === remote && one.fromMs <= afterMs && afterMs < one.toMs,
      );
      return now === undefined || faults.isOver ? null : now.hangs ? "hangs" : "failsBefore";
    },
    onPass(place, task, fault) {
      if (fault !== null) {
        coverage.met(phases.get(task.name) ?? "-", place, fault);
      }
      everybody.passed(place);
    },
    onDone: (place) => everybody.passed(`${place} done`),
    onCrash: (machine) => gate.replace(machine),
  };
  const boundary = new Boundary(around);
  const pagerDuty = new SimPagerDuty(kernel, chance);
  const cheqpoint = new SimCheqpoint(kernel);
  const created = new Map<string, Since<Proposal>>();
  /** Whose writing was begun. */
  const begun = new Map<string, Since<Proposal>>();
  const gatings = new Map<string, Since<SimGating>[]>(
    Object.entries(plan.gatings).map(([id, value]) => [id, [{ atMs: kernel.nowMs, value }]]),
  );
  const storeParts = {
    kernel,
    chance,
    faults,
    boundary,
    now: () => kernel.nowMs,
    gatings: plan.gatings,
    serviceName: (id: string) => pagerDuty.services.get(id),
    onWrite: watch,
  };
  const store = plan.ledger === "sqlite" ? sqliteStore(storeParts) : await dynamoStore(storeParts);
  const vault = new SimVault(kernel, SECRETS);
  const unknown: string[] = [];
  const circles: string[] = [];
  const gate = new SimGate({
    around,
    boundary,
    store,
    ids: new SimIds(),
    pagerDuty: checked(
      pagerDutyApi(pagerDuty, (text) => unknown.push(text)),
      (credential) => vault.isValid("pagerDuty", credential?.split("=").at(-1) ?? null),
    ),
    cheqpoint: checked(cheqpoint, (credential) => vault.isValid("cheqpoint", credential)),
    vault,
    skewsMs: plan.skewsMs,
    // As each is deployed.
    heldMs: plan.ledger === "dynamo" ? CHEQPOINT_HOLDS_MS : null,
    onError: (message, task) => {
      if (message === "too many steps in one visit") circles.push(task);
    },
    weakness,
  });

  const wasCreated = (proposal: Since<Proposal>): void => {
    const { id } = proposal.value;
    created.set(id, proposal);
    open.add(id);
    phases.set(id, phaseOf(proposal.value));
  };

  /** What was written, for knowing when all is done and what was passed on the way. */
  function watch(task: Task, method: string, args: readonly unknown[], result: unknown): void {
    if (method === "create begins") {
      const [proposal] = args as [Proposal];
      begun.set(proposal.id, { atMs: kernel.nowMs, value: proposal });
    }
    if (method === "create" && (result as { created: boolean }).created) {
      const [proposal] = args as [Proposal];
      wasCreated({ atMs: kernel.nowMs, value: proposal });
    }
    if (method === "save" && result === "saved") {
      const [next] = args as [Proposal];
      const unheard = created.has(next.id) ? undefined : begun.get(next.id);
      if (unheard !== undefined) {
        wasCreated(unheard);
      }
      cheqpoint.wroteDown(task);
      task.wroteAtMs = kernel.nowMs;
      const phase = phaseOf(next);
      if (phases.get(next.id) !== phase) {
        tell(
          () =>
            `== ${next.id} ${phases.get(next.id) ?? "new"} → ${phase} ${next.outcome?.reason ?? ""}`,
        );
        phases.set(next.id, phase);
      }
      if (next.closedAtMs !== null) {
        open.delete(next.id);
      }
    }
  }

  const outbox = new Outbox({ kernel, chance, faults, gate, tell, vault });
  pagerDuty.onEvent = (incidentId, event) => outbox.take(incidentId, event);
  reviewers(cheqpoint, kernel, chance, tell);
  const everybody = new Everybody({
    plan,
    kernel,
    chance,
    gate,
    pagerDuty,
    cheqpoint,
    gatings,
    store,
    outbox,
    vault,
    tell,
    met: (event) => [...open].forEach((id) => coverage.met(phases.get(id) ?? "-", event, "none")),
  });
  everybody.begin();

  let turn = 0;
  const tick = (): void => {
    turn += 1;
    void store.plain.nextDueAtMs().then((dueMs) => {
      // By the clock of the machine that is furthest ahead: it must not find late what was merely skipped here.
      const aheadMs = Math.max(0, ...gate.machines.map(({ skewMs }) => skewMs));
      if (dueMs !== null && dueMs <= kernel.nowMs + aheadMs) {
        gate.sweep(turn);
      }
    });
    kernel.after(plan.sweepEveryMs, tick);
  };
  kernel.after(plan.sweepEveryMs, tick);

  await kernel.play(startMs + CALM_AFTER_MS, () => false);
  faults.isOver = true;
  everybody.calm();
  await kernel.play(
    startMs + CALM_AFTER_MS + ENDS_WITHIN_MS,
    () => open.size === 0 && outbox.isEmpty(),
  );
  // Reports of what has ended meanwhile, and alarms of them.
  await kernel.play(kernel.nowMs + 180_000, () => false);
  const violations = await judge({
    plan,
    ledger: store.plain,
    created,
    gatings,
    pagerDuty,
    cheqpoint,
    everybody,
    outbox,
    unknown,
    injected: faults.injected,
    circles,
    endMs: kernel.nowMs,
    startMs,
  });
  store.close();
  return {
    violations,
    injected: faults.injected,
    lines,
    coverage,
    proposals: created.size,
    runs: pagerDuty.runs.length,
  };
}

/** A remote that refuses who does not know its key. */
function checked(remote: Remote, isValid: (credential: string | null) => boolean): Remote {
  return {
    name: remote.name,
    route: (method, path) => remote.route(method, path),
    handle: (request) =>
      isValid(request.credential)
        ? remote.handle(request)
        : { status: 401, body: { error: "unauthorized" }, brief: "the key is not valid" },
  };
}
