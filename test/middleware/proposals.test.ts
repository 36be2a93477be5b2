import assert from "node:assert/strict";
import type { HttpRequest } from "../../functions/http.ts";
import type { MiddlewarePorts } from "../../functions/middleware/ports.ts";
import { showProposal } from "../../functions/middleware/proposals.ts";
import { finish, propose } from "../harness/case.ts";
import { gatingOf } from "../harness/gating.ts";
import { OPERATOR_TOKEN, OTHER_TOKEN, PROPOSER_TOKEN, World, type Json } from "../harness/world.ts";
import { errorBody } from "../harness/errorBody.ts";

const OPERATOR = { authorization: `Bearer ${OPERATOR_TOKEN}` };
const OTHER = { authorization: `Bearer ${OTHER_TOKEN}` };
const ANONYMOUS = { authorization: "" };

describe("The proposal routes", () => {
  let world: World;
  let incident: Json;

  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());
  beforeEach(async () => {
    await world.begin({ gating: gatingOf() });
    incident = await world.openIncident();
  });

  const good = () => ({
    incident_id: incident.id,
    service: "payments-db",
    runbook: "failover",
    justification: "CPU at 98 %",
  });
  const all = async () => (await world.gate.ledger.list({})).proposals;

  describe("a malformed proposal is refused with a reason and not stored", () => {
    const cases: readonly [string, (body: Json) => unknown, string][] = [
      ["no JSON", () => "{", "the body must be a JSON object"],
      ["a list", () => [], "the body must be a JSON object, got a list"],
      [
        "neither incident nor alert",
        ({ incident_id: _, ...rest }) => rest,
        "`incident_id` or `alert_key` is required",
      ],
      [
        "an incident's number for its id",
        (body) => ({ ...body, incident_id: "INC-4421" }),
        '`incident_id` must be PagerDuty\'s id of the incident, like "Q1A2B3C4D5E6F7"; "INC-4421" is its number',
      ],
      [
        "an incident's number without letters",
        (body) => ({ ...body, incident_id: "4421" }),
        '`incident_id` must be PagerDuty\'s id of the incident, like "Q1A2B3C4D5E6F7"; "4421" is its number',
      ],
      [
        "a key that objects lose",
        (body) => `{"__proto__": 1, ${JSON.stringify(body).slice(1)}`,
        "`__proto__` is not known",
      ],
      [
        "a parameter that objects lose",
        (body) => `{"parameters": {"__proto__": 1}, ${JSON.stringify(body).slice(1)}`,
        "`parameters.__proto__` is not known",
      ],
      [
        "lists in lists without end",
        (body) => ({ ...body, evidence: [[[[[[[[[['[{\\"]']]]]]]]]]] }),
        "the body must not be nested more than 10 levels deep",
      ],
      [
        "depth alone",
        () => "[".repeat(30_000),
        "the body must not be nested more than 10 levels deep",
      ],
      [
        "a key that stands twice",
        (body) => `{"runbook": "restart", ${JSON.stringify(body).slice(1)}`,
        "the body must have each key of an object once, got `runbook` twice",
      ],
      [
        "a parameter that stands twice",
        (body) =>
          `{"parameters": {"max_replicas": 2, "max_replicas": 5}, ${JSON.stringify(body).slice(1)}`,
        "the body must have each key of an object once, got `max_replicas` twice",
      ],
      ["no justification", ({ justification: _, ...rest }) => rest, "`justification` is required"],
      [
        "an empty justification",
        (body) => ({ ...body, justification: "  " }),
        "`justification` must not be empty",
      ],
      [
        "an unknown key",
        (body) => ({ ...body, approved: true }),
        "`approved` is not known; allowed: incident_id, alert_key, service, runbook, parameters, justification, evidence, severity, affected_regions, summary. With `Authorization: Bearer` the runbook's parameters stand in `parameters`; a flat body comes with `x-gate-token`",
      ],
      [
        "a runbook that is no text",
        (body) => ({ ...body, runbook: 7 }),
        "`runbook` must be a string, got a number",
      ],
      [
        "a summary that is too long",
        (body) => ({ ...body, summary: "x".repeat(301) }),
        "`summary` must have at most 300 characters",
      ],
      ...["alert_key", "severity", "summary", "runbook"].flatMap(
        (key): [string, (body: Json) => unknown, string][] => [
          [
            `a ${key} that is shown backwards`,
            (body) => ({ ...body, [key]: "a \u202E b" }),
            `\`${key}\` must be text without invisible and control characters, got U+202E`,
          ],
          [
            `a ${key} of two lines`,
            (body) => ({ ...body, [key]: "a\nb" }),
            `\`${key}\` must be text without invisible and control characters, got U+000A`,
          ],
        ],
      ),
      [
        "a region with a null character",
        (body) => ({ ...body, affected_regions: ["eu", "us\0"] }),
        "`affected_regions.1` must be text without invisible and control characters, got U+0000",
      ],
      [
        "a justification that hides a part of itself",
        (body) => ({ ...body, justification: "safe\u2066hidden" }),
        "`justification` must be text without invisible and control characters other than line breaks and tabs, got U+2066",
      ],
      [
        "evidence with a terminal's control sequence",
        (body) => ({ ...body, evidence: ["https://a.example", "\u001B[2J"] }),
        "`evidence` must be text without invisible and control characters other than line breaks and tabs, got U+001B",
      ],
      [
        "evidence with half a character",
        (body) => ({ ...body, evidence: "\uD83D!" }),
        "`evidence` must be text without invisible and control characters other than line breaks and tabs, got U+D83D",
      ],
      [
        "evidence of another kind",
        (body) => ({ ...body, evidence: { a: 1 } }),
        "`evidence` must be a string or a list of strings, got an object",
      ],
      [
        "a parameter that is no scalar",
        (body) => ({ ...body, parameters: { max_replicas: [1] } }),
        "`parameters.max_replicas` must be a string of at most 1024 characters, a number, true or false, got a list",
      ],
      [
        "an unknown parameter",
        (body) => ({ ...body, parameters: { replicas: 1 } }),
        '`parameters` of runbook `failover` must not hold "replicas": it takes `max_replicas`; did you mean `max_replicas`?',
      ],
      [
        "a parameter out of range",
        (body) => ({ ...body, parameters: { max_replicas: 6 } }),
        "`parameters.max_replicas` must be a whole number between 1 and 5, got 6",
      ],
      [
        "an unknown runbook",
        (body) => ({ ...body, runbook: "reboot" }),
        '`runbook`: payments-db has no runbook "reboot"; allowed: failover, handover, raise, workflow',
      ],
      [
        "a runbook that every object has",
        (body) => ({ ...body, runbook: "constructor" }),
        '`runbook`: payments-db has no runbook "constructor"; allowed: failover, handover, raise, workflow',
      ],
      [
        "a service that is not gated",
        (body) => ({ ...body, service: "search" }),
        '`runbook`: service "search" is not listed in the gating, and "failover" is not among the default runbooks; allowed: none',
      ],
    ];
    for (const [what, change, text] of cases) {
      it(what, async () => {
        const answer = await world.onGate("POST", "/proposals", change(good()));
        assert.equal(answer.status, 400);
        assert.equal(answer.body.error, text);
        assert.deepEqual(answer.body.problems, [text]);
        assert.deepEqual(await all(), []);
      });
    }

    for (const [wait, shown] of [
      ["26", "26"],
      ["-1", "-1"],
      ["soon", "soon"],
      ["Infinity", "Infinity"],
    ]) {
      it(`a \`wait\` of ${wait}`, async () => {
        const answer = await world.onGate("POST", `/proposals?wait=${wait}`, good());
        assert.equal(answer.status, 400);
        assert.equal(
          answer.body.error,
          `\`wait\` must be a number of seconds from 0 to 25, got "${shown}"`,
        );
      });
    }

    it("an idempotency key that is too long", async () => {
      const headers = { "idempotency-key": "k".repeat(256) };
      const answer = await world.onGate("POST", "/proposals", good(), headers);
      assert.equal(answer.status, 400);
      assert.equal(
        answer.body.error,
        "`Idempotency-Key` must not be longer than 255 characters, got 256",
      );
    });

    it("bytes that are no UTF-8, on either channel", async () => {
      const text = JSON.stringify({ ...good(), justification: "caf\u00e9" });
      for (const headers of [
        { authorization: `Bearer ${PROPOSER_TOKEN}` },
        { "x-gate-token": PROPOSER_TOKEN },
      ]) {
        const answer = await fetch(`${world.gate.url}/proposals`, {
          method: "POST",
          headers: { ...headers, "content-type": "application/json" },
          body: Buffer.from(text, "latin1"),
        });
        assert.equal(answer.status, 400);
        const { error } = (await answer.json()) as { error: string };
        assert.equal(error, "the body must be UTF-8, and is not");
      }
    });

    it("a body over 64 KiB", async () => {
      const answer = await world.onGate("POST", "/proposals", "x".repeat(65_537));
      assert.equal(answer.status, 413);
      assert.equal(answer.body.error, "the body must not be larger than 65536 bytes");
    });
  });

  it("lines and tabs in justification and evidence are kept as they are", async () => {
    const answer = await world.onGate("POST", "/proposals", {
      ...good(),
      justification: "CPU at 98 %\r\n\tfor 8 minutes 🔥",
      evidence: "a\nb",
    });
    assert.equal(answer.status, 202);
    const [proposal] = await all();
    assert.equal(proposal?.request.justification, "CPU at 98 %\n\tfor 8 minutes 🔥");
    assert.deepEqual(proposal.request.evidence, ["a\nb"]);
  });

  describe("who asks", () => {
    for (const [what, headers] of [
      ["without a token", ANONYMOUS],
      ["with a wrong token", { authorization: `Bearer ${PROPOSER_TOKEN}x` }],
      ["with a part of the token", { authorization: `Bearer ${PROPOSER_TOKEN.slice(0, -1)}` }],
      ["with another scheme", { authorization: `Basic ${PROPOSER_TOKEN}` }],
    ] as const) {
      it(`${what}: 401 on every route, and nothing else`, async () => {
        const { body } = await propose(world, incident);
        for (const [method, path] of [
          ["POST", "/proposals"],
          ["GET", "/proposals"],
          ["GET", `/proposals/${body.id}`],
          ["GET", `/proposals/${body.id}/events`],
        ] as const) {
          const answer = await world.onGate(
            method,
            path,
            method === "POST" ? good() : undefined,
            headers,
          );
          assert.equal(answer.status, 401);
          assert.deepEqual(
            answer.body,
            errorBody(
              "tokenUnknown",
              "a known token is required, as `Authorization: Bearer` or `x-gate-token`",
            ),
          );
          assert.equal(answer.headers.get("www-authenticate"), "Bearer");
        }
        assert.equal((await all()).length, 1);
      });
    }

    const reads = (id: string) => [
      `/proposals/${id}`,
      `/proposals/${id}?wait=0.1`,
      `/proposals/${id}/events`,
    ];

    it("another proposer's proposal looks like none, open or ended, also to who waits for it", async () => {
      const { body } = await propose(world, incident);
      for (const what of ["open", "ended"]) {
        for (const path of reads(body.id)) {
          const answer = await world.onGate("GET", path, undefined, OTHER);
          assert.deepEqual(
            [answer.status, answer.body],
            [404, errorBody("proposalUnknown", `no proposal "${body.id}"`)],
            `${what} ${path}`,
          );
          assert.equal((await world.onGate("GET", path, undefined, OPERATOR)).status, 200);
          assert.equal((await world.onGate("GET", path)).status, 200);
        }
        await finish(world);
      }
    });

    it("a proposer whose proposal joined another's may follow that one, before and after the worker knows", async () => {
      const { body } = await propose(world, incident);
      const joined = await world.onGate("POST", "/proposals", good(), OTHER);
      assert.deepEqual([joined.status, joined.body.id], [200, body.id]);
      for (const what of ["told", "known", "ended"]) {
        for (const path of reads(body.id)) {
          const answer = await world.onGate("GET", path, undefined, OTHER);
          assert.equal(answer.status, 200, `${what} ${path}`);
        }
        await (what === "told" ? world.settle() : finish(world));
      }
    });

    it("keeps everybody who joined, however many there are", async () => {
      const { body } = await propose(world, incident);
      for (let i = 0; i < 45; i += 1) {
        const data = { proposer: `agent-${i}` };
        await world.gate.ledger.hint(body.id, { id: `joined/${i}`, kind: "joined", atMs: 0, data });
      }
      await world.onGate("POST", "/proposals", good(), OTHER);
      await world.settle();
      const stored = await world.gate.ledger.get(body.id);
      assert.deepEqual([stored?.hints.length, stored?.proposal.joinedBy.length], [0, 46]);
      const answer = await world.onGate("GET", `/proposals/${body.id}`, undefined, OTHER);
      assert.equal(answer.status, 200);
    });

    it("an id that no store could look for is one of none", async () => {
      const answer = await world.onGate("GET", `/proposals/${"x".repeat(3_000)}`);
      assert.equal(answer.status, 404);
    });

    it("only an operator may list", async () => {
      await propose(world, incident, {}, OPERATOR);
      const unknown = await world.onGate("GET", "/proposals/prop_unknown");
      assert.equal(unknown.status, 404);
      assert.equal(unknown.body.error, 'no proposal "prop_unknown"');
      const list = await world.onGate("GET", "/proposals?open=true", undefined, OPERATOR);
      assert.equal(list.body.proposals.length, 1);
      const forbidden = await world.onGate("GET", "/proposals");
      assert.equal(forbidden.status, 403);
      assert.equal(forbidden.body.error, "only an operator's token may list proposals");
    });

    for (const [query, text] of [
      ["limit=0", '`limit` must be a whole number from 1 to 200, got "0"'],
      ["limit=many", '`limit` must be a whole number from 1 to 200, got "many"'],
      ["open=yes", '`open` must be "true" or "false", got "yes"'],
      ...["INC-4421", "4421"].map((id) => [
        `incident_id=${id}`,
        `\`incident_id\` must be PagerDuty's id of the incident, like "Q1A2B3C4D5E6F7"; "${id}" is its number, got "${id}"`,
      ]),
    ]) {
      it(`a list with ${query} is refused`, async () => {
        const answer = await world.onGate("GET", `/proposals?${query}`, undefined, OPERATOR);
        assert.equal(answer.status, 400);
        assert.equal(answer.body.error, text);
      });
    }
  });

  it("a refused proposal of an agent is told of by a line and a metric, and alarms nobody", async () => {
    const odd = { "my-password": "hunter2", parameters: { max_replicas: 9 } };
    const answer = await propose(world, incident, odd);
    assert.equal(answer.status, 400);
    const [line] = world.log.lines.filter((one) => one.includes("proposal.refused"));
    assert.deepEqual(JSON.parse(line ?? ""), {
      level: "warn",
      message: "proposal.refused",
      proposer: "agent",
      channel: "api",
      status: 400,
      fields: ["(unknown)"],
    });
    const { ProposalRefused: counted } = world.metrics.counts();
    assert.equal(counted, 1);
    assert.deepEqual(await world.gate.ledger.alarms(10), []);
  });

  it("a proposer does not get the link to the review, which may need no login", async () => {
    const { body } = await propose(world, incident);
    await world.settle();
    const path = `/proposals/${body.id}`;
    assert.equal((await world.onGate("GET", path)).body.review_url, null);
    const operators = await world.onGate("GET", path, undefined, OPERATOR);
    assert.match(operators.body.review_url, /^http/);
    const trail = await world.onGate("GET", `${path}/events`);
    assert.ok(!JSON.stringify(trail.body).includes(operators.body.review_url));
  });

  describe("an Event Orchestration rule's webhook action", () => {
    const send = (body: unknown, token = PROPOSER_TOKEN) =>
      world.onGate("POST", "/proposals", body, { ...ANONYMOUS, "x-gate-token": token });

    it("proposes with a flat object of texts", async () => {
      const answer = await send({
        dedup_key: "db-7",
        incident_id: "",
        service: "payments-db",
        runbook: "failover",
        max_replicas: "2",
        affected_regions: "us-east-1, eu-west-1",
        severity: "critical",
      });
      assert.equal(answer.status, 202);
      assert.equal(answer.body.source, "orchestration");
      const [proposal] = await all();
      assert.deepEqual(proposal?.request.parameters, { max_replicas: 2 });
      assert.deepEqual(proposal?.request.regions, ["us-east-1", "eu-west-1"]);
      assert.equal(proposal?.request.justification, "An Event Orchestration rule proposes it.");
    });

    it("is taken with texts of a template that nobody can bound, cut with a mark", async () => {
      const answer = await send({
        ...good(),
        summary: "s".repeat(1_024),
        justification: "j".repeat(20_000),
        severity: "x".repeat(1_000),
        affected_regions: `eu, ${"us".repeat(2_000)}, eu`,
      });
      assert.equal(answer.status, 202);
      const { request } = (await all())[0] ?? {};
      assert.deepEqual([request?.summary?.length, request?.summary?.slice(-7)], [300, "… [cut]"]);
      assert.deepEqual(
        [request?.justification.length, request?.justification.slice(-7)],
        [4_000, "… [cut]"],
      );
      assert.equal(request?.severity?.length, 200);
      assert.deepEqual(
        request?.regions.map((region) => region.length),
        [2, 200],
      );
    });

    for (const [what, more, problem] of [
      ["a key that identifies an alert", { dedup_key: "k".repeat(256) }, "`dedup_key` "],
      ["an incident's number", { incident_id: "4421" }, "`incident_id` "],
      [
        "more regions than anybody could look at",
        { affected_regions: Array.from({ length: 51 }, (_, index) => `r${index}`).join(",") },
        "`affected_regions` must name at most 50 regions, got 51",
      ],
    ] as const) {
      it(`is refused with ${what} that cannot be cut`, async () => {
        const answer = await send({ ...good(), ...more });
        assert.equal(answer.status, 400);
        assert.ok(String(answer.body.error).startsWith(problem), answer.body.error);
      });
    }

    it("leaves a trace when it is refused: a line, a metric, and one alarm an hour", async () => {
      const refused = () => send({ ...good(), runbook: "secret-name", max_replicas: "9" });
      assert.equal((await refused()).status, 400);
      assert.equal((await refused()).status, 400);
      const alarms = await world.gate.ledger.alarms(10);
      assert.deepEqual(
        alarms.map(({ kind, text }) => [kind, text]),
        [
          [
            "proposalRefused",
            "What an Event Orchestration rule proposes as agent is refused, and so lost (wrong: runbook). Correct the rule, or the gating.",
          ],
        ],
      );
      world.clock.advance(3_600_000);
      await refused();
      assert.equal((await world.gate.ledger.alarms(10)).length, 2);
      const lines = world.log.lines.filter((line) => line.includes("proposal.refused"));
      assert.deepEqual(JSON.parse(lines[0] ?? ""), {
        level: "warn",
        message: "proposal.refused",
        proposer: "agent",
        channel: "orchestration",
        status: 400,
        fields: ["runbook"],
      });
      assert.doesNotMatch(lines.join(), /secret-name/);
      const { ProposalRefused: counted } = world.metrics.counts();
      assert.equal(counted, 3);
    });

    it("drops what an alert brings that would mislead the reviewer", async () => {
      const answer = await send({
        ...good(),
        summary: "CPU\u202E at\n9\u200B8 %",
        severity: "critical\u202E",
        affected_regions: "eu\u2066,us",
        justification: "one\r\n\ttwo\u0007",
      });
      assert.equal(answer.status, 202);
      const [proposal] = await all();
      assert.equal(proposal?.request.summary, "CPU at 98 %");
      assert.equal(proposal.request.severity, "critical");
      assert.deepEqual(proposal.request.regions, ["eu", "us"]);
      assert.equal(proposal.request.justification, "one\n\ttwo");
    });

    it("is refused with a key that would be shown as another", async () => {
      const answer = await send({ ...good(), dedup_key: "key\u202E" });
      assert.equal(answer.status, 400);
      assert.equal(
        answer.body.error,
        "`dedup_key` must be text without invisible and control characters, got U+202E",
      );
    });

    it("is refused with a reason when a parameter does not fit", async () => {
      const answer = await send({ ...good(), max_replicas: "many" });
      assert.equal(answer.status, 400);
      assert.equal(
        answer.body.error,
        '`parameters.max_replicas` must be a whole number between 1 and 5, got "many"',
      );
    });

    it("is refused without a key of incident or alert", async () => {
      const answer = await send({ service: "payments-db", runbook: "failover", dedup_key: " " });
      assert.equal(answer.status, 400);
      assert.equal(answer.body.error, "`dedup_key` or `incident_id` is required");
    });

    it("is refused with a wrong token", async () => {
      assert.equal((await send(good(), "wrong")).status, 401);
    });
  });

  describe("waiting", () => {
    it("gives the outcome as soon as there is one", async () => {
      await world.begin({ gating: gatingOf({ decision: "deny" }) });
      incident = await world.openIncident();
      const answer = await world.onGate("POST", "/proposals?wait=20", good());
      assert.equal(answer.status, 202);
      assert.equal(answer.body.final, true);
      assert.equal(answer.body.outcome.reason, "deniedByPolicy");
      assert.equal(answer.headers.get("location"), `/proposals/${answer.body.id}`);
    });

    it("gives what there is when the time is over", async () => {
      const answer = await world.onGate("POST", "/proposals?wait=0.1", good());
      assert.equal(answer.status, 202);
      assert.equal(answer.body.final, false);
      const later = await world.onGate("GET", `/proposals/${answer.body.id}?wait=0.1`);
      assert.equal(later.body.status, "awaitingDecision");
    });

    it("counts what its own reads take", async () => {
      const { body } = await world.onGate("POST", "/proposals", good());
      const stored = await world.gate.ledger.get(body.id);
      let nowMs = 0;
      const ports = {
        clock: { now: () => nowMs },
        sleep: async (ms: number) => void (nowMs += ms),
        ledger: { get: async () => ((nowMs += 100), stored) },
      } as unknown as MiddlewarePorts;
      const request = { params: { id: body.id }, query: { wait: "25" } };
      const answer = await showProposal(ports, request as unknown as HttpRequest, {
        name: "agent",
        isOperator: false,
        channel: "api",
      });
      assert.equal(answer.status, 200);
      assert.ok(nowMs >= 25_000 && nowMs <= 25_100, `${nowMs} ms`);
    });
  });

  it("shows the audit trail with the head that it ends in", async () => {
    const { body } = await propose(world, incident);
    await finish(world);
    const trail = (await world.onGate("GET", `/proposals/${body.id}/events`)).body;
    assert.equal(trail.proposal, body.id);
    assert.equal(trail.head.seq, trail.events.length);
    assert.equal(trail.head.head, trail.events.at(-1).hash);
    assert.equal(trail.events[0].type, "proposal.received");
  });

  it("refuses what is proposed for an incident that the gate made, and makes no further one", async () => {
    await propose(world, incident);
    await finish(world);
    const [task] = await world.gateIncidents("task");
    const [made] = await all();
    const answer = await propose(world, task);
    assert.equal(answer.status, 409);
    assert.equal(
      answer.body.error,
      `\`incident_id\`: ${task.id} was made by the gate itself, for ${made?.id}; nothing is proposed for it`,
    );
    assert.equal((await all()).length, 1);
  });

  it("answers 202 when only the queue is away: the sweep finds the proposal", async () => {
    world.tap = (call, _args, run) =>
      call === "queue.send" ? Promise.reject(new Error("down")) : run();
    const answer = await propose(world, incident);
    assert.equal(answer.status, 202);
    await finish(world);
    assert.equal((await all())[0]?.outcome?.reason, "expired");
  });

  it("answers 503 when nothing can be stored", async () => {
    world.tap = (call, _args, run) =>
      call === "ledger.create" ? Promise.reject(new Error("down")) : run();
    const answer = await propose(world, incident);
    assert.equal(answer.status, 503);
    assert.equal(answer.body.error, "the gate cannot reach its store; try again");
  });

  it("GET /healthz tells everybody whether the store answers, and nothing else", async () => {
    const health = () => world.onGate("GET", "/healthz", undefined, ANONYMOUS);
    const off = await health();
    assert.deepEqual(off.body, { status: "ok" });
    const atMs = world.clock.now();
    await world.gate.ledger.setKillSwitch({ on: true, reason: "drill", by: "jo", atMs });
    assert.deepEqual((await health()).body, off.body);
    world.tap = (call, _args, run) =>
      call === "ledger.killSwitch" ? Promise.reject(new Error("down")) : run();
    assert.equal((await health()).status, 503);
  });

  it("GET /healthz tells the kill switch and the gate's time to whoever shows a known token", async () => {
    const health = (headers?: Record<string, string>) =>
      world.onGate("GET", "/healthz", undefined, headers);
    assert.deepEqual((await health()).body, {
      status: "ok",
      kill_switch: { on: false },
      time: "2026-11-23T10:00:00.000Z",
    });
    const atMs = world.clock.now();
    await world.gate.ledger.setKillSwitch({ on: true, reason: "drill", by: "jo", atMs });
    const { kill_switch: killSwitch } = (await health()).body;
    assert.deepEqual(killSwitch, { on: true, since: "2026-11-23T10:00:00.000Z" });
    assert.equal((await health({ authorization: "Bearer somebody-elses-token-1" })).status, 401);
  });
});
