// GitHub and GitLab themselves are not here: their files are held against GitHub's own parser and GitLab's public schema, and
// the step's script is run with a local stand-in for the comments.
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { Ajv } from "ajv";
import { parse } from "yaml";
import { z } from "zod";
import { run } from "../cli/support.ts";
import { actionsParser } from "./actionsParser.ts";
import { startComments, type CommentsServer } from "./comments.ts";

const ROOT = join(import.meta.dirname, "../..");
const EXAMPLE = join(ROOT, "examples/pull-request");
const TOKEN = "a-token-of-the-tests";
const NODE = process.execPath;

const read = (file: string) => readFileSync(file, "utf8");

const BEFORE = `services:
  payments-db:
    runbooks: { restart: { automationAction: 01RESTART }, page: { escalate: { level: 2 } } }
    rules:
      - { name: restart, match: { runbook: restart }, decision: requireApproval, sla: 5m }
`;
const CASES = `at: "2026-11-24T10:00:00Z"
cases:
  - name: a restart is asked about
    service: payments-db
    proposal: { runbook: restart }
    expect: { decision: requireApproval, rule: restart }
`;

describe("the files for pull requests", () => {
  it("are what GitHub's own parser takes for a workflow and an action", async () => {
    const { NoOperationTraceWriter, parseWorkflow, parseAction } = await actionsParser();
    const trace = new NoOperationTraceWriter();
    const problems = (file: string, parser: typeof parseWorkflow) =>
      parser({ name: file, content: read(file) }, trace)
        .context.errors.getErrors()
        .map((error) => error.message);
    assert.deepEqual(problems(join(EXAMPLE, ".github/workflows/gating.yml"), parseWorkflow), []);
    assert.deepEqual(problems(join(ROOT, "action.yml"), parseAction), []);
    // It sees what is wrong.
    const wrong = {
      name: "action.yml",
      content: read(join(ROOT, "action.yml")).replace("runs:", "run:"),
    };
    assert.notEqual(parseAction(wrong, trace).context.errors.count, 0);
  });

  it("are what GitLab's public schema takes for a pipeline", () => {
    const schema = join(import.meta.dirname, "gitlab-ci.schema.json");
    const ajv = new Ajv({ strict: false, allErrors: true, logger: false, validateFormats: false });
    const validate = ajv.compile(JSON.parse(read(schema)) as object);
    const written: unknown = parse(read(join(EXAMPLE, ".gitlab-ci.yml")));
    assert(validate(written), ajv.errorsText(validate.errors));
    assert(!validate({ gating: { image: 3 } }));
  });

  it("pass to the action only inputs that it has, and every release by its number", () => {
    const action = z
      .object({ inputs: z.record(z.string(), z.object({ default: z.string().optional() })) })
      .parse(parse(read(join(ROOT, "action.yml"))));
    const workflow = read(join(EXAMPLE, ".github/workflows/gating.yml"));
    const job = z
      .object({
        jobs: z.object({
          review: z.object({
            steps: z.array(z.object({ uses: z.string(), with: z.record(z.string(), z.unknown()) })),
          }),
        }),
      })
      .parse(parse(workflow)).jobs.review;
    const step = job.steps.at(-1);
    assert(step !== undefined);
    const unknown = Object.keys(step.with).filter((name) => !Object.hasOwn(action.inputs, name));
    assert.deepEqual(unknown, []);
    const { version } = z
      .object({ version: z.string() })
      .parse(JSON.parse(read(join(ROOT, "package.json"))));
    assert.equal(action.inputs["version"]?.default, version);
    assert.match(step.uses, new RegExp(`@v${version.replaceAll(".", "\\.")}$`));
    assert.match(
      read(join(EXAMPLE, ".gitlab-ci.yml")),
      new RegExp(`pagerduty-approval-gate@${version.replaceAll(".", "\\.")}\n`),
    );
  });
});

