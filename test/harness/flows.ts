import assert from "node:assert/strict";
import { verifyChain } from "../../functions/gate/proposal/audit.ts";
import type { AuditEvent } from "../../functions/gate/proposal/audit.ts";
import { instantText } from "../../functions/gate/text/instant.ts";
import type { OutcomeKind, Proposal } from "../../functions/gate/proposal/proposal.ts";
import { gatingOf } from "./gating.ts";
import { throughTap, type OneFault } from "./taps.ts";
import { CONNECTION_KEY, OPERATOR_TOKEN, PROPOSER_TOKEN, type Json, type World } from "./world.ts";

/** One way through the gate, from the proposal to its end. */
export interface Flow {
  name: string;
  runbook: "failover" | "workflow" | "handover" | "raise";
  rule: Record<string, unknown>;
  intake: "api" | "event";
  /** What the reviewer does as soon as a request is in the inbox; null: nobody looks. */
  reviewer: "approved" | "rejected" | null;
  /** The reviewer looks only after the escalation has paged. */
  waitsForPage?: boolean;
  /** The end when nothing fails. */
  ends: OutcomeKind;
  /** Service that the gating wants manual tasks on; the incident's own unless given. */
  taskService?: string;
  /** The events that PagerDuty sends; all that change what the gate does unless given. */
  events?: readonly string[];
}

/** An invocation's way without its states in between. */
const FEW_EVENTS = [
  "incident.triggered",
  "incident.action_invocation.created",
  "incident.action_invocation.terminated",
  "incident.workflow.started",
  "incident.workflow.completed",
];

const PAGED = { escalateAfter: "1m", escalateTo: { escalationPolicy: "PEP0002" } };
const PROPOSING = { match: { event: "incident.triggered" }, propose: "failover" };

export const FLOWS: readonly Flow[] = [
  {
    name: "approved by a callback",
    runbook: "failover",
    rule: {},
    intake: "api",
    reviewer: "approved",
    ends: "executed",
  },
  {
    name: "approved while polling",
    runbook: "failover",
    rule: { delivery: "poll" },
    intake: "api",
    reviewer: "approved",
    ends: "executed",
    events: FEW_EVENTS,
  },
  {
    name: "rejected",
    runbook: "failover",
    rule: {},
    intake: "api",
    reviewer: "rejected",
    ends: "suppressed",
  },
  {
    name: "expired to a no",
    runbook: "failover",
    rule: { sla: "1m" },
    intake: "api",
    reviewer: null,
    ends: "suppressed",
  },
  {
    name: "expired to a yes",
    runbook: "failover",
    rule: { sla: "1m", onExpiry: "approve", acknowledgeRisk: true },
    intake: "api",
    reviewer: null,
    ends: "executed",
    events: FEW_EVENTS,
  },
  {
    name: "allowed by policy",
    runbook: "failover",
    rule: { decision: "allow" },
    intake: "api",
    reviewer: null,
    ends: "executed",
    events: FEW_EVENTS,
  },
  {
    name: "denied by policy",
    runbook: "failover",
    rule: { decision: "deny" },
    intake: "api",
    reviewer: null,
    ends: "suppressed",
    taskService: "PSVC003",
  },
  {
    name: "workflow",
    runbook: "workflow",
    rule: {},
    intake: "api",
    reviewer: "approved",
    ends: "executed",
    events: FEW_EVENTS,
  },
  {
    name: "reassigned",
    runbook: "handover",
    rule: {},
    intake: "api",
    reviewer: "approved",
    ends: "executed",
  },
  {
    name: "escalated a level",
    runbook: "raise",
    rule: {},
    intake: "api",
    reviewer: "approved",
    ends: "executed",
  },
  {
    name: "paged, then approved",
    runbook: "failover",
    rule: PAGED,
    intake: "api",
    reviewer: "approved",
    waitsForPage: true,
    ends: "executed",
    events: FEW_EVENTS,
  },
  {
    name: "proposed by an event",
    runbook: "failover",
    rule: PROPOSING,
    intake: "event",
    reviewer: "approved",
    ends: "executed",
    events: FEW_EVENTS,
  },
];

