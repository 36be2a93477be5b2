// What is done outside, and what is not because it comes too late.
import assert from "node:assert/strict";
import type { Effect } from "../../functions/gate/lifecycle/known.ts";
import { RemoteError, type Permission } from "../../functions/gate/ports/index.ts";
import { perform } from "../../functions/worker/effects.ts";
import type { WorkerPorts } from "../../functions/worker/ports.ts";
import { START_MS, VirtualClock } from "../harness/clock.ts";

const LEASE_MS = 30_000;
const EXECUTE: Effect = {
  kind: "execute",
  claimedAtMs: START_MS,
  order: {
    target: { kind: "automationAction", actionId: "01DBFAILOVER" },
    incidentId: "PINC1",
    customFields: {},
    mark: "prop_1",
  },
};
const NOTE: Effect = {
  kind: "note",
  duty: "noteEnded",
  incidentId: "PINC1",
  content: "[gate prop_1 ended]",
  claimedAtMs: START_MS,
};
const FRESH: Permission = { look: () => Promise.resolve(), stillFresh: () => undefined };

describe("an effect", () => {
  const clock = new VirtualClock();
  let done: string[];
  let fault: Error | null;
  beforeEach(() => {
    clock.nowMs = START_MS;
    done = [];
    fault = null;
  });

  const doing = <T>(name: string, answer: T) => {
    done.push(name);
    return fault === null ? Promise.resolve(answer) : Promise.reject(fault);
  };
  const silent = () => undefined;
  const ports = {
    clock,
    settings: { leaseMs: LEASE_MS, settleMs: 60_000 },
    pagerDuty: {
      execute: () => doing("execute", { invocationId: "INV1", state: "created", agentId: null }),
      addNote: () => doing("note", { id: "N1" }),
    },
    log: { debug: silent, info: silent, warn: silent, error: silent },
    metrics: { count: silent },
  } as unknown as WorkerPorts;
  const doneOf = async (effect: Effect, permission = FRESH) => {
    const result = await perform(ports, effect, "token", permission);
    return result.ok ? "ok" : `${result.error.message}, nothingDone ${result.error.nothingDone}`;
  };

  it("that runs something asks its permission before anything of it is sent", async () => {
    const stillFresh = () => {
      throw new RemoteError("not sent: too late", { nothingDone: true, retryable: true });
    };
    assert.equal(
      await doneOf(EXECUTE, { ...FRESH, stillFresh }),
      "not sent: too late, nothingDone true",
    );
    assert.deepEqual(done, []);
    assert.equal(await doneOf(EXECUTE), "ok");
    assert.deepEqual(done, ["execute"]);
  });

  it("that is owed to people is done up to half of its lease, so that it is over before another does it", async () => {
    clock.advance(LEASE_MS / 2);
    assert.equal(
      await doneOf(NOTE),
      "not sent: 15000 ms had gone since everything was checked, nothingDone true",
    );
    assert.deepEqual(done, []);
    clock.advance(-1);
    assert.equal(await doneOf(NOTE), "ok");
    assert.deepEqual(done, ["note"]);
  });

  it("may have been done where the gate itself fails at it", async () => {
    fault = new TypeError("x is not a function");
    for (const effect of [EXECUTE, NOTE]) {
      assert.equal(
        await doneOf(effect),
        "unexpected: x is not a function, nothingDone false",
        effect.kind,
      );
    }
  });

  it("was not done where the other side says so", async () => {
    fault = new RemoteError("400", { nothingDone: true, retryable: false });
    assert.equal(await doneOf(EXECUTE), "400, nothingDone true");
  });
});
