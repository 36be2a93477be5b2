import type { Known, Look, Looked } from "../gate/lifecycle/known.ts";
import type { TakenPlaces } from "../gate/ledger/brakes.ts";
import { isHeld } from "../gate/ledger/holds.ts";
import { raiseAlarm } from "../gate/ledger/alarms.ts";
import { RemoteError } from "../gate/ports/index.ts";
import type { Listed, No, Seen } from "../gate/ports/index.ts";
import { isByGate } from "./ownUser.ts";
import { canonicalJson } from "../gate/text/canonical.ts";
import { humansNo, joinedNo, noIn } from "../gate/ledger/noes.ts";
import type { DutyName, Incident, Proposal } from "../gate/proposal/proposal.ts";
import type { WorkerPorts } from "./ports.ts";

/**
 * What was known, and the answer to what the lifecycle asks, with the time at which it was asked. A store that fails
 * throws, a remote system that fails is an answer.
 */
export async function look(
  ports: WorkerPorts,
  proposal: Proposal,
  known: Known,
  question: Look,
): Promise<Known> {
  const atMs = ports.clock.now();
  const found = await answer(ports, proposal, question);
  const asked = Object.fromEntries(Object.keys(found).map((name) => [name, atMs]));
  return {
    ...known,
    ...found,
    askedAtMs: { ...known.askedAtMs, ...asked },
    nowMs: ports.clock.now(),
  };
}

async function answer(
  ports: WorkerPorts,
  proposal: Proposal,
  question: Look,
): Promise<Partial<Known>> {
  const { ledger, pagerDuty, cheqpoint, gating } = ports;
  switch (question.at) {
    case "gating":
      return { gating: await asked(ports, () => gating.find(question.service)) };
    case "incident":
      return { incident: await asked(ports, () => pagerDuty.incident(question.id)) };
    case "incidentsByAlert":
      return {
        incidentsByAlert: await asked(ports, async () =>
          readable(ports, await pagerDuty.incidentsByAlert(question.key)),
        ),
      };
    case "mergeTarget":
      return { mergeTarget: await asked(ports, () => mergeTarget(ports, question.id)) };
    case "several": {
      const found = await Promise.all(question.looks.map((one) => answer(ports, proposal, one)));
      return Object.assign({}, ...found) as Partial<Known>;
    }
    case "approvals": {
      const read = question.ids.map(
        async (id) => [id, await asked(ports, () => cheqpoint.read(id))] as const,
      );
      return { approvals: Object.fromEntries(await Promise.all(read)) };
    }
    case "invocation":
      return { invocation: await asked(ports, () => pagerDuty.invocation(question.id)) };
    case "candidates":
      return {
        candidates: await asked(ports, async () => {
          const found = await pagerDuty.invocations(question.incidentId, question.actionId);
          return Promise.all(
            found.map(async (one) => ({
              ...one,
              linkedTo: await ledger.link(`invocation/${one.id}`),
              firstSeenAtMs: (await ledger.getInvocation(one.id))?.firstSeenAtMs ?? null,
              byGate: await isByGate(ports, one.agentId),
            })),
          );
        }),
      };
    case "killSwitch":
      return { killSwitch: await ledger.killSwitch(proposal) };
    case "collection":
      return { collection: await ledger.collection(question.key) };
    case "task":
      return { task: await asked(ports, () => pagerDuty.incident(question.id)) };
    case "places":
      return { places: await placesAt(ports, question.keys) };
    case "others":
      return { others: await others(ports, proposal, question) };
    case "holders": {
      const holders = await Promise.all(
        question.keys.map(async (key) => ({ key, holder: await ledger.holder(key) })),
      );
      const atMs = ports.clock.now();
      return {
        holders: holders.flatMap(({ key, holder }) =>
          isHeld(holder, proposal.id, atMs) ? [{ key, holder }] : [],
        ),
      };
    }
    case "lastNo":
      return { lastNo: await lastNo(ports, proposal, question) };
    case "equalOpen":
      return { equalOpen: await equalOpen(ports, question) };
    case "service":
      return { service: await asked(ports, () => pagerDuty.findService(question.idOrName)) };
    case "trace":
      return {
        trace: {
          duty: question.duty,
          found: await asked(ports, () =>
            findTrace(ports, question.duty, question.incidentId, question.mark),
          ),
        },
      };
  }
}

