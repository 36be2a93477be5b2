// Without AWS: how a gate there is named, and what is said when it cannot be reached.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { proposalAnswer } from "../../../cli/answers.ts";
import { GateBench, ROOT, run, type Ran } from "../support.ts";

/** Nothing listens there. */
const NOWHERE = "http://127.0.0.1:9";

describe("How the command line finds a gate in AWS", () => {
  const bench = new GateBench();
  let folder = "";

  before(async function () {
    await bench.start();
  });
  after(() => bench.stop());
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gate-target-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const outputs = (changes: Record<string, unknown> = {}): string =>
    JSON.stringify({
      ledgerTableName: "gate-ledger",
      gatingTableName: "gate-gating",
      proposalsUrl: `${bench.embedded.gate.url}/proposals`,
      webhookUrl: `${bench.embedded.gate.url}/pagerduty/webhook`,
      gate: { name: "gate", region: "eu-central-1" },
      ...changes,
    });

  const at = (args: string[], env: Record<string, string> = {}): Promise<Ran> =>
    run(args, { cwd: folder, env: { PATH: folder, GATE_DATA_DIR: folder, ...env } });

  /** A `pulumi` that prints this, or ends with that error. */
  function pulumi(prints: string, error = ""): void {
    writeFileSync(join(folder, "printed"), prints);
    const script =
      error === ""
        ? `#!/bin/sh\necho "$@" > "${folder}/args"\nwhile read -r line; do echo "$line"; done < "${folder}/printed"\n`
        : `#!/bin/sh\necho "${error}" >&2\nexit 255\n`;
    writeFileSync(join(folder, "pulumi"), script);
    chmodSync(join(folder, "pulumi"), 0o755);
  }

  const refused = (err: string, code = 1): Ran => ({ code, out: "", err });

  it("says that `pulumi` is not on PATH, and what else names the gate", async () => {
    assert.deepEqual(
      await at(["list", "--stack", "prod"]),
      refused(
        "`pulumi` is not on PATH, and --stack asks it for the stack's outputs\n" +
          "→ install the Pulumi CLI, or use --outputs <file> or --table <ledger table>\n",
      ),
    );
  });

  it("tells what `pulumi` told", async () => {
    pulumi("", "error: no stack named 'prod' found");
    assert.deepEqual(
      await at(["list", "--stack", "prod"]),
      refused(
        "`pulumi stack output` failed: no stack named 'prod' found\n" +
          "→ run it in the project's folder, logged in to the stack's backend\n",
      ),
    );
  });

  it("refuses outputs of another stack, no JSON, and a file that is not there", async () => {
    pulumi('{"bucketName":"b"}\n');
    assert.deepEqual(
      await at(["list", "--stack", "prod"]),
      refused(
        'stack "prod" exports no gate\n' +
          "→ export the `gate` of its ApprovalGate, under any name, or name the gate by --table\n",
      ),
    );
    writeFileSync(join(folder, "o.json"), "{");
    assert.deepEqual(
      await at(["list", "--outputs", "o.json"]),
      refused(`${folder}/o.json is not JSON\n`),
    );
    assert.deepEqual(
      await at(["list", "--outputs", "none.json"]),
      refused(
        `there is no file ${folder}/none.json that can be read\n` +
          "→ write it with `pulumi stack output --json > none.json`\n",
      ),
    );
  });

  /** The output `gate` of an ApprovalGate. */
  const reference = (name = "acme-prod-approvals-0a1b2c3d"): Record<string, unknown> => ({
    name,
    region: "eu-central-1",
    gatingTableName: "gate-gating",
    gatingTableArn: "arn:gating",
    proposalsUrl: `${bench.embedded.gate.url}/proposals`,
    gatingForm: 2,
    webhookUrl: `${bench.embedded.gate.url}/pagerduty/webhook`,
    ledgerTableName: "gate-ledger",
    queueUrl: "https://sqs/queue",
    deadLetterQueueUrl: "https://sqs/dead",
  });

  it("finds the gate whatever its stack calls the outputs", async () => {
    const env = { GATE_TOKEN: bench.embedded.endpoints().gate.proposerToken };
    const { incident } = await bench.json(
      (value) => z.object({ proposal: proposalAnswer }).parse(value).proposal,
      "show",
      await bench.failover(),
    );
    for (const exported of [
      { gate: reference() },
      { somethingElse: "b", tokens: "[secret]", ourGate: reference(), again: reference() },
      { approvals: { ...(JSON.parse(outputs()) as object), urn: "urn:pulumi:…" } },
      JSON.parse(outputs()) as object,
    ]) {
      pulumi(`${JSON.stringify(exported)}\n`);
      const { err, out } = await at(
        [
          "propose",
          ...["--stack", "prod", "--json", "--service", "payments-db", "--runbook", "diagnostics"],
          ...["--incident", incident.id ?? "", "--justification", "slow"],
        ],
        env,
      );
      assert.equal(err, "", JSON.stringify(exported));
      assert.match(out, /"id": "prop_/);
    }
  });

  it("wants one gate named where a stack exports several", async () => {
    pulumi(
      `${JSON.stringify({ a: reference("p-s-a-00000000"), b: reference("p-s-b-00000000") })}\n`,
    );
    assert.deepEqual(
      await at(["list", "--stack", "prod"]),
      refused(
        'stack "prod" exports 2 gates: p-s-a-00000000, p-s-b-00000000\n' +
          "→ name one by --outputs <file> with its `gate` alone, or by --table\n",
      ),
    );
    // As an earlier release told it, the ledger is not known.
    const { ledgerTableName: _ledger, ...before } = reference();
    pulumi(`${JSON.stringify({ gate: before })}\n`);
    assert.match((await at(["list", "--stack", "prod"])).err, /^stack "prod" exports no gate\n/);
  });

  it("wants the gate named once", async () => {
    assert.deepEqual(
      await at(["list", "--table", "t", "--stack", "s"]),
      refused("name the gate by one of --stack, --outputs and --table\n", 2),
    );
    assert.deepEqual(
      await at(["list", "--region", "eu-central-1"]),
      refused("--gating-table and --region go with --stack, --outputs or --table\n", 2),
    );
  });

  it("proposes and shows at the stack's address with a token", async () => {
    const { endpoints } = bench.embedded;
    pulumi(`${outputs()}\n`);
    const env = { GATE_TOKEN: endpoints().gate.proposerToken };
    const id = await bench.failover();
    const { incident } = await bench.json(
      (value) => z.object({ proposal: proposalAnswer }).parse(value).proposal,
      "show",
      id,
    );
    const asked = ["--service", "payments-db", "--runbook", "restart_primary", "--json"];
    const made = await at(
      [
        "propose",
        ...asked,
        "--incident",
        incident.id ?? "",
        "--justification",
        "5xx",
        "--stack",
        "dev",
      ],
      env,
    );
    assert.equal(made.err, "");
    assert.match(made.out, /"id": "prop_/);
    const shown = await at(["show", id, "--url", `${endpoints().gate.url}/proposals`], env);
    assert.match(shown.out, new RegExp(`^${id}: `));
  });

  describe("in a process of its own", function () {
    /** Not blocking, because the gate that is asked runs in the tests' process. */
    async function alone(args: string[], env: Record<string, string>): Promise<Ran> {
      const started = promisify(execFile)(process.execPath, [join(ROOT, "bin/gate.mjs"), ...args], {
        cwd: folder,
        // No profile, no role: only what a test gives.
        env: { HOME: folder, PATH: folder, AWS_EC2_METADATA_DISABLED: "true", ...env },
      });
      const ended = z.object({
        code: z.number().default(0),
        stdout: z.string(),
        stderr: z.string(),
      });
      const { code, stdout, stderr } = ended.parse(await started.catch((error: unknown) => error));
      return { code, out: stdout, err: stderr };
    }

    it("says that there are no credentials", async () => {
      assert.deepEqual(
        await alone(["list", "--table", "t"], { AWS_REGION: "eu-central-1" }),
        refused(
          "there are no AWS credentials\n" +
            "→ log in (`aws sso login`), or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY\n",
        ),
      );
    });

    it("says that no region is known", async () => {
      assert.deepEqual(
        await alone(["alarms", "--table", "t"], {
          AWS_ACCESS_KEY_ID: "a",
          AWS_SECRET_ACCESS_KEY: "b",
        }),
        refused("no AWS region is known\n→ set --region or AWS_REGION\n", 2),
      );
    });

    it("says that AWS does not answer", async () => {
      assert.deepEqual(
        await alone(["kill-switch", "--table", "t", "--region", "eu-central-1"], {
          AWS_ACCESS_KEY_ID: "a",
          AWS_SECRET_ACCESS_KEY: "b",
          AWS_ENDPOINT_URL: NOWHERE,
        }),
        refused(
          "AWS does not answer in eu-central-1\n→ check the network, --region and AWS_ENDPOINT_URL\n",
        ),
      );
    });

    it("shows by address and token where there are no credentials", async () => {
      const id = await bench.restart();
      writeFileSync(join(folder, "o.json"), outputs());
      const { out, err } = await alone(["show", id, "--outputs", "o.json"], {
        GATE_TOKEN: bench.embedded.endpoints().gate.proposerToken,
      });
      assert.equal(err, "");
      assert.match(out, new RegExp(`^${id}: `));
    });
  });
});
