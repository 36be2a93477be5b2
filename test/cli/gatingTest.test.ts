import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv } from "ajv";
import { parse } from "yaml";
import { casesJsonSchema } from "../../functions/gate/gating/index.ts";
import { ROOT, run } from "./support.ts";

const GATING = `
services:
  payments-db:
    runbooks:
      failover: { automationAction: 01DBFAILOVER, parameters: { count: { type: integer, customField: count } } }
      page: { escalate: { level: 2 } }
    rules:
      - name: trial
        match: { priority: P2 }
        decision: deny
        dryRun: true
      - name: freeze
        match: { runbook: failover, during: { days: [sat, sun], timeZone: Europe/Berlin } }
        decision: deny
        onDeny: page
      - name: on-alert
        match: { event: incident.triggered, titlePattern: "(?i)unreachable" }
        propose: failover
        decision: requireApproval
        sla: 5m
        editable: [count]
        escalateAfter: 2m
        escalateTo: { escalationPolicy: PEP0002, users: [PUSER01] }
      - name: never-tried
        match: { priority: P5 }
        decision: allow
defaults:
  proposals: deny
`;

const HOLDING = `
at: "2026-11-24T10:00:00Z"
cases:
  - name: any failover is asked about
    service: payments-db
    proposal: { runbook: failover, priority: P2 }
    expect:
      decision: requireApproval
      rule: otherwise
      wouldHave: deny
      sla: 900s
      validFor: 15m
      coolDown: 30m
      risk: 0.5
      onExpiry: reject
      delivery: callback
      editable: []
      escalateAfter: null
      escalateTo: null
      acceptRuleApprovals: false
      limits: { openProposals: 20 }
  - name: not at weekends
    service: payments-db
    proposal: { runbook: failover, proposer: ci, region: [eu, us], severity: critical, urgency: low }
    at: "2026-11-28T10:00:00+01:00"
    expect: { decision: deny, rule: freeze, onDeny: page, wouldHave: null }
  - name: an alert proposes it
    service: payments-db
    event: { type: incident.triggered, title: Primary UNREACHABLE }
    expect:
      proposes: failover
      decision: requireApproval
      escalateTo: { users: [PUSER01], escalationPolicy: PEP0002 }
      editable: [count]
  - name: another event does not
    service: payments-db
    event: { type: incident.triggered, title: fine }
    expect: { proposes: null }
`;

