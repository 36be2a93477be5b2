import assert from "node:assert/strict";
import type { AuditEvent } from "../../functions/gate/proposal/audit.ts";
import { verifyChain } from "../../functions/gate/proposal/audit.ts";
import type { Proposal } from "../../functions/gate/proposal/proposal.ts";
import type { Json, Reply, World } from "./world.ts";

/** How an agent proposes the fail-over of an incident's database. */
export function propose(
  world: World,
  incident: Json,
  more: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Promise<Reply> {
  return world.onGate(
    "POST",
    "/proposals",
    {
      incident_id: incident.id,
      service: "payments-db",
      runbook: "failover",
      justification: "CPU at 98 %",
      ...more,
    },
    headers,
  );
}

/** The one request in the inbox. */
export async function asked(world: World): Promise<Json> {
  await world.settle();
  const pending = await world.pendingApprovals();
  assert.equal(pending.length, 1, `${pending.length} requests in the inbox`);
  return pending[0];
}

export async function answer(
  world: World,
  decision: "approved" | "rejected",
  more: object = {},
): Promise<void> {
  const { id } = await asked(world);
  const reply = await world.decide(id, decision, more);
  assert.equal(reply.status, 200);
  await world.settle();
}

/** Goes on until nothing is due any more. */
export async function finish(world: World): Promise<void> {
  await world.settle();
  for (let rounds = 0; ; rounds++) {
    assert.ok(rounds < 3_000, "it goes on for ever");
    const next = await world.nextDueMs();
    if (next === null) {
      return;
    }
    world.clock.nowMs = Math.max(next, world.clock.now() + 100);
    await world.settle();
  }
}

export interface Seen {
  proposal: Proposal;
  events: AuditEvent[];
  types: string[];
  invocations: Json[];
  tasks: Json[];
  alarms: string[];
}

/** The incident's only proposal and everything around it. */
export async function see(world: World, incident: Json): Promise<Seen> {
  const { proposals } = await world.gate.ledger.list({ incidentId: incident.id });
  assert.equal(proposals.length, 1, `${proposals.length} proposals`);
  const [proposal] = proposals;
  assert.ok(proposal !== undefined);
  const events = await world.gate.ledger.events(proposal.id);
  assert.deepEqual(verifyChain(proposal.id, events, proposal.audit), []);
  return {
    proposal,
    events,
    types: events.map(({ type }) => type),
    invocations: await world.invocations(incident.id),
    tasks: await world.gateIncidents("task"),
    alarms: (await world.gate.ledger.alarms(50)).map(({ kind }) => kind).sort(),
  };
}

/**
 * Each run that has begun with what it found in the incident's custom fields, and what was claimed for its proposal; of
 * those fields only that the claim names. Runs that no proposal is known to have are left out.
 */
export async function fieldsFound(world: World): Promise<{ found: Json; claimed: Json }[]> {
  const { runs } = (await world.onPagerDuty("GET", "/_emulator/runs")).body;
  return Promise.all(
    runs.map(async ({ id, fields_found: all }: Json) => {
      const proposalId = await world.gate.ledger.link(`invocation/${id}`);
      const events = proposalId === null ? [] : await world.gate.ledger.events(proposalId);
      const claimed: Json = events.findLast(({ type }) => type === "execution.claimed")?.data;
      const names = Object.keys(claimed?.customFields ?? {});
      return {
        found: Object.fromEntries(names.map((name) => [name, all[name]])),
        claimed: claimed?.customFields ?? {},
      };
    }),
  );
}

/** `kind reason`, how many runs, how many manual tasks. */
export function ended({ proposal, invocations, tasks }: Seen): string {
  const { outcome } = proposal;
  assert.ok(proposal.closedAtMs !== null, "it is not closed");
  return `${outcome?.kind} ${outcome?.reason}, ${invocations.length} runs, ${tasks.length} tasks`;
}

export const EXECUTED = "executed completed, 1 runs, 0 tasks";