export interface Ending {
  proposal: Proposal;
  events: AuditEvent[];
  incidentId: string;
  /** How often PagerDuty was told to do it, by its own log. */
  runs: number;
  tasks: Json[];
  escalations: Json[];
  /** What stands on the incident. */
  notes: string[];
}

const MAX_ROUNDS = 600;
/** How long a reviewer reads. A no that comes sooner after a repeated request is taken for loop protection. */
const READING_MS = 20_000;

/** Plays a flow to its end with one fault in it, and says how the world looks then. */
export async function play(world: World, flow: Flow, fault: OneFault): Promise<Ending> {
  const { taskService: service } = flow;
  const gating = gatingOf(flow.rule, service === undefined ? {} : { manualTask: { service } });
  await world.begin({ gating, events: flow.events });
  let submissions = 0;
  world.tap = (call, args, run) => {
    submissions += call === "cheqpoint.submit" ? 1 : 0;
    return fault.tap(call, args, run);
  };
  const incident = await world.openIncident();
  let isAccepted = flow.intake === "event";
  let looked = 0;
  for (let round = 0; ; round++) {
    assert.ok(round < MAX_ROUNDS, "it goes on for ever");
    if (fault.isDead()) {
      await world.restart();
      fault.revive();
    }
    if (!isAccepted) {
      // As a client does: the same key again until it is taken.
      isAccepted = await propose(world, incident.id, flow.runbook);
    }
    await world.settle();
    if (flow.reviewer !== null && (looked < submissions || !world.seesCalls)) {
      const mayLook =
        flow.waitsForPage !== true || (await world.gateIncidents("escalation")).length > 0;
      const pending = mayLook ? await world.pendingApprovals() : [];
      looked = mayLook ? submissions : looked;
      world.clock.nowMs += pending.length > 0 ? READING_MS : 0;
      for (const { id } of pending) {
        await world.decide(id, flow.reviewer);
      }
      if (pending.length > 0) {
        continue;
      }
    }
    if (fault.isDead()) {
      continue;
    }
    const next = await world.nextDueMs();
    if (next === null && isAccepted) {
      break;
    }
    world.clock.nowMs = Math.max(next ?? 0, world.clock.now() + 250);
  }
  world.tap = throughTap;
  return endingOf(world, flow, incident.id);
}

async function propose(world: World, incidentId: string, runbook: string): Promise<boolean> {
  const body = {
    incident_id: incidentId,
    service: "payments-db",
    runbook,
    justification: "CPU at 98 %",
  };
  try {
    const answer = await world.onGate("POST", "/proposals", body, { "idempotency-key": "one" });
    return answer.status < 300;
  } catch {
    // The process died while it answered.
    return false;
  }
}

async function endingOf(world: World, flow: Flow, incidentId: string): Promise<Ending> {
  const { proposals } = await world.gate.ledger.list({ incidentId });
  assert.equal(proposals.length, 1, "one proposal for the incident");
  const [proposal] = proposals;
  assert.ok(proposal !== undefined);
  return {
    proposal,
    events: await world.gate.ledger.events(proposal.id),
    incidentId,
    runs: await runsOf(world, flow.runbook, incidentId),
    tasks: await world.gateIncidents("task"),
    escalations: await world.gateIncidents("escalation"),
    notes: await notesOf(world, incidentId),
  };
}

async function notesOf(world: World, incidentId: string): Promise<string[]> {
  const { notes } = (await world.onPagerDuty("GET", `/incidents/${incidentId}/notes`)).body;
  return notes.map(({ content }: Json) => content);
}

