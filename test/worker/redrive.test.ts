import assert from "node:assert/strict";
import { writeWorkItem } from "../../functions/aws/sqsQueue.ts";
import type { WorkItem } from "../../functions/gate/ports/index.ts";
import { redrive, type DeadLetter, type DeadLetters } from "../../functions/worker/redrive.ts";
import { answer, asked, ended, EXECUTED, finish, propose, see } from "../harness/case.ts";
import { gatingOf } from "../harness/gating.ts";
import { World, type Json } from "../harness/world.ts";

/** As SQS: what was taken stays away for a while, and comes back unless it was removed. */
class Letters implements DeadLetters {
  letters: DeadLetter[] = [];
  givenBack: string[] = [];
  #taken = 0;

  put(...bodies: string[]): void {
    for (const body of bodies) {
      const id = `m${this.letters.length + 1}`;
      this.letters.push({ id, receipt: id, body });
    }
  }

  async take(): Promise<DeadLetter[]> {
    const found = this.letters.slice(this.#taken, this.#taken + 10);
    this.#taken += found.length;
    return found;
  }

  async remove({ receipt }: DeadLetter): Promise<void> {
    const before = this.letters.length;
    this.letters = this.letters.filter((letter) => letter.receipt !== receipt);
    this.#taken -= before - this.letters.length;
  }

  async giveBack({ receipt }: DeadLetter): Promise<void> {
    assert.ok(this.letters.some((letter) => letter.receipt === receipt));
    this.givenBack.push(receipt);
    this.#taken = 0;
  }

  comeBack(): void {
    this.#taken = 0;
  }
}

describe("Redriving dead letters", () => {
  let world: World;
  let deadLetters: Letters;
  let sent: WorkItem[];
  let incident: Json;

  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());
  beforeEach(async () => {
    await world.begin({ gating: gatingOf() });
    incident = await world.openIncident();
    deadLetters = new Letters();
    sent = [];
  });

  const queue = { send: async (items: readonly WorkItem[]) => void sent.push(...items) };
  const run = (dryRun = false, of = queue) =>
    redrive({ deadLetters, ledger: world.gate.ledger, queue: of }, { dryRun });
  const proposal = (id: string) => writeWorkItem({ kind: "proposal", id });
  const fates = (found: Awaited<ReturnType<typeof run>>) => found.map(({ fate }) => fate);

  it("queues what is open, removes what has ended, and leaves what it does not know", async () => {
    const { body: closed } = await propose(world, incident);
    await answer(world, "approved");
    await finish(world);
    const { body: open } = await propose(world, incident, { parameters: { max_replicas: 2 } });
    deadLetters.put(proposal(open.id), proposal(closed.id), proposal("prop_other"), "no item");
    deadLetters.put(writeWorkItem({ kind: "delivery", id: "unknown" }));

    assert.deepEqual(fates(await run(true)), ["queued", "done", "left", "left", "left"]);
    assert.deepEqual([deadLetters.letters.length, sent], [5, []]);
    // Who only looked leaves them to who acts right after.
    assert.deepEqual(deadLetters.givenBack, ["m1", "m2", "m3", "m4", "m5"]);

    deadLetters.givenBack = [];
    assert.deepEqual(fates(await run()), ["queued", "done", "left", "left", "left"]);
    assert.deepEqual(sent, [{ kind: "proposal", id: open.id }]);
    assert.deepEqual(deadLetters.givenBack, ["m3", "m4", "m5"]);
    assert.deepEqual(
      deadLetters.letters.map(({ id }) => id),
      ["m3", "m4", "m5"],
    );
  });

  it("queues what has ended where something was told of it since", async () => {
    const { body } = await propose(world, incident);
    await answer(world, "approved");
    await finish(world);
    deadLetters.put(proposal(body.id));
    assert.deepEqual(fates(await run(true)), ["done"]);
    const atMs = world.clock.now();
    await world.gate.ledger.hint(body.id, { id: "late", kind: "decision", atMs, data: {} });
    assert.deepEqual(fates(await run(true)), ["queued"]);
  });

  it("removes nothing that could not be queued", async () => {
    const { body } = await propose(world, incident);
    deadLetters.put(proposal(body.id));
    await assert.rejects(
      run(false, { send: () => Promise.reject(new Error("the queue does not answer")) }),
      { message: "the queue does not answer" },
    );
    assert.equal(deadLetters.letters.length, 1);
  });

  it("looks at every letter once, also those that come back meanwhile", async () => {
    deadLetters.put(...Array.from({ length: 25 }, (_, i) => proposal(`prop_none${i}`)));
    const take = deadLetters.take.bind(deadLetters);
    deadLetters.take = async () => {
      const found = await take();
      if (found.length === 0) {
        deadLetters.comeBack();
        return take();
      }
      return found;
    };
    const found = await run();
    assert.equal(new Set(found.map(({ id }) => id)).size, 25);
    assert.equal(found.length, 25);
  });

  it("never runs, asks or tells anything twice, however often a letter is taken up", async () => {
    const { body } = await propose(world, incident);
    const again = async () => {
      deadLetters.put(proposal(body.id), proposal(body.id));
      deadLetters.comeBack();
      await run();
      await world.lookAt(sent);
      await world.lookAt(sent);
      await world.settle();
    };
    await asked(world);
    await again();
    await answer(world, "approved");
    await again();
    await finish(world);
    await again();
    const seen = await see(world, incident);
    assert.equal(ended(seen), EXECUTED);
    assert.ok(sent.length >= 4);
    assert.equal(seen.types.filter((type) => type === "execution.claimed").length, 1);
    assert.equal(seen.types.filter((type) => type === "approval.submitted").length, 1);
    assert.deepEqual(deadLetters.letters, []);
  });
});