/** Every proposal of an incident, newest first. */
export async function* proposalsOf(
  { ledger }: WorkerPorts,
  filter: { incidentId: string; open?: boolean },
): AsyncGenerator<Proposal> {
  let cursor: string | null = null;
  do {
    const page = await ledger.list({
      ...filter,
      limit: 200,
      ...(cursor === null ? {} : { cursor }),
    });
    yield* page.proposals;
    ({ cursor } = page);
  } while (cursor !== null);
}

async function placesAt({ ledger, clock }: WorkerPorts, keys: string[]): Promise<TakenPlaces> {
  const places = keys.map(async (key) => [key, await ledger.places(key, clock.now())] as const);
  return Object.fromEntries(await Promise.all(places));
}

/** The no that the ledger keeps under that name, joined with what an earlier release kept only in the proposals. */
async function lastNo(
  ports: WorkerPorts,
  proposal: Proposal,
  { name, incidentId }: Extract<Look, { at: "lastNo" }>,
): Promise<{ no: No | null; seen: Seen }> {
  const kept = await ports.ledger.lastNo(name);
  let { no } = kept;
  if (incidentId !== null) {
    for await (const other of proposalsOf(ports, { incidentId })) {
      const said = other.id === proposal.id ? null : noIn(other);
      no = said?.name === name ? joinedNo(no, said) : no;
    }
  }
  return { no, seen: kept.seen };
}

async function others(
  ports: WorkerPorts,
  { id }: Proposal,
  { incidentId, target }: Extract<Look, { at: "others" }>,
): Promise<NonNullable<Known["others"]>> {
  const open: Proposal[] = [];
  const rejected: Proposal[] = [];
  for await (const other of proposalsOf(ports, { incidentId })) {
    const same = canonicalJson(other.weighing?.runbook.target ?? null) === canonicalJson(target);
    if (other.id === id || !same) {
      continue;
    }
    if (other.outcome === null) {
      open.push(other);
    } else if (humansNo(other) !== null) {
      rejected.push(other);
    }
  }
  return { open, rejected };
}

async function equalOpen(
  ports: WorkerPorts,
  { incidentId, dedupeKey }: Extract<Look, { at: "equalOpen" }>,
): Promise<{ id: string } | null> {
  for await (const { id, dedupeKey: held, outcome } of proposalsOf(ports, {
    incidentId,
    open: true,
  })) {
    if (held === dedupeKey && outcome === null) {
      return { id };
    }
  }
  return null;
}

async function findTrace(
  ports: WorkerPorts,
  duty: DutyName,
  incidentId: string,
  mark: string,
): Promise<string | null> {
  if (duty === "manualTask" || duty === "escalation") {
    const [incident] = await readable(ports, await ports.pagerDuty.incidentsByKey(mark));
    return incident?.id ?? null;
  }
  const notes = await ports.pagerDuty.notes(incidentId);
  return notes.find((note) => note.content.startsWith(mark))?.id ?? null;
}

/** What was merged into that incident is where the last of further merges went. */
async function mergeTarget({ pagerDuty }: WorkerPorts, id: string): Promise<Incident | null> {
  const seen = new Set<string>();
  let found = await pagerDuty.incident(id);
  for (;;) {
    const next = found?.mergedInto?.id ?? null;
    if (found === null || next === null || seen.has(next)) {
      return found;
    }
    seen.add(next);
    found = (await pagerDuty.incident(next)) ?? found;
  }
}

/** What can be read of a list of incidents; people are told of each other one, once. */
async function readable(
  ports: WorkerPorts,
  { found, unreadable }: Listed<Incident>,
): Promise<Incident[]> {
  for (const { id, problem } of unreadable) {
    const name = id === null ? "An incident" : `Incident ${id}`;
    const text = `${name}, which PagerDuty lists, cannot be read (${problem}). The gate takes it neither for open nor for resolved, and runs nothing on it.`;
    const isNew = await raiseAlarm(ports, {
      key: `unintelligible/incident/${id ?? "unknown"}`,
      kind: "unintelligible",
      atMs: ports.clock.now(),
      text,
      proposalId: null,
      incidentId: id,
    });
    if (isNew) {
      ports.log.warn("incident not readable", { incidentId: id, problem });
    }
  }
  return found;
}

async function asked<T>(ports: WorkerPorts, call: () => Promise<T>): Promise<Looked<T>> {
  try {
    return { ok: true, value: await call() };
  } catch (error) {
    if (!(error instanceof RemoteError)) {
      throw error;
    }
    ports.metrics.count("RemoteFailure");
    return { ok: false, problem: error.message };
  }
}
