import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { manySided } from "../gate/gating/compare/large.ts";
import { run } from "./support.ts";

const BEFORE = `
services:
  payments-db:
    runbooks:
      failover: { automationAction: 01FAILOVER }
    rules:
      - { name: p1, match: { priority: P1 }, decision: requireApproval, sla: 5m }
      - { name: rest, decision: deny }
`;
const AFTER = BEFORE.replace("priority: P1", "priority: [P1, P2]").replace("5m", "10m");
const SPELLED = `
# The same in other words.
services: { payments-db: { rules: [
  { decision: requireApproval, name: p1, sla: 300s, match: { priority: [p1] } },
  { name: rest, match: {}, decision: deny }],
  runbooks: { failover: { automationAction: 01FAILOVER, parameters: {} } } } }
`;
const FROM = ["--from", "2026-11-24T10:00:00Z"];

describe("Command gating compare", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gate-compare-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  const compare = (...args: string[]) => run(["gating", "compare", ...args], { cwd: folder });
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b.invalid", ...args], {
      cwd: folder,
      stdio: "pipe",
    });

  it("tells each set of proposals, both answers, and a command that shows them", async () => {
    write("before.yaml", BEFORE);
    write("after.yaml", AFTER);
    const { code, out, err } = await compare("before.yaml", "after.yaml", ...FROM);
    assert.equal(err, "");
    assert.equal(code, 0);
    assert.equal(
      out,
      `before.yaml → after.yaml: 1 loosened, 1 changed.

\`payments-db\`
  LOOSENED: priority P2
    before   denied (rule \`rest\`)
    after    a human is asked (rule \`p1\`)
    witness  gate gating explain after.yaml --service payments-db --runbook failover --priority P2 --proposer ai-agent --at 2026-11-24T10:00:00Z
  CHANGED: priority P1
    before   a human is asked (rule \`p1\`)
    after    a human is asked (rule \`p1\`)
    differs  \`sla\` 5m → 10m
    witness  gate gating explain after.yaml --service payments-db --runbook failover --priority P1 --proposer ai-agent --at 2026-11-24T10:00:00Z

The commands tell the answers after; with before.yaml they tell those before.
`,
    );
    const [command = ""] = /gate (gating explain .*P2.*)/.exec(out)?.slice(1) ?? [];
    const ask = (text: string) => run(text.split(" "), { cwd: folder });
    assert.match(
      (await ask(command)).out,
      /^failover on payments-db\nRule p1 asks for an approval/,
    );
    assert.match(
      (await ask(command.replace("after.yaml", "before.yaml"))).out,
      /^failover on payments-db\nRule rest denies it/,
    );
  });

  it("says that nothing changes in meaning where only order and spelling do", async () => {
    write("before.yaml", BEFORE);
    write("after.yaml", SPELLED);
    assert.deepEqual(await compare("before.yaml", "after.yaml", "--fail-on", "changed"), {
      code: 0,
      out: "before.yaml → after.yaml: Nothing changes in meaning: every proposal and every event is answered as before.\n",
      err: "",
    });
    assert.equal(
      (await compare("before.yaml", "after.yaml", "--format", "markdown")).out,
      "### Gating: nothing changes in meaning\n\nNothing changes in meaning: every proposal and every event is answered as before.\n",
    );
  });

  it("answers with JSON, whose fields stay", async () => {
    write("before.yaml", BEFORE);
    write("after.yaml", BEFORE.replace("priority: P1", "priority: [P1, P2]"));
    const { code, out } = await compare("before.yaml", "after.yaml", "--json", ...FROM);
    assert.equal(code, 0);
    const terms = { coolDown: "30m", "limits.executionsPerHour": 10, "limits.openProposals": 20 };
    assert.deepEqual(JSON.parse(out), {
      base: "before.yaml",
      head: "after.yaml",
      from: "2026-11-24T10:00:00.000Z",
      verdict: "loosened",
      proven: true,
      services: [
        {
          service: "payments-db",
          listed: { before: true, after: true },
          proven: true,
          groups: [
            {
              about: "proposals",
              verdict: "loosened",
              possibly: false,
              which: ["priority P2"],
              before: {
                decision: "deny",
                rule: "rest",
                proposes: null,
                proposedBy: null,
                terms: { coolDown: "30m", onDeny: "task" },
              },
              after: {
                decision: "requireApproval",
                rule: "p1",
                proposes: null,
                proposedBy: null,
                terms: {
                  ...terms,
                  risk: 0.5,
                  sla: "5m",
                  validFor: "15m",
                  onExpiry: "reject",
                  escalateAfter: null,
                  escalateTo: null,
                  delivery: "callback",
                  editable: [],
                  acceptRuleApprovals: false,
                },
              },
              differs: [
                {
                  field: "decision",
                  before: "deny",
                  after: "requireApproval",
                  verdict: "loosened",
                },
                { field: "rule", before: "rest", after: "p1", verdict: "changed" },
              ],
              witness: {
                event: null,
                runbook: "failover",
                proposer: "ai-agent",
                priority: "P2",
                severity: null,
                urgency: null,
                regions: [],
                title: "",
                atMs: 1795514400000,
                at: "2026-11-24T10:00:00.000Z",
                explain:
                  "gate gating explain after.yaml --service payments-db --runbook failover --priority P2 --proposer ai-agent --at 2026-11-24T10:00:00Z",
              },
            },
          ],
        },
      ],
    });
  });

  it("writes a comment whose details are folded, and in which no name of a gating is more than a name", async () => {
    write("before.yaml", BEFORE);
    write(
      "after.yaml",
      BEFORE.replace(
        "priority: P1",
        'priority: [P1, "**<img src=x>** @all [x](http://x.invalid)", "`a``b"]',
      ),
    );
    const { out } = await compare("before.yaml", "after.yaml", "--format", "markdown", ...FROM);
    assert.equal(
      out,
      `### Gating: 1 loosened

- 🔓 **loosened** · \`payments-db\` · priority \`**<img src=x>** @all [x](http://x.invalid)\` or \`\`\` \`a\`\`b \`\`\`: denied (rule \`rest\`) → a human is asked (rule \`p1\`)

<details><summary>What each differs in, and a proposal to try</summary>

1. priority \`**<img src=x>** @all [x](http://x.invalid)\` or \`\`\` \`a\`\`b \`\`\`

   \`\`\`sh
   gate gating explain after.yaml --service payments-db --runbook failover --priority '**<img src=x>** @all [x](http://x.invalid)' --proposer ai-agent --at 2026-11-24T10:00:00Z
   \`\`\`

The commands tell the answers after. With \`before.yaml\` as their file they tell those before.

</details>
`,
    );
  });

  it("takes the version of a git revision for the gating before, HEAD's unless another is named", async () => {
    write("Pulumi.yaml", "name: mine\nruntime: nodejs\n");
    const inStack = (text: string) =>
      `config:\n  mine:services:\n${text.replace("\nservices:\n", "").replaceAll(/^/gm, "  ")}`;
    write("Pulumi.dev.yaml", inStack(BEFORE));
    git("init", "--quiet", "--initial-branch=main");
    git("add", "--all");
    git("commit", "--quiet", "--message=one");
    git("branch", "first");
    write("Pulumi.dev.yaml", inStack(AFTER));
    assert.match(
      (await compare()).out,
      /^HEAD:\.\/Pulumi\.dev\.yaml → Pulumi\.dev\.yaml: 1 loosened/,
    );
    git("commit", "--quiet", "--all", "--message=two");
    assert.match((await compare("--stack", "dev")).out, /Nothing changes in meaning/);
    for (const args of [
      ["--base", "first"],
      ["--base", "first", "--file", "Pulumi.dev.yaml"],
      ["Pulumi.dev.yaml", "--base", "first"],
      ["first:Pulumi.dev.yaml", "Pulumi.dev.yaml"],
      ["first:./Pulumi.dev.yaml", "HEAD:Pulumi.dev.yaml"],
    ]) {
      const { code, out, err } = await compare(...args, "--fail-on", "loosened");
      assert.equal(err, "");
      assert.match(out, / → .*: 1 loosened, 1 changed\.\n/);
      assert.equal(code, 3);
    }
    const explained = ["--service", "payments-db", "--runbook", "failover", "--priority", "P2"];
    for (const [named, answer] of [
      [["first:Pulumi.dev.yaml"], /Rule rest denies it/],
      [["--file", "first:Pulumi.dev.yaml"], /Rule rest denies it/],
      [["HEAD:Pulumi.dev.yaml"], /Rule p1 asks/],
      [["Pulumi.dev.yaml"], /Rule p1 asks/],
    ] as const) {
      const { out } = await run(["gating", "explain", ...named, ...explained], { cwd: folder });
      assert.match(out, answer);
    }
    const checked = await run(["gating", "check", "--file", "first:Pulumi.dev.yaml"], {
      cwd: folder,
    });
    assert.match(checked.out, /^first:Pulumi\.dev\.yaml: 1 service, nothing wrong\n/);
  });

  it("compares with nothing where the file was not there, and refuses a revision that git does not know", async () => {
    git("init", "--quiet", "--initial-branch=main");
    git("commit", "--quiet", "--allow-empty", "--message=none");
    write("gating.yaml", BEFORE);
    assert.match(
      (await compare("gating.yaml")).out,
      /^HEAD:\.\/gating\.yaml → gating\.yaml: 1 loosened, 1 changed\.\n\n`payments-db` \(new; till now the defaults applied\)\n/,
    );
    assert.deepEqual(await compare("gating.yaml", "--base", "origin/main"), {
      code: 2,
      out: "",
      err: `git knows no revision "origin/main" in ${folder}\n→ in CI, fetch the history: a shallow clone has the last commit alone\n`,
    });
  });

  it("blames no revision where there is no repository, and says that a folder is no file", async () => {
    write("gating.yaml", BEFORE);
    const { code, err } = await compare("gating.yaml");
    assert.equal(code, 2);
    assert.match(err, /^git: fatal: not a git repository/);
    assert.deepEqual(await compare(".", "gating.yaml"), {
      code: 2,
      out: "",
      err: `${folder} is a folder, not a file\n`,
    });
  });

  it("ends with 2 where a file cannot be read, and 4 where it is not proven that there is no more", async () => {
    write("before.yaml", JSON.stringify({ services: { db: manySided(40, {}) } }));
    write("after.yaml", JSON.stringify({ services: { db: manySided(40, { otherwise: "deny" }) } }));
    const unproven = await compare("before.yaml", "after.yaml");
    assert.equal(unproven.code, 4);
    assert.match(
      unproven.out,
      /^before\.yaml → after\.yaml: 1 tightened\. Not proven: the gatings are too many-sided to be compared in full, so there may be more differences\.\n/,
    );
    // What fails on demand is certain.
    assert.equal((await compare("after.yaml", "before.yaml", "--fail-on", "loosened")).code, 3);
    assert.equal((await compare("before.yaml", "after.yaml", "--fail-on", "loosened")).code, 4);
    assert.deepEqual(await compare("before.yaml", "missing.yaml"), {
      code: 2,
      out: "",
      err: `there is no file ${join(folder, "missing.yaml")}\n`,
    });
    assert.deepEqual(await compare(), {
      code: 2,
      out: "",
      err: `there is no stack "dev" in ${folder}: no file there is named Pulumi.<stack>.yaml\n→ name a stack with --stack, or a file\n`,
    });
    write("wrong.yaml", BEFORE.replace("deny", "denied"));
    const wrong = await compare("wrong.yaml", "before.yaml");
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /`decision` must be allow, deny or requireApproval, got "denied"/);
    for (const [args, message] of [
      [
        ["a.yaml", "b.yaml", "--base", "main"],
        "name the gating before as a file or with --base, not both\n",
      ],
      [
        ["a.yaml", "b.yaml", "--file", "c.yaml"],
        "name the file as an argument or with --file, not both\n",
      ],
      [
        ["main:a.yaml"],
        "a file at a git revision has no other version: name the gating before as well\n",
      ],
      [
        ["before.yaml", "after.yaml", "--from", "soon"],
        '--from must be a time like 2026-11-23T10:00:00Z, got "soon"\n',
      ],
    ] as const) {
      assert.deepEqual(await compare(...args), { code: 2, out: "", err: message });
    }
  });
});