describe("Command gating test", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gate-cases-"));
    writeFileSync(join(folder, "gating.yaml"), GATING);
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const put = (content: string, name = "gating.test.yaml") => {
    writeFileSync(join(folder, name), content);
  };
  const test = (...args: string[]) => run(["gating", "test", ...args], { cwd: folder });

  it("tells which cases hold, and which rules no case reaches", async () => {
    put(HOLDING);
    assert.deepEqual(await test(), {
      code: 0,
      err: "",
      out: `gating.test.yaml (gating.yaml)
  ✓ any failover is asked about
  ✓ not at weekends
  ✓ an alert proposes it
  ✓ another event does not
  No case reaches payments-db: never-tried
4 passed, 0 failed; 3 of 4 rules reached
`,
    });
    assert.equal((await test("--fail-uncovered")).code, 1);
    const json: unknown = JSON.parse((await test("--json")).out);
    assert.deepEqual(json, {
      ok: true,
      files: [
        {
          file: "gating.test.yaml",
          gating: "gating.yaml",
          cases: [
            ["any failover is asked about", null, null, "requireApproval"],
            ["not at weekends", null, "freeze", "deny"],
            ["an alert proposes it", "failover", "on-alert", "requireApproval"],
            ["another event does not", null, null, null],
          ].map(([name, proposes, rule, decision]) => ({
            name,
            service: "payments-db",
            ok: true,
            problems: [],
            proposes,
            rule,
            decision,
          })),
          coverage: [{ service: "payments-db", rules: 4, unreached: ["never-tried"] }],
        },
      ],
    });
  });

  it("fails with what is not as expected, field by field", async () => {
    put(`
at: "2026-11-24T10:00:00Z"
cases:
  - name: wrong in every term
    service: payments-db
    event: { type: incident.triggered, title: unreachable }
    expect:
      proposes: page
      decision: deny
      wouldHave: allow
      risk: 0.9
      sla: 1h
      validFor: 1h
      onExpiry: approve
      escalateAfter: null
      escalateTo: null
      delivery: poll
      editable: []
      coolDown: 1h
      limits: { openProposals: 1, executionsPerHour: 1 }
      onDeny: note
      acceptRuleApprovals: true
  - name: another rule
    service: payments-db
    proposal: { runbook: page }
    expect: { decision: requireApproval, rule: freeze }
  - name: no event
    service: payments-db
    event: { type: incident.triggered }
    expect: { decision: deny }
  - name: an event
    service: payments-db
    event: { type: incident.triggered, title: unreachable }
    expect: { proposes: null }
  - name: no such runbook
    service: payments-db
    proposal: { runbook: failver }
    expect: { decision: deny }
  - name: no such service
    service: payment-db
    proposal: { runbook: failover }
    expect: { decision: deny }
  - name: listed after all
    service: payments-db
    listed: false
    proposal: { runbook: failover }
    expect: { decision: deny }
  - name: not listed, and no runbook by default
    service: search
    listed: false
    proposal: { runbook: failover }
    expect: { decision: deny }
  - name: not listed, and its events are ignored
    service: search
    listed: false
    event: { type: incident.triggered, title: unreachable }
    expect: { proposes: null }
`);
    const { code, out } = await test("--junit", "report.xml");
    assert.equal(code, 1);
    assert.equal(
      out,
      `gating.test.yaml (gating.yaml)
  ✗ wrong in every term
      \`proposes\` is "failover", expected "page"
      \`decision\` is requireApproval, expected deny
      \`wouldHave\` is null, expected allow
      \`risk\` is 0.5, expected 0.9
      \`sla\` is 5m, expected 1h
      \`validFor\` is 15m, expected 1h
      \`onExpiry\` is reject, expected approve
      \`escalateAfter\` is 2m, expected null
      \`escalateTo\` is PEP0002, PUSER01, expected nobody
      \`delivery\` is callback, expected poll
      \`editable\` is count, expected nothing
      \`coolDown\` is 30m, expected 1h
      \`limits.openProposals\` is 20, expected 1
      \`limits.executionsPerHour\` is 10, expected 1
      \`onDeny\` is task, expected note
      \`acceptRuleApprovals\` is false, expected true
      rule on-alert decides
  ✗ another rule
      \`rule\` is otherwise, expected freeze
  ✗ no event
      the event proposes nothing, expected \`decision: deny\`
  ✗ an event
      \`proposes\` is "failover", expected nothing
  ✗ no such runbook
      there is no runbook "failver"; allowed: "failover", "page"
  ✗ no such service
      the gating does not list a service "payment-db"; \`listed: false\` tests what applies then
  ✗ listed after all
      the gating lists "payments-db", expected that it does not
  ✗ not listed, and no runbook by default
      there is no runbook "failover"; allowed: none
  ✓ not listed, and its events are ignored
  No case reaches payments-db: trial, freeze, never-tried
1 passed, 8 failed; 1 of 4 rules reached
`,
    );
    const xml = readFileSync(join(folder, "report.xml"), "utf8");
    assert.equal(
      xml.split("\n").slice(0, 5).join("\n"),
      `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="gate gating test" tests="9" failures="8" errors="0" skipped="0">
  <testsuite name="gating.test.yaml" tests="9" failures="8" errors="0" skipped="0">
    <testcase classname="payments-db" name="wrong in every term">
      <failure message="\`proposes\` is &quot;failover&quot;, expected &quot;page&quot;">\`proposes\` is &quot;failover&quot;, expected &quot;page&quot;&#10;\`decision\` is requireApproval, expected deny&#10;\`wouldHave\` is null, expected allow&#10;\`risk\` is 0.5, expected 0.9&#10;\`sla\` is 5m, expected 1h&#10;\`validFor\` is 15m, expected 1h&#10;\`onExpiry\` is reject, expected approve&#10;\`escalateAfter\` is 2m, expected null&#10;\`escalateTo\` is PEP0002, PUSER01, expected nobody&#10;\`delivery\` is callback, expected poll&#10;\`editable\` is count, expected nothing&#10;\`coolDown\` is 30m, expected 1h&#10;\`limits.openProposals\` is 20, expected 1&#10;\`limits.executionsPerHour\` is 10, expected 1&#10;\`onDeny\` is task, expected note&#10;\`acceptRuleApprovals\` is false, expected true&#10;rule on-alert decides</failure>`,
    );
    assert.match(
      xml,
      /<testcase classname="search" name="not listed, and its events are ignored"\/>/,
    );
  });

  it("suggests a case for each rule that none reaches, which then reaches it", async () => {
    const dry = `
      - name: dry-alert
        match: { event: incident.annotated }
        propose: page
        decision: requireApproval
        dryRun: true
      - name: dry-claim
        match: { runbook: page, severity: critical, region: eu }
        decision: deny
        dryRun: true
defaults:`;
    writeFileSync(join(folder, "gating.yaml"), GATING.replace("defaults:", dry.slice(1)));
    put("cases: []");
    const { code, out } = await test("--suggest");
    assert.equal(code, 0);
    const [, written = ""] = /once it says what you want:\n([^]*)\n0 passed/.exec(out) ?? [];
    put(`cases:\n${written}`);
    const again = await test("--fail-uncovered");
    assert.deepEqual([again.code, again.err], [0, ""], written);
    assert.match(again.out, /\n6 passed, 0 failed; 6 of 6 rules reached\n$/);
    assert.match(written, /^ {2}- name: rule trial\n {4}service: payments-db\n {4}proposal:\n/);
    const json: unknown = JSON.parse((await test("--suggest", "--json")).out);
    assert.deepEqual(Object(json).files[0].suggested, []);
  });

  it("refuses a file with everything that is wrong in it", async () => {
    put(`
at: yesterday
casez: []
cases:
  - name: a
    service: payments-db
    proposal: { runbook: failover }
    event: { type: incident.trigered }
    expect: { decision: maybe, proposes: failover }
  - name: a
    service: payments-db
    at: "2026-11-24T10:00:00"
    expect: { decision: deny, sla: 5x }
  - name: b
    service: payments-db
    at: "2026-11-24T10:00:00Z"
    event: { type: incident.triggered }
    expect: { proposes: null, decision: deny }
  - name: c
    service: payments-db
    at: "2026-11-24T10:00:00Z"
    proposal: { runbook: failover }
    expect: { proposes: failover, sla: 5m }
  - name: d
    service: payments-db
    at: "2026-11-24T10:00:00Z"
    proposal: { runbook: failover }
    event: { type: incident.triggered }
    expect: { decision: deny }
  - name: e
    service: payments-db
    at: "2026-11-24T10:00:00Z"
    expect: { decision: deny }
`);
    const { code, out, err } = await test();
    assert.deepEqual([code, out], [1, ""]);
    assert.equal(
      err,
      `${join(folder, "gating.test.yaml")}: 12 problems in the cases:
- cases: \`at\` must be a time with its offset such as "2026-11-24T10:00:00Z", got "yesterday"
- cases: \`casez\` is not a known key; did you mean \`cases\`? (known: \`gating\`, \`at\`, \`cases\`)
- cases[0] (a): \`event.type\` must be an event type of PagerDuty that can lead to a proposal, such as incident.triggered, got "incident.trigered"
- cases[0] (a): \`expect.decision\` must be allow, deny or requireApproval, got "maybe"
- cases[1] (a): \`at\` must be a time with its offset such as "2026-11-24T10:00:00Z", got "2026-11-24T10:00:00"
- cases[1] (a): \`expect.sla\` must be a duration such as "5m" between 1m and 7d, got "5x"
- cases[1] (a): \`name\` must be unique in the file, got "a", which cases[0] has already
- cases[2] (b): \`expect\` must hold nothing beside \`proposes: null\`: what is not proposed is not answered, got \`decision\`
- cases[3] (c): \`expect.proposes\` must stand with \`event\`, got "failover" without it
- cases[3] (c): \`expect.decision\` is required and must be allow, deny or requireApproval
- cases[4] (d): must have either \`proposal\` or \`event\`, got both
- cases[5] (e): must have either \`proposal\` or \`event\`, got neither
`,
    );
  });

  it("wants a moment for every case", async () => {
    put(HOLDING.replace('at: "2026-11-24T10:00:00Z"', ""));
    assert.match(
      (await test()).err,
      /cases\[0\] \(any failover is asked about\): `at` is required where the file has none, and must be a time with its offset\n/,
    );
  });

  it("finds every file with cases of the folder, and the gating that each names", async () => {
    assert.deepEqual(await test(), {
      code: 1,
      out: "",
      err: `there is no file with cases in ${folder}\n→ write gating.test.yaml beside gating.yaml, or name a file\n`,
    });
    mkdirSync(join(folder, "more"));
    put(HOLDING);
    put(`gating: gating.yaml\n${HOLDING}`, "other.test.yml");
    put(`gating: ../gating.yaml\n${HOLDING}`, "more/third.test.yaml");
    assert.match(
      (await test()).out,
      /^gating\.test\.yaml [^]*\nother\.test\.yml \(gating\.yaml\)\n/,
    );
    assert.match(
      (await test("more/third.test.yaml")).out,
      /^more\/third\.test\.yaml \(gating\.yaml\)/,
    );
    put(HOLDING, "lost.test.yaml");
    assert.equal(
      (await test("lost.test.yaml")).err,
      `${join(folder, "lost.test.yaml")}: there is no gating file ${join(folder, "lost.yaml")}; write \`gating\` with its name\n`,
    );
    assert.equal((await test("x.yaml")).err, `there is no file ${join(folder, "x.yaml")}\n`);
  });

  it("holds for the example stacks, whose every rule a case reaches", async () => {
    const { code, out, err } = await run(["gating", "test", "--fail-uncovered"], { cwd: ROOT });
    assert.deepEqual([code, err], [0, ""], out);
    assert.match(out, /gating\.dev\.test\.yaml[^]*gating\.prod\.test\.yaml/);
    const validate = new Ajv({ allowUnionTypes: true }).compile(casesJsonSchema());
    for (const stack of ["dev", "prod"]) {
      const source = readFileSync(join(ROOT, `gating.${stack}.test.yaml`), "utf8");
      assert.equal(
        source.split("\n")[0],
        "# yaml-language-server: $schema=./gating.test.schema.json",
      );
      assert(validate(parse(source)), JSON.stringify(validate.errors));
    }
  });
});

describe("gating explain --expect", () => {
  const explain = (...args: string[]) =>
    run(["gating", "explain", "--service", "payments-db", ...args]);

  it("fails when something else is said", async () => {
    const runbook = ["--runbook", "diagnostics"];
    assert.equal((await explain(...runbook, "--expect", "allow")).code, 0);
    const wrong = await explain(...runbook, "--expect", "deny");
    assert.deepEqual([wrong.code, wrong.err], [1, "expected deny, got allow\n"]);
    assert.match(wrong.out, /^diagnostics on payments-db\nRule low-risk allows it\n/);
    const event = ["--event", "incident.triggered", "--title", "fine"];
    assert.equal((await explain(...event, "--expect", "nothing")).code, 0);
    const proposed = await explain(...event, "--expect", "requireApproval", "--json");
    assert.deepEqual([proposed.code, proposed.err], [1, "expected requireApproval, got nothing\n"]);
  });
});