describe("a review in a pull request", () => {
  let folder: string;
  let server: CommentsServer;
  let base: string;

  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args], {
      cwd: folder,
      encoding: "utf8",
    });
  const put = (name: string, content: string) => {
    writeFileSync(join(folder, name), content);
  };
  const github = () => ({
    GITHUB_EVENT_PATH: join(folder, "event.json"),
    GITHUB_REPOSITORY: "acme/infra",
    GITHUB_API_URL: server.url,
    GITHUB_TOKEN: TOKEN,
    GITHUB_STEP_SUMMARY: join(folder, "summary.md"),
  });
  const review = (args: string[], env: Record<string, string>) =>
    run(["gating", "review", "gating.yaml", ...args], { cwd: folder, env });

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "gate-review-"));
    server = await startComments(TOKEN);
    put("gating.yaml", BEFORE);
    put("gating.test.yaml", CASES);
    git("init", "-q");
    git("add", "gating.yaml", "gating.test.yaml");
    git("commit", "-qm", "before");
    base = git("rev-parse", "HEAD").trim();
    put("event.json", JSON.stringify({ pull_request: { number: 7, base: { sha: base } } }));
    put("gating.yaml", BEFORE.replace("decision: requireApproval, sla: 5m", "decision: allow"));
  });
  afterEach(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("is one comment, which a later push updates", async () => {
    server.comments.push(
      ...Array.from({ length: 100 }, (_, id) => ({ id, body: "Looks good to me." })),
    );
    const first = await review(["--comment", "github"], github());
    // The example no longer holds.
    assert.deepEqual([first.code, first.err], [1, "comment written\n"]);
    assert.equal(server.comments.length, 101);
    const written = server.comments.at(-1)?.body ?? "";
    assert.ok(
      written.startsWith("<!-- gate gating review -->\n`gating.yaml`\n\n### Gating: 1 loosened\n"),
      written,
    );
    assert.match(
      written,
      /\*\*Examples\.\*\* ❌ 1 of 1 do not hold:\n\n```text\na restart is asked about\n {2}`decision` is allow, expected requireApproval\n```/,
    );
    assert.equal(read(join(folder, "summary.md")), first.out);

    put("gating.yaml", BEFORE.replace("5m", "10m"));
    const second = await review(["--comment", "github"], github());
    assert.deepEqual([second.code, second.err], [0, "comment updated\n"]);
    assert.equal(server.comments.length, 101);
    assert.match(
      server.comments.at(-1)?.body ?? "",
      /### Gating: 1 changed\n[^]*\*\*Examples\.\*\* All 1 hold\.\n/,
    );
    assert.deepEqual(server.calls, [
      "GET /repos/acme/infra/issues/7/comments?per_page=100&page=1",
      "GET /repos/acme/infra/issues/7/comments?per_page=100&page=2",
      "POST /repos/acme/infra/issues/7/comments",
      "GET /repos/acme/infra/issues/7/comments?per_page=100&page=1",
      "GET /repos/acme/infra/issues/7/comments?per_page=100&page=2",
      "PATCH /repos/acme/infra/issues/comments/1100",
    ]);
  });

  it("is a note on a merge request at GitLab", async () => {
    const env = {
      CI_API_V4_URL: `${server.url}/api/v4`,
      CI_PROJECT_ID: "42",
      CI_MERGE_REQUEST_IID: "7",
      CI_MERGE_REQUEST_DIFF_BASE_SHA: base,
      GITLAB_TOKEN: TOKEN,
    };
    assert.equal((await review(["--comment", "gitlab"], env)).err, "comment written\n");
    assert.equal((await review(["--comment", "gitlab"], env)).err, "comment updated\n");
    assert.deepEqual(server.calls, [
      "GET /api/v4/projects/42/merge_requests/7/notes?per_page=100&page=1",
      "POST /api/v4/projects/42/merge_requests/7/notes",
      "GET /api/v4/projects/42/merge_requests/7/notes?per_page=100&page=1",
      "PUT /api/v4/projects/42/merge_requests/7/notes/1000",
    ]);
  });

  it("says the same in the job where no comment may be written, and tells no token", async () => {
    server.refusal = 403;
    put("gating.test.yaml", "cases: []\n");
    const { code, out, err } = await review(
      ["--comment", "github", "--fail-on", "loosened"],
      github(),
    );
    assert.deepEqual(
      [code, err],
      [3, "no comment: POST /repos/acme/infra/issues/7/comments was answered 403\n"],
    );
    assert.equal(read(join(folder, "summary.md")), out);
    await server.stop();
    const gone = await review(["--comment", "github"], github());
    assert.deepEqual(
      [gone.code, gone.err],
      [0, `no comment: GET ${server.url} was not answered\n`],
    );
  });

  it("shows a phone's screen of it however much there is, and folds the rest", async () => {
    const rules = (decision: string) =>
      Array.from({ length: 18 }, (_, index) =>
        [
          `      - name: priority-number-${index}-of-the-service`,
          `        match: { priority: "P${index}", severity: [critical, error, warning], region: [eu-west-1, us-east-1] }`,
          `        decision: ${index % 3 === 0 ? "deny" : decision}`,
        ].join("\n"),
      ).join("\n");
    const gating = (decision: string) =>
      `services:\n  payments-db:\n    runbooks:\n      restart: { automationAction: 01RESTARTAPI }\n    rules:\n${rules(decision)}\n`;
    put("gating.yaml", gating("requireApproval"));
    git("commit", "-qam", "many");
    put("gating.yaml", gating("allow"));
    const cases = Array.from({ length: 12 }, (_, index) =>
      [
        `  - name: priority ${index} is asked about, whoever proposes it and wherever it is`,
        `    service: payments-db\n    proposal: { runbook: restart, priority: P${index}, severity: critical, region: eu-west-1 }`,
        "    expect: { decision: requireApproval, sla: 1h, risk: 0.1 }",
      ].join("\n"),
    ).join("\n");
    put("gating.test.yaml", `at: 2026-11-23T17:45:00Z\ncases:\n${cases}\n`);
    const { out, err } = await review(["--base", "HEAD"], {});
    assert.equal(err, "");
    const shown = out.replace(
      /<details>[^]*?<\/details>\n?/g,
      (folded) => (/<summary>.*<\/summary>/.exec(folded)?.[0] ?? "") + "\n",
    );
    // A phone shows about 34 lines of 42 letters.
    const lines = shown
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map((line) => Math.ceil(line.length / 42));
    const height = lines.reduce((sum, one) => sum + one, 0);
    assert.ok(height <= 34, `${height} lines:\n${shown}`);
    assert.match(shown, /12 of 12 do not hold|more<\/summary>/);
    assert.ok(out.length > 5 * shown.length, "nothing was folded");
  });

  it("shows why a gating is refused, with nothing in it that Markdown would obey", async () => {
    put("gating.yaml", BEFORE.replace("5m", '"```@team"'));
    const { code, out } = await review([], {});
    assert.equal(code, 1);
    assert.equal(
      out,
      `### Gating: refused

\`\`\`\`text
${join(folder, "gating.yaml")}: services.payments-db.rules[0] (restart): \`sla\` must be a duration such as "5m" between 1m and 7d, got "\`\`\`@team"
\`\`\`\`

**Examples** cannot be weighed:

\`\`\`\`text
${join(folder, "gating.yaml")}: services.payments-db.rules[0] (restart): \`sla\` must be a duration such as "5m" between 1m and 7d, got "\`\`\`@team"
\`\`\`\`
`,
    );
  });

  it("tells what is missing around it", async () => {
    assert.deepEqual(await review(["--comment", "github"], {}), {
      code: 1,
      out: "",
      err: "GITHUB_EVENT_PATH is not set\n→ --comment is for jobs of GitHub and GitLab, which set it\n",
    });
    put("event.json", "{}");
    assert.deepEqual(await review(["--comment", "github"], github()), {
      code: 1,
      out: "",
      err: `${join(folder, "event.json")} tells of no pull request\n→ run it in a workflow with \`on: pull_request\`\n`,
    });
  });

  it("is what the action's script runs, whatever its inputs hold", async () => {
    const action = z
      .object({ runs: z.object({ steps: z.array(z.looseObject({ run: z.string().optional() })) }) })
      .parse(parse(read(join(ROOT, "action.yml"))));
    const script = action.runs.steps.at(-1)?.run;
    assert(script !== undefined);
    // Stands in for the package of the registry.
    mkdirSync(join(folder, "bin"));
    const npx = join(folder, "bin/npx");
    writeFileSync(
      npx,
      `#!/bin/sh\n[ "$1 $2 $3 $4" = "--yes --package pagerduty-approval-gate@0.1.0 gate" ] || exit 64\nshift 4\nexec "${NODE}" "${join(ROOT, "bin/gate.mjs")}" "$@"\n`,
    );
    chmodSync(npx, 0o755);
    put(
      "audit.jsonl",
      [
        { kind: "export", format: 1, gate: "g", at: "2026-11-25T00:00:00Z" },
        { kind: "end", proposals: 0, others: 0, events: 0 },
      ]
        .map((line) => `${JSON.stringify(line)}\n`)
        .join(""),
    );
    // Beside this process, which stands for the comments.
    const step = (more: Record<string, string>) =>
      new Promise<number | null>((resolve, reject) => {
        const env = {
          ...github(),
          PATH: [join(folder, "bin"), process.env["PATH"] ?? ""].join(delimiter),
          FILES: "gating.yaml",
          HISTORY: "",
          TIME_ZONE: "UTC",
          FAIL_ON: "never",
          VERSION: "0.1.0",
          ...more,
        };
        spawn("bash", ["-c", script], { cwd: folder, env, stdio: "ignore" })
          .once("error", reject)
          .once("close", resolve);
      });
    put("gating.test.yaml", "cases: []\n");
    assert.equal(await step({}), 0);
    assert.match(read(join(folder, "summary.md")), /### Gating: 1 loosened/);
    assert.equal(server.comments.length, 1);
    assert.match(server.comments[0]?.body ?? "", /### Gating: 1 loosened/);
    assert.equal(await step({ FAIL_ON: "loosened", HISTORY: "audit.jsonl" }), 3);
    assert.equal(server.comments.length, 1);
    assert.match(
      server.comments[0]?.body ?? "",
      /\*\*The bill\.\*\* No recorded proposal could be replayed\./,
    );
    assert.match(
      read(join(folder, "summary.md")),
      /\*\*The bill\.\*\* No recorded proposal could be replayed\./,
    );
    assert.notEqual(await step({ FILES: "$(touch owned) ; touch owned" }), 0);
    assert.equal(spawnSync("ls", ["owned"], { cwd: folder }).status, 2);
  });
});
