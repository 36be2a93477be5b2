import assert from "node:assert/strict";
import fc from "fast-check";
import type { DedupeChange, Idempotency, Ledger } from "../../functions/gate/ports/index.ts";
import type { Subject } from "./ledgerSubject.ts";
import type { TestClock } from "./proposals.ts";
import { START_MS, anEventSource, newProposal, nextVersion } from "./proposals.ts";

/** One proposal as the model remembers it. `cooling` is what is left of it after it gave the key back. */
interface Remembered {
  id: string;
  key: string;
  holds: boolean;
  cooling: { key: string; untilMs: number; scope: "all" | "events" } | null;
}

/** The dedupe, cool-down and idempotency rules, told by looking at all proposals there ever were. */
class Model {
  readonly proposals: Remembered[] = [];
  readonly #requests = new Map<string, { hash: string; id: string }>();

  recall(idempotency: Idempotency | undefined): string | null {
    const known =
      idempotency === undefined ? undefined : this.#requests.get(requestOf(idempotency));
    return known === undefined
      ? null
      : `${known.hash === idempotency?.requestHash ? "idempotencyKey" : "conflict"} ${known.id}`;
  }

  create(
    id: string,
    key: string,
    fromEvent: boolean,
    nowMs: number,
    idempotency: Idempotency | undefined,
  ): string {
    const recalled = this.recall(idempotency);
    if (recalled !== null) {
      return recalled;
    }
    const open = this.proposals.find((each) => each.holds && each.key === key);
    const cooling = this.proposals.find(
      ({ cooling: own }) =>
        own?.key === key && nowMs < own.untilMs && (own.scope === "all" || fromEvent),
    );
    const answer = open ?? cooling;
    if (idempotency !== undefined) {
      const { requestHash: hash } = idempotency;
      this.#requests.set(requestOf(idempotency), { hash, id: answer?.id ?? id });
    }
    if (answer !== undefined) {
      return `${answer === open ? "open" : "coolDown"} ${answer.id}`;
    }
    this.proposals.push({ id, key, holds: true, cooling: null });
    return "created";
  }

  save(saved: Remembered, change: DedupeChange): "saved" | "dedupe" {
    if (change.kind === "move") {
      const taken = this.proposals.some(
        (each) => each !== saved && each.holds && each.key === change.to,
      );
      if (taken) {
        return "dedupe";
      }
      if (saved.key !== change.to && saved.cooling?.key === saved.key) {
        saved.cooling = null;
      }
      saved.key = change.to;
      saved.holds = true;
      return "saved";
    }
    saved.holds = false;
    if (change.kind === "release") {
      if (saved.cooling?.key === saved.key) {
        saved.cooling = null;
      }
      return "saved";
    }
    for (const other of this.proposals) {
      if (other.cooling?.key === saved.key) {
        other.cooling = null;
      }
    }
    saved.cooling = { key: saved.key, untilMs: change.untilMs, scope: change.scope };
    return "saved";
  }
}

const requestOf = ({ scope, key }: Idempotency): string => JSON.stringify([scope, key]);

const key = fc.constantFrom("k1", "k2", "k3");
const step = fc.oneof(
  fc.record({
    do: fc.constant("create" as const),
    key,
    fromEvent: fc.boolean(),
    idempotency: fc.option(
      fc.record({
        scope: fc.constantFrom("ana", "ben"),
        key: fc.constantFrom("i1", "i2"),
        requestHash: fc.constantFrom("h1", "h2"),
      }),
      { freq: 3 },
    ),
  }),
  fc.record({ do: fc.constant("release" as const), which: fc.nat() }),
  fc.record({
    do: fc.constant("coolDown" as const),
    which: fc.nat(),
    forMs: fc.integer({ min: 0, max: 5 }),
    scope: fc.constantFrom("all" as const, "events" as const),
  }),
  fc.record({ do: fc.constant("move" as const), which: fc.nat(), key }),
  fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 6 }) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

export function dedupeModelContract(subject: Subject, runs: number): void {
  it("dedupes, cools down and replays as the model says, over random histories", async function () {
    let history = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
        history += 1;
        await follow(subject, `h${history}`, steps);
      }),
      { numRuns: runs },
    );
  });
}

/** Does the steps in the ledger and in the model. Histories share a ledger: their names are kept apart by `prefix`. */
async function follow(subject: Subject, prefix: string, steps: readonly Step[]): Promise<void> {
  const { ledger, clock } = subject;
  const model = new Model();
  let created = 0;
  for (const each of steps) {
    if (each.do === "wait") {
      clock.advance(each.ms);
    } else if (each.do === "create") {
      created += 1;
      const id = `${prefix} p${created}`;
      const dedupeKey = `${prefix} ${each.key}`;
      const own = each.idempotency;
      const idempotency = own === null ? undefined : { ...own, scope: `${prefix} ${own.scope}` };
      const source = each.fromEvent ? anEventSource : ({ kind: "api" } as const);
      const { proposal, events } = newProposal(id, { dedupeKey, source });
      if (idempotency !== undefined) {
        const recalled = await ledger.recall(idempotency);
        const told = recalled === null ? null : `${recalled.joined} ${recalled.proposal.id}`;
        assert.equal(told, model.recall(idempotency));
      }
      const options = idempotency === undefined ? {} : { idempotency };
      const result = await ledger.create(proposal, events, options);
      const told = result.created ? "created" : `${result.joined} ${result.proposal.id}`;
      assert.equal(told, model.create(id, dedupeKey, each.fromEvent, clock.now(), idempotency));
    } else if (model.proposals.length > 0) {
      const saved = model.proposals[each.which % model.proposals.length];
      assert.ok(saved !== undefined);
      const change = changeOf(each, prefix, clock);
      const result = await saveWith(ledger, saved.id, change);
      assert.equal(result, model.save(saved, change));
    }
  }
}

function changeOf(
  each: Exclude<Step, { do: "create" | "wait" }>,
  prefix: string,
  clock: TestClock,
): DedupeChange {
  if (each.do === "release") {
    return { kind: "release" };
  }
  return each.do === "move"
    ? { kind: "move", to: `${prefix} ${each.key}` }
    : { kind: "coolDown", untilMs: clock.now() + each.forMs, scope: each.scope };
}

async function saveWith(ledger: Ledger, id: string, dedupe: DedupeChange) {
  const before = await ledger.get(id);
  assert.ok(before !== null);
  const changes = dedupe.kind === "move" ? { dedupeKey: dedupe.to } : {};
  const next = nextVersion(before.proposal, changes, [{ type: dedupe.kind, data: { START_MS } }]);
  return ledger.save(next.proposal, next.events, { dedupe });
}
