// Gate, PagerDuty and Cheqpoint of `npm start`; what the real services answer otherwise is not shown.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeAddress } from "../../../local/address.ts";
import { DEV_STACK, run } from "../support.ts";
import { DoctorBench, addressOf } from "./support.ts";

describe("gate doctor: gate, Cheqpoint and PagerDuty's side of it", function () {
  const bench = new DoctorBench();
  before(() => bench.start());
  after(() => bench.stop());
  beforeEach(() => bench.reset());

  it("finds nothing wrong with what `npm start` runs, and says what it cannot see", async () => {
    assert.deepEqual(await bench.problems(), []);
    const { code, out } = await bench.gate("doctor");
    assert.equal(code, 0);
    assert.match(out, /^ok {4}gate\.answers {8}http:\/\/127\.0\.0\.1:\d+\n/);
    assert.match(out, /\n\d+ checks: \d+ ok, 0 to look at, 0 failed\n/);
    assert.match(out, /Cannot be seen by API, so not checked:\n {2}- owners and admins/);
  });

  it("prints no token and no key", async () => {
    const { gate, pagerduty, cheqpoint } = bench.embedded.endpoints();
    const { out } = await bench.gate("doctor", "--json");
    for (const secret of [
      gate.proposerToken,
      gate.operatorToken,
      pagerduty.token,
      cheqpoint.connectionKey,
    ]) {
      assert.ok(!out.includes(secret));
    }
  });

  it("says that it cannot tell the kill switch to whoever has no operator's token", async () => {
    const { gate } = bench.embedded.endpoints();
    const env = { GATE_URL: gate.url, GATE_TOKEN: gate.proposerToken };
    const { checks } = await bench.examined([], { env });
    const found = checks.find(({ check }) => check === "gate.killSwitch");
    assert.deepEqual(
      [found?.status, found?.found],
      ["warn", "could not be asked for: only an operator's token may do this"],
    );
  });

  it("tells of an embedded gate's clock that somebody has moved on", async () => {
    const healthOf = async (url: string | URL | Request, init?: RequestInit) => {
      const answer = await fetch(url, init);
      if (!addressOf(url).endsWith("/healthz")) {
        return answer;
      }
      const body = (await answer.json()) as { time?: string };
      const time = new Date(Date.now() + 3_600_000).toISOString();
      return Response.json("time" in body ? { ...body, time } : body);
    };
    const [found] = await bench.problems([], { fetch: healthOf });
    assert.deepEqual([found?.check, found?.status], ["gate.clock", "warn"]);
    assert.match(
      found?.found ?? "",
      /^3600\.\d s ahead of this machine: somebody has moved the embedded gate's clock on$/,
    );
  });

  it("fails while the kill switch is on", async () => {
    await bench.gate("kill-switch", "on");
    const [found, ...others] = await bench.problems();
    await bench.gate("kill-switch", "off");
    assert.deepEqual(others, []);
    assert.equal(found?.check, "gate.killSwitch");
    assert.equal(found.status, "fail");
    assert.match(found.found, /^on since 20.*: nothing is executed$/);
    assert.equal(found.todo, "`gate kill-switch off` when the reason is gone");
  });

  for (const [what, content, problem] of [
    [
      "breaks a rule",
      "services: { a: { rules: [{ name: x }] } }",
      /1 problem in the gating|`decision`/,
    ],
    ["is no YAML", "services: {", /is not YAML/],
    ["has no services", "a: 1", /must have `services` at its top/],
  ] as const) {
    it(`counts gating that ${what} as one failed check, and goes on`, async () => {
      const file = join(bench.dataDir, "wrong.yaml");
      writeFileSync(file, content);
      const { checks } = await bench.examined(["--gating", file]);
      const [wrong, ...others] = checks.filter(({ check }) => check === "gating");
      assert.deepEqual(others, []);
      assert.equal(wrong?.status, "fail");
      assert.match(wrong.found, problem);
      const told = new Set(checks.map(({ check }) => check));
      for (const check of ["gate.answers", "cheqpoint.key", "pagerduty.token", "webhook.exists"]) {
        assert.ok(told.has(check), check);
      }
      // Nothing is known of what is held: no check may say that all of it is.
      const coverage = checks.filter(({ check }) => check.startsWith("coverage"));
      assert.deepEqual(
        coverage.map(({ check, status }) => [check, status]),
        [["coverage", "warn"]],
      );
    });
  }

  it("tells a clock that is wrong, a store that is down and an address of something else", async () => {
    const { gate } = bench.embedded;
    const answering = (status: number, body: unknown, headers: Record<string, string> = {}) => ({
      env: { GATE_URL: gate.url },
      fetch: async (url: string | URL | Request, init?: RequestInit) =>
        addressOf(url).endsWith("/healthz")
          ? new Response(JSON.stringify(body), { status, headers })
          : fetch(url, init),
    });
    const date = new Date(Date.now() - 45_000).toUTCString();
    const [late] = await bench.problems([], answering(200, { status: "ok" }, { date }));
    assert.equal(late?.check, "gate.clock");
    assert.equal(late.status, "fail");
    assert.match(late.found, /^4[456]\.\d s behind this machine$/);
    const [dateless] = await bench.problems([], answering(200, { status: "ok" }));
    assert.deepEqual(
      [dateless?.check, dateless?.status, dateless?.found],
      ["gate.clock", "warn", "its answers have no date"],
    );

    const [down] = await bench.problems([], answering(503, {}));
    assert.equal(down?.found, `${gate.url}/healthz answered 503`);
    assert.equal(
      down.todo,
      "it cannot reach its store: look at the disk and at `ledger.sqlite` in its data folder",
    );
    const [other] = await bench.problems([], answering(200, { hello: 1 }));
    assert.equal(other?.found, `${gate.url}/healthz answered 200, but not as a gate does`);
  });

  for (const [where, url, todo] of [
    ["here", "http://127.0.0.1:9", "start the gate again, and look at the end of its log"],
    [
      "elsewhere",
      "https://gate.example.com",
      "check the address and the network. On one machine, start the gate again, and look at the end of its log; in AWS, look at the middleware function and its log",
    ],
  ] as const) {
    it(`says what to look at when a gate ${where} does not answer`, async () => {
      const [found] = await bench.problems([], {
        env: { GATE_URL: url },
        fetch: () => Promise.reject(new TypeError("fetch failed")),
      });
      assert.deepEqual(
        [found?.check, found?.status, found?.found, found?.todo],
        ["gate.answers", "fail", `no gate answers at ${url}`, todo],
      );
    });
  }

  it("looks at the gate alone on its data folder, and does not take it for one with emulators", async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "gate-alone-"));
    try {
      const { remove } = writeAddress(dataDir, bench.embedded.gate.url);
      const { checks } = await bench.examined(["--data-dir", dataDir], { env: {} });
      assert.deepEqual(
        checks
          .filter(({ check }) => /^gate.answers|pagerduty.token/.test(check))
          .map(({ status, found }) => [status, found]),
        [
          ["ok", bench.embedded.gate.url],
          ["warn", "not tried: no token was given, so nothing in PagerDuty was looked at"],
        ],
      );
      remove();
      const { err } = await run(["doctor", "--data-dir", dataDir]);
      assert.match(err, /^no gate runs on the data folder /);
    } finally {
      rmSync(dataDir, { recursive: true });
    }
  });

  it("examines the gating that the gate says is in force, and tells what differs from it", async () => {
    const other = join(bench.dataDir, "other.yaml");
    writeFileSync(other, "services: { search: { runbooks: {} } }");
    const { gate } = bench.embedded.endpoints();
    const env = { GATE_URL: gate.url, GATE_TOKEN: gate.operatorToken };
    const of = async (args: string[], more: Record<string, string> = {}) =>
      (await bench.examined(args, { env: { ...env, ...more } })).checks
        .filter(({ check }) => check === "gating")
        .map(({ status, found }) => [status, found.replace(/sha256:\w+/, "DIGEST")]);
    const inForce = ["ok", `1 service in force, from ${DEV_STACK}, DIGEST`];
    assert.deepEqual(await of([]), [inForce]);
    const differs = "payments-db is in force only, search is in the file only";
    assert.deepEqual(await of([], { GATE_CONFIG: other }), [
      inForce,
      ["warn", `${other} is not what is in force: ${differs}`],
    ]);
    assert.deepEqual(await of(["--gating", other]), [
      inForce,
      ["warn", `${other} is not what is in force, but is what is examined here: ${differs}`],
    ]);
    // Which of the two is examined: the one that has the service.
    const lacks = ["fail", "is not in the gating"];
    for (const [args, more, services] of [
      [[], { GATE_CONFIG: other }, ["payments-db"]],
      [["--gating", other], {}, ["search"]],
    ] as const) {
      for (const service of ["payments-db", "search"]) {
        const found = await of([...args, "--service", service], more);
        const isExamined = services.some((one) => one === service);
        assert.deepEqual(found.slice(2), isExamined ? [] : [lacks], `${args.join()} ${service}`);
      }
    }
    assert.deepEqual(await of([], { GATE_CONFIG: DEV_STACK }), [inForce]);
    assert.deepEqual(await of([], { GATE_CONFIG: other, GATE_TOKEN: gate.proposerToken }), [
      [
        "warn",
        `which gating is in force is not known: only an operator's token may do this; ${other} is taken for it: 1 service`,
      ],
    ]);
  });

  it("tells which gating is in force, and whether a file says the same", async () => {
    const same = await bench.gate("gating", "in-force", DEV_STACK);
    assert.equal(same.code, 0);
    assert.match(
      same.out,
      new RegExp(
        `^1 service in force, from ${DEV_STACK}\\nDigest sha256:\\w{64}\\n${DEV_STACK} says the same\\nSERVICE +HASH\\npayments-db +sha256:\\w{64}\\n$`,
      ),
    );
    const other = join(bench.dataDir, "other.yaml");
    writeFileSync(other, "services: {}");
    const { code, out } = await bench.gate("gating", "in-force", other);
    assert.equal(code, 1);
    assert.match(out, new RegExp(`\\n${other} differs: payments-db is in force only`));
  });

  it("says what was not tried where nothing was given, and exits with 0", async () => {
    const { gate } = bench.embedded;
    const found = await bench.problems([], { env: { GATE_URL: gate.url } });
    assert.deepEqual(
      found.map(({ check, status, todo }) => [check, status, todo]),
      [
        [
          "gate.killSwitch",
          "warn",
          "set GATE_TOKEN (or --token) to a proposer's or an operator's token",
        ],
        [
          "gate.alarms",
          "warn",
          "set GATE_TOKEN (or --token) to a proposer's or an operator's token",
        ],
        ["gating", "warn", "set GATE_TOKEN (or --token) to a proposer's or an operator's token"],
        ["cheqpoint.key", "warn", "set CHEQPOINT_CONNECTION_KEY to the gate's key"],
        ["pagerduty.token", "warn", "set PAGERDUTY_TOKEN to the gate's token"],
      ],
    );
  });

  it("tells refused credentials, and goes on with the rest", async () => {
    const { gate, pagerduty, cheqpoint } = bench.embedded.endpoints();
    const found = await bench.problems([], {
      env: {
        GATE_URL: gate.url,
        GATE_TOKEN: gate.operatorToken,
        PAGERDUTY_API_URL: pagerduty.url,
        PAGERDUTY_TOKEN: "a-token-of-nobody",
        CHEQPOINT_API_URL: cheqpoint.url,
        CHEQPOINT_CONNECTION_KEY: "a-key-of-nobody",
      },
    });
    assert.deepEqual(
      found.map(({ check, status }) => [check, status]),
      [
        ["cheqpoint.key", "fail"],
        ["pagerduty.token", "fail"],
      ],
    );
    assert.match(found[0]?.found ?? "", /^Cheqpoint answered 401 to GET \/api\/approvals\//);
    assert.match(found[1]?.found ?? "", /^PagerDuty answered 401 to GET \/abilities/);
  });

  it("tells a `From` that nobody has, and a token of somebody else", async () => {
    const { gate, pagerduty, cheqpoint } = bench.embedded.endpoints();
    const env = {
      GATE_URL: gate.url,
      PAGERDUTY_API_URL: pagerduty.url,
      PAGERDUTY_TOKEN: pagerduty.token,
      CHEQPOINT_API_URL: cheqpoint.url,
      CHEQPOINT_CONNECTION_KEY: cheqpoint.connectionKey,
    };
    const about = async (from: string) =>
      (await bench.problems(["--pagerduty-from", from], { env }))
        .filter(({ check }) => check.startsWith("pagerduty."))
        .map(({ status, found }) => [status, found]);
    assert.deepEqual(await about("nobody@example.com"), [
      ["fail", "no user of the account has the address nobody@example.com"],
    ]);
    assert.deepEqual(await about("jo@example.com"), [
      ["warn", "the token belongs to Gate Robot, not to Jo Keller (jo@example.com)"],
    ]);
  });

  it("mentions what was raised within a day, and not what is older", async () => {
    const { ledger, clock } = bench.embedded.gate;
    const raise = (key: string, hoursAgo: number) =>
      ledger.raise({
        key,
        kind: "bypass",
        atMs: clock.now() - hoursAgo * 3_600_000,
        text: `It ran, ${key}.`,
        proposalId: null,
        incidentId: null,
      });
    await raise("old", 25);
    assert.deepEqual(await bench.problems(), []);
    await raise("new", 2);
    const found = await bench.problems();
    assert.deepEqual(
      found.map(({ check, status, found: text }) => [
        check,
        status,
        text.replace(/20\S+ \S+:/, ""),
      ]),
      [["gate.alarms", "warn", "bypass  It ran, new."]],
    );
  });
});
