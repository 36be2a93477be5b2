// Whoever waits for an outcome on AWS holds a concurrent execution, and an account has only so many for all functions.
import assert from "node:assert/strict";
import { handleMiddleware } from "../../functions/middleware/middleware.ts";
import type { MiddlewarePorts } from "../../functions/middleware/ports.ts";
import { sharedWaits } from "../../functions/middleware/waits.ts";
import type { HttpResponse } from "../../functions/http.ts";
import { randomIds } from "../../functions/ids.ts";
import { limitsFrom } from "../../functions/gate/ledger/admission.ts";
import { signPagerDuty } from "../../functions/pagerduty/signature.ts";
import { openSqliteLedger } from "../../local/ledger/ledger.ts";
import { createLocalSecrets } from "../../local/secrets.ts";
import { TestClock, newProposal } from "../contract/proposals.ts";
import { LogLines } from "../harness/log.ts";

const TOKEN = "proposer-token-of-the-test";
const SECRET = "webhook-secret-of-the-test";
/** What AWS always leaves to the functions that have nothing set aside. */
const EXECUTIONS = 100;
const WAIT_MS = 25_000;
const EVENT = JSON.stringify({
  event: { id: "01EVENT", event_type: "pagey.ping", data: { type: "ping", message: "hello" } },
});

describe("Callers who wait for an outcome", () => {
  let clock: TestClock;
  let log: LogLines;
  let ledger: ReturnType<typeof openSqliteLedger>;
  let ports: MiddlewarePorts;
  let underWay: number;
  let asleep: (() => void)[];

  beforeEach(async () => {
    clock = new TestClock();
    log = new LogLines();
    ledger = openSqliteLedger(":memory:", clock);
    underWay = 0;
    asleep = [];
    ports = {
      clock,
      ids: randomIds,
      ledger,
      queue: { send: () => Promise.resolve() },
      gating: {
        find: () => Promise.reject(new Error("not asked for")),
        inForce: () => Promise.reject(new Error("not asked for")),
        learn: () => Promise.reject(new Error("not asked for")),
      },
      limitsOf: limitsFrom(),
      secrets: createLocalSecrets({
        webhookSecrets: () => [SECRET],
        proposers: { remediator: TOKEN },
        operators: {},
      }),
      log,
      metrics: { count: () => undefined },
      sleep: (_ms, signal) =>
        new Promise((resolve) => {
          asleep.push(resolve);
          signal?.addEventListener("abort", () => resolve());
        }),
      mayWait: sharedWaits(ledger, clock, 30),
    };
    const { proposal, events } = newProposal("prop_open");
    await ledger.create(proposal, events);
  });
  afterEach(() => ledger.close());

  /** As Lambda: one request an execution, and 429 where there is none. */
  const invoke = async (
    route: string,
    more: { query?: Record<string, string>; headers: Record<string, string>; body?: string },
  ): Promise<Pick<HttpResponse, "status" | "headers">> => {
    if (underWay >= EXECUTIONS) {
      return { status: 429, headers: {} };
    }
    underWay += 1;
    try {
      const [method = "", path = ""] = route.split(" ");
      return await handleMiddleware(ports, route, {
        method,
        path,
        params: { id: "prop_open" },
        query: more.query ?? {},
        headers: more.headers,
        body: Buffer.from(more.body ?? ""),
      });
    } finally {
      underWay -= 1;
    }
  };
  const waiter = () =>
    invoke("GET /proposals/{id}", {
      query: { wait: `${WAIT_MS / 1_000}` },
      headers: { authorization: `Bearer ${TOKEN}` },
    });
  const webhook = () =>
    invoke("POST /pagerduty/webhook", {
      headers: {
        "x-webhook-id": "delivery-1",
        "x-pagerduty-signature": signPagerDuty(Buffer.from(EVENT), SECRET),
      },
      body: EVENT,
    });
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  const arrive = async (count: number) => {
    const waiters: ReturnType<typeof waiter>[] = [];
    for (let i = 0; i < count; i += 1) {
      waiters.push(waiter());
      await turn();
    }
    return waiters;
  };
  const end = async (waiters: ReturnType<typeof waiter>[]) => {
    clock.advance(WAIT_MS);
    asleep.forEach((wake) => wake());
    return Promise.all(waiters);
  };

  it("leave room for a webhook, however many they are", async () => {
    // At the worst time: what began in one span has not ended when the next one begins.
    clock.advance(20_000);
    const first = await arrive(150);
    clock.advance(15_000);
    const second = await arrive(150);
    assert.equal(underWay, 60);
    assert.equal((await webhook()).status, 202);
    const answers = await end([...first, ...second]);
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    const told = answers.filter(({ headers }) => headers["retry-after"] === "5");
    assert.equal(told.length, 300 - 60);
  });

  it("would take all of it without a cap", async () => {
    delete ports.mayWait;
    const waiters = await arrive(150);
    assert.equal(underWay, EXECUTIONS);
    assert.equal((await webhook()).status, 429);
    await end(waiters);
  });

  it("may wait again when the others have ended", async () => {
    await end(await arrive(150));
    assert.equal(underWay, 0);
    clock.advance(5_000);
    const waiters = await arrive(150);
    assert.equal(underWay, 30);
    await end(waiters);
  });

  it("do not wait where nobody can count them", async () => {
    ports.mayWait = () => Promise.reject(new Error("others kept counting"));
    const { status, headers } = await waiter();
    assert.deepEqual([status, headers["retry-after"]], [200, "5"]);
    assert.ok(log.lines.some((line) => line.includes("waits not counted")));
  });
});