/** Counted from what PagerDuty received and accepted, so that the gate's own books are no part of it. */
async function runsOf(world: World, runbook: Flow["runbook"], incidentId: string): Promise<number> {
  const { requests } = (await world.onPagerDuty("GET", "/_emulator/requests")).body;
  return requests.filter((request: Json) => {
    const { method, path, status, body, fault } = request;
    if ((status < 200 || status >= 300) && !world.doneDespite.has(fault)) {
      return false;
    }
    switch (runbook) {
      case "failover":
        return method === "POST" && path === "/automation_actions/actions/01DBFAILOVER/invocations";
      case "workflow":
        return method === "POST" && path === "/incident_workflows/PWF0001/instances";
      case "handover":
        return (
          method === "PUT" &&
          path === `/incidents/${incidentId}` &&
          body?.incident?.escalation_policy !== undefined
        );
      case "raise":
        return (
          method === "PUT" &&
          path === `/incidents/${incidentId}` &&
          body?.incident?.escalation_level !== undefined
        );
    }
  }).length;
}

/** What must hold at the end of every flow, whatever failed on the way. */
export function assertSafe(world: World, flow: Flow, ending: Ending): void {
  const { proposal, events, runs, tasks, escalations } = ending;
  const { outcome, decision, closedAtMs, dueAtMs } = proposal;
  assert.ok(closedAtMs !== null && dueAtMs === null && outcome !== null, "it is closed");
  assert.deepEqual(verifyChain(proposal.id, events, proposal.audit), []);

  assert.ok(runs <= 1, `PagerDuty was told ${runs} times`);
  const claims = events.filter(({ type }) => type === "execution.claimed");
  if (runs > 0) {
    assert.ok(claims.length > 0, "nothing runs without a claim in the ledger");
    assert.equal(decision?.outcome, "approved", "nothing runs without an approval");
    assert.ok(
      outcome.kind === "executed" || outcome.kind === "uncertain",
      `ran, but ${outcome.kind}`,
    );
  } else {
    assert.notEqual(outcome.kind, "executed", "nothing ran");
  }

  if (flow.reviewer !== null) {
    assert.equal(decision?.by, "human", "the reviewer's word counts");
    assert.equal(decision.outcome, flow.reviewer);
  }
  const decisions = events.filter(({ type }) => /^decision\.(approved|rejected)$/.test(type));
  assert.ok(decisions.length <= 1, "a decision is written once");
  const outcomes = events.filter(({ type }) => type.startsWith("outcome."));
  assert.equal(outcomes.length, 1, "an outcome is written once");

  assert.equal(tasks.length, outcome.kind === "executed" ? 0 : 1, "manual tasks");
  for (const { service } of tasks) {
    assert.equal(service.id, flow.taskService ?? world.pagerDuty.seed.services.paymentsDb);
  }
  assert.ok(runs + tasks.length > 0, "neither executed nor handed to a person");
  assert.ok(escalations.length <= 1, "one page");
  for (const page of escalations) {
    assert.equal(page.status, "resolved", "the page is closed");
  }
  assertToldOnce(ending);
  assertNoSecrets(world, [JSON.stringify(proposal), JSON.stringify(events)]);
}

/** The incident tells the end and who decided, and nothing twice. */
function assertToldOnce({ proposal, notes }: Ending): void {
  const marks = notes.map((note) => note.split("\n")[0]);
  assert.deepEqual(marks.toSorted(), [...new Set(marks)].toSorted(), "a note is written twice");
  assert.ok(marks.includes(`[gate ${proposal.id} ended]`), `no note of the end: ${marks.join()}`);
  const { decision } = proposal;
  if (decision !== null) {
    const at = instantText(decision.atMs, proposal.incident?.timeZone);
    const word = { approved: "Approved", rejected: "Rejected", expired: "Expired" };
    const pattern = new RegExp(
      `${word[decision.outcome]} (by|because) .*, ${at.replaceAll(/[()]/g, "\\$&")}\\.`,
    );
    assert.match(notes.join("\n"), pattern, "no note says who decided");
  }
}

function assertNoSecrets(world: World, texts: readonly string[]): void {
  const secrets = [
    world.pagerDuty.token,
    world.webhookSecret,
    CONNECTION_KEY,
    PROPOSER_TOKEN,
    OPERATOR_TOKEN,
  ];
  for (const text of [...texts, ...world.log.lines]) {
    assert.ok(!secrets.some((secret) => text.includes(secret)), "a secret is told");
    assert.ok(!/\/cheqpoint\/callback\/[\w-]{8}/.test(text), "a callback token is told");
  }
}
