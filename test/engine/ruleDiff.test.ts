// What Pulumi itself says of a change of rules: of the record of a service, and of the stack's output. Not shown: how
// Pulumi's console draws the same.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { gatingTable } from "../../functions/aws/tableDefinition.ts";
import { createTable } from "./dynamoTables.ts";
import { Project, missingEngine, skipFor } from "./engine.ts";
import { missingAws } from "./localAws.ts";

const program = `
import { readFileSync } from "node:fs";
import { ServiceGating } from "./components/index.ts";
import { GATING_FORM } from "./components/gatingRecord.ts";
import { everyRuleByName } from "./functions/gate/gating/index.ts";

const own = JSON.parse(readFileSync("gating.json", "utf8"));
new ServiceGating("db", {
  gate: {
    name: "gate",
    region: process.env.AWS_REGION ?? "us-east-1",
    gatingTableName: process.env.GATING_TABLE ?? "",
    gatingTableArn: "arn",
    proposalsUrl: "https://gate.example.com/proposals",
    gatingForm: GATING_FORM,
  },
  pagerdutyService: { id: "PSVC001", name: "db" },
  gating: own,
});
export const gating = everyRuleByName({ services: { db: own } });
`;

type Rule = Readonly<Record<string, unknown>>;
const rule = (name: string, more: Rule = {}): Rule => ({
  name,
  match: { proposer: name },
  decision: "requireApproval",
  sla: "5m",
  ...more,
});
const [one, two, three, four] = ["one", "two", "three", "four"].map((name) => rule(name));
const BEFORE = [one, two, three, four];

describe("the preview of a changed rule", function () {
  this.timeout(120_000);

  let project: Project | undefined;
  let table: Awaited<ReturnType<typeof createTable>> | undefined;

  const write = (rules: readonly unknown[]) => {
    const gating = { runbooks: { restart: { automationAction: "01RESTART" } }, rules };
    writeFileSync(join(project?.dir ?? "", "gating.json"), JSON.stringify(gating));
  };

  /** The changed lines, of the record and of the output alike. */
  const changes = async (rules: readonly unknown[]): Promise<string[]> => {
    write(rules);
    const report = (await project?.pulumi(["preview", "--diff", "--color", "never"])) ?? "";
    const [record = "", output = "", ...more] = report.split(/^ *--outputs:--$/m);
    assert.deepEqual(more, []);
    const marked = (text: string, from: string) =>
      text
        .slice(text.indexOf(from))
        .split("\n")
        .map((line) => line.trim())
        // A change of what only holds others is none.
        .filter((line) => /^[-+~] /.test(line) && !/[:}\])] ?(\(json\) )?[{[]?$/.test(line));
    const told = marked(record, "item");
    assert.deepEqual(marked(output.slice(0, output.indexOf("Resources:")), "gating"), told);
    return told;
  };

  before(async function () {
    skipFor(this, missingEngine() ?? missingAws());
    table = await createTable(new DynamoDBClient({}), gatingTable);
    project = new Project(
      {
        "index.ts": program,
        "package.json": '{"name":"rules","type":"module","main":"index.ts"}',
        "Pulumi.yaml":
          "name: rules\nmain: index.ts\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n",
      },
      { GATING_TABLE: table.name, PAGERDUTY_TOKEN: "none" },
    );
    project.copy("components", "functions");
    await project.pulumi(["stack", "init", "dev"]);
    write(BEFORE);
    await project.up();
  });
  after(async () => {
    await project?.destroy();
    project?.remove();
    await table?.remove();
  });

  it("tells of one that is put first as of one that was added", async () => {
    assert.deepEqual(await changes([rule("freeze", { decision: "deny" }), ...BEFORE]), [
      "+ freeze",
      '+ decision: "deny"',
      '+ proposer: "freeze"',
      '+ sla     : "5m"',
    ]);
  });

  it("tells of two that change places as of one line that moved", async () => {
    assert.deepEqual(await changes([two, one, three, four]), ["- one", "+ one"]);
  });

  it("tells of a changed field as of that one", async () => {
    assert.deepEqual(await changes([one, rule("two", { decision: "deny" }), three, four]), [
      '~ decision: "requireApproval" => "deny"',
    ]);
  });

  it("tells of one that is taken out as of one", async () => {
    assert.deepEqual(await changes([two, three, four]), [
      "- one",
      '- decision: "requireApproval"',
      '- proposer: "one"',
      '- sla     : "5m"',
    ]);
  });

  describe("and what is told beside it", () => {
    const told = async (rules: readonly unknown[]) => {
      write(rules);
      const report = await project?.pulumi(["preview", "--color", "never"]);
      const [, diagnostics = ""] = (report ?? "").split(/^Diagnostics:$/m);
      const [lines = ""] = diagnostics.split(/^(?:Outputs|Resources):$/m);
      // What is told of the stack is where its plugins are from.
      return lines
        .split(/^(?= {2}\S+ \(\S+\):$)/m)
        .filter((section) => /^ {2}\S/.test(section) && !section.includes("pulumi:pulumi:Stack"))
        .flatMap((section) => section.split("\n"))
        .map((line) => line.trim())
        .filter((line) => line !== "");
    };

    it("is which proposals are answered differently, at the resource that changes", async () => {
      assert.deepEqual(await told([rule("freeze", { decision: "deny" }), ...BEFORE]), [
        "pagerduty-approval-gate:index:ServiceGating (db):",
        "What is answered differently: 1 tightened",
        "tightened: from `freeze`: a human is asked (`otherwise`) → denied (rule `freeze`)",
      ]);
    });

    it("is that nothing changes in meaning where only order and spelling do", async () => {
      assert.deepEqual(await told([four, rule("two", { sla: "300s" }), three, one]), [
        "pagerduty-approval-gate:index:ServiceGating (db):",
        "Nothing changes in meaning: every proposal and every event is answered as before.",
      ]);
    });

    it("is nothing where nothing is changed, and where the store cannot be read", async () => {
      assert.deepEqual(await told(BEFORE), []);
      assert(project !== undefined);
      const { env } = project;
      env["GATING_TABLE"] = "no-such-table";
      try {
        assert.deepEqual(await told([rule("freeze", { decision: "deny" }), ...BEFORE]), []);
      } finally {
        env["GATING_TABLE"] = table?.name ?? "";
      }
    });
  });
});
