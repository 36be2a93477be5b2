import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEV_STACK, ROOT, run } from "./support.ts";

const GATING = `
services:
  payments-db:
    runbooks:
      failover: { automationAction: 01DBFAILOVER }
    rules:
      - name: freeze
        match:
          during: { start: 2026-12-24T00:00, end: 2026-12-27T00:00, timeZone: Europe/Berlin }
        decision: deny
      - name: on-alert
        match: { event: incident.triggered, priority: P1 }
        propose: failover
        decision: requireApproval
        sla: 5m
`;

describe("Command gating", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gate-cli-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function file(text: string, name = "gating.yaml"): string {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  }

  it("warns of a rule that can use up what a stricter one needs, and finds nothing wrong", async () => {
    const text = JSON.stringify({
      services: {
        db: {
          runbooks: { page: { escalate: { level: 2 } } },
          rules: [
            { name: "low", match: { priority: "P5" }, decision: "allow" },
            {
              name: "night",
              match: { priority: "P4" },
              decision: "requireApproval",
              onExpiry: "approve",
            },
          ],
          limits: { executionsPerHour: 4 },
        },
      },
    });
    const { code, out, err } = await run(["gating", "check", file(text)]);
    assert.equal(code, 0);
    assert.equal(err, "");
    assert.equal(
      out.split("\n").at(-2),
      "warning: services.db: `limits.executionsPerHour` (4) can be used up by rule low alone, which allows 10 in an hour, so that nothing is left for what rule night approves without a human; give rule low a lower `limits.executionsPerHour`, or the service a higher one",
    );
  });

  it("checks the dev stack, another one, or a file", async () => {
    const dev = await run(["gating", "check"]);
    assert.equal(dev.err, "");
    assert.equal(dev.code, 0);
    assert.match(
      dev.out,
      new RegExp(`^${DEV_STACK}: 1 service, nothing wrong\nSERVICE +RUNBOOKS +RULES +OTHERWISE\n`),
    );
    assert.match(
      (await run(["gating", "check", "--stack", "prod"])).out,
      /Pulumi\.prod\.yaml: 3 services, n/,
    );
    const own = await run(["gating", "check", file(GATING), "--json"]);
    assert.deepEqual(JSON.parse(own.out), {
      file: join(folder, "gating.yaml"),
      ok: true,
      warnings: [],
      services: {
        "payments-db": {
          runbooks: ["failover"],
          rules: ["freeze", "on-alert"],
          otherwise: "requireApproval",
        },
      },
    });
  });

  it("tells everything that is wrong, and fails", async () => {
    const path = file(GATING.replace("sla: 5m", "sla: 5x").replace("deny", "forbid"));
    const { code, out, err } = await run(["gating", "check", path]);
    assert.equal(code, 1);
    assert.equal(out, "");
    assert.match(err, new RegExp(`^${path}: 2 problems in the gating:\n- `));
    assert.match(err, /freeze.*`decision`/);
    assert.match(err, /on-alert.*`sla`/);
    const json = JSON.parse((await run(["gating", "check", path, "--json"])).err) as {
      problems: { path: string }[];
    };
    assert.deepEqual(
      json.problems.map((problem) => problem.path),
      ["services.payments-db.rules[0].decision", "services.payments-db.rules[1].sla"],
    );
  });

  it("names the stacks that there are", async () => {
    assert.deepEqual(await run(["gating", "check", "--stack", "staging"]), {
      code: 1,
      out: "",
      err: `there is no stack "staging" in ${ROOT}: the stacks there are dev, prod\n→ name a stack with --stack, or a file\n`,
    });
    assert.deepEqual(await run(["gating", "check"], { cwd: folder }), {
      code: 1,
      out: "",
      err: `there is no stack "dev" in ${folder}: no file there is named Pulumi.<stack>.yaml\n→ name a stack with --stack, or a file\n`,
    });
    assert.deepEqual(await run(["gating", "check", join(folder, "x.yaml")]), {
      code: 1,
      out: "",
      err: `there is no file ${join(folder, "x.yaml")}\n`,
    });
    assert.deepEqual(await run(["gating", "check", "x.yaml", "--stack", "dev"]), {
      code: 2,
      out: "",
      err: "name a file or --stack, not both\n",
    });
  });

  const explain = (...args: string[]) =>
    run(["gating", "explain", "--file", file(GATING), "--service", "payments-db", ...args]);

  it("explains which rule decides at a time, and why each before it does not", async () => {
    const { code, out, err } = await explain(
      ..."--event incident.triggered --priority p1 --at 2026-11-23T10:00:00Z".split(" "),
    );
    assert.equal(err, "");
    assert.equal(code, 0);
    assert.match(
      out,
      /^failover on payments-db\nRule on-alert asks for an approval\n {2}✗ freeze {4}`during` .*\n {2}✓ on-alert {2}`event`, `priority` hold\n\nRisk +/,
    );
    assert.match(out, /\nWaits +5m, without an answer it is suppressed\n/);
    const frozen = await explain(
      ..."--runbook failover --at 2026-12-25T10:00:00Z --json".split(" "),
    );
    const { rule, decision, listed } = Object(JSON.parse(frozen.out));
    assert.deepEqual([rule, decision, listed], ["freeze", "deny", true]);
  });

  it("explains that a claim is missing, and that it is asked for that", async () => {
    const path = file(`
services:
  payments-db:
    runbooks:
      failover: { automationAction: 01DBFAILOVER }
    rules:
      - { name: freeze, match: { severity: critical, region: eu }, decision: deny }
      - { name: all, decision: allow }
`);
    const args = `gating explain --file ${path} --service payments-db --runbook failover`.split(
      " ",
    );
    const { out } = await run(args);
    assert.match(
      out,
      /^failover on payments-db\nRule freeze asks for an approval\n {2}✗ freeze {2}`severity`, `region` are not stated; a stricter rule could apply: asking\n {2}✓ all {5}it matches everything\n\nRisk +0\.5\n/,
    );
    const said = await run([...args, "--severity", "low"]);
    assert.match(said.out, /^failover on payments-db\nRule all allows it\n/);
  });

  it("says when the default decides", async () => {
    const { out } = await explain(..."--runbook failover --at 2026-11-23T10:00:00Z".split(" "));
    assert.match(
      out,
      /^failover on payments-db\nNo rule matched; `otherwise` asks for an approval\n/,
    );
  });

  it("tells of every rule why nothing is proposed for an event", async () => {
    const { code, out, err } = await explain(
      ..."--event incident.triggered --priority P2".split(" "),
    );
    assert.deepEqual([code, err], [0, ""]);
    assert.equal(
      out,
      "No rule of payments-db proposes anything for incident.triggered\n" +
        "  ✗ freeze    it has no `propose`\n" +
        '  ✗ on-alert  `priority` is "P2", not "P1"\n',
    );
    const json = await explain(..."--event incident.resolved --json".split(" "));
    const { runbook, trace } = Object(JSON.parse(json.out));
    assert.equal(runbook, null);
    assert.deepEqual(trace, [
      { rule: "freeze", matched: false, because: "it has no `propose`" },
      {
        rule: "on-alert",
        matched: false,
        because: '`event` is "incident.resolved", not "incident.triggered"',
      },
    ]);
  });

  for (const command of ["check", "explain"]) {
    it(`shows only examples of ${command} that work`, async () => {
      const { out } = await run(["gating", command, "--help"]);
      const [, examples = ""] = out.split("Examples:\n");
      const lines = examples.replaceAll(/\\\n\s*/g, "").match(/(?<=\$ gate ).+/g) ?? [];
      assert.ok(lines.length >= 2);
      for (const line of lines) {
        // The file that one names stands for the reader's own.
        const args = line.replace("gating.yaml", file(GATING)).match(/"[^"]+"|\S+/g) ?? [];
        const ran = await run(args.map((arg) => arg.replaceAll('"', "")));
        assert.deepEqual([ran.code, ran.err], [0, ""], line);
        assert.doesNotMatch(ran.out, /proposes anything/, line);
      }
    });
  }

  it("says what cannot be explained", async () => {
    const cases: [string[], 1 | 2, string][] = [
      [[], 2, "--runbook or --event is required\n"],
      [["--runbook", "nope"], 1, 'payments-db has no runbook "nope"; allowed: failover\n'],
      [
        ["--service", "search", "--event", "incident.triggered"],
        1,
        "search is not listed: events of it are ignored\n→ name what is proposed with --runbook\n",
      ],
      [
        ["--service", "search", "--runbook", "failover"],
        1,
        'search is not listed, and the defaults have no runbook "failover"; allowed: none\n',
      ],
      [
        ["--runbook", "failover", "--at", "soon"],
        2,
        '--at must be a time like 2026-11-23T10:00:00Z, got "soon"\n',
      ],
      [
        ["--runbook", "failover", "--urgency", "some"],
        2,
        "option '--urgency <urgency>' argument 'some' is invalid. Allowed choices are high, low.\nTry `gate gating explain --help`.\n",
      ],
    ];
    for (const [args, code, err] of cases) {
      assert.deepEqual(await explain(...args), { code, out: "", err }, args.join(" "));
    }
    const wrong = await explain("--event", "incident.exploded");
    assert.equal(wrong.code, 2);
    assert.match(
      wrong.err,
      /^--event must be one of incident\.triggered, .*, got "incident\.exploded"\n$/,
    );
  });
});
