import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MIGRATIONS } from "../../local/ledger/ledgerSchema.ts";
import { openSqliteFile } from "../../local/ledger/sqliteFile.ts";
import { GateBench } from "./support.ts";

describe("Command audit", function () {
  const bench = new GateBench();
  let file = "";
  let ids: string[] = [];
  let lines: string[] = [];

  before(async () => {
    await bench.start();
    ids = [await bench.failover(), await bench.restart()];
    await bench.gate("kill-switch", "on", "--runbook", "diagnostics", "--reason", "drill");
    await bench.gate("kill-switch", "off", "--runbook", "diagnostics");
    await bench.embedded.gate.ledger.raise({
      key: "bypass/01INVOCATION",
      kind: "bypass",
      atMs: 1,
      text: "Somebody ran it by hand",
      proposalId: null,
      incidentId: null,
    });
    await bench.gate("alarms", "ack", "bypass/01INVOCATION", "--note", "a drill");
    await bench.embedded.gate.queue.idle();
    file = join(bench.dataDir, "audit.jsonl");
    const { code, out } = await bench.gate("audit", "export", "--out", file);
    assert.equal(code, 0);
    assert.match(
      out,
      new RegExp(`^\\d+ events of 2 proposals and 3 trails of the gate's own in ${file}\n$`),
    );
    lines = readFileSync(file, "utf8").trimEnd().split("\n");
  });
  after(() => bench.stop());

  /** Verifies what the exported file becomes by a change. */
  async function verify(change: (lines: string[]) => string[]) {
    const changed = join(bench.dataDir, "changed.jsonl");
    writeFileSync(changed, `${change([...lines]).join("\n")}\n`);
    return bench.gate("audit", "verify", changed);
  }
  const first = (kind: string) => lines.findIndex((line) => line.includes(`"kind":"${kind}"`));

  it("exports every event and head as JSON Lines, to standard output as well", async () => {
    const kinds = lines.map((line) => String(Object(JSON.parse(line)).kind));
    assert.equal(kinds[0], "export");
    assert.equal(kinds.at(-1), "end");
    assert.equal(kinds.filter((kind) => kind === "head").length, 5);
    const { out } = await bench.gate("audit", "export");
    assert.deepEqual(out.trimEnd().split("\n").slice(1), lines.slice(1));
  });

  it("holds no secret", async () => {
    const { gate, pagerduty, cheqpoint } = bench.embedded.endpoints();
    const secrets = [
      gate.proposerToken,
      gate.operatorToken,
      pagerduty.token,
      cheqpoint.connectionKey,
    ];
    for (const secret of secrets) {
      assert.ok(!lines.some((line) => line.includes(secret)));
    }
  });

  it("finds a running gate and an exported file whole", async () => {
    const whole =
      /^Whole and unaltered: \d+ events of 2 proposals and 3 trails of the gate's own\n$/;
    for (const args of [[], [file], [file, "--live"]]) {
      const { code, out } = await bench.gate("audit", "verify", ...args);
      assert.equal(code, 0);
      assert.match(out, whole);
    }
    const { out } = await bench.gate("audit", "verify", file, "--json");
    const { ok, proposals, others, problems, altered } = Object(JSON.parse(out));
    assert.deepEqual([ok, proposals, others, problems, altered], [true, 2, 3, [], []]);
  });

  it("tells who threw the switch, who acknowledged which alarm, and which gating is in force", () => {
    const of = (subject: string) =>
      lines
        .map((line) => Object(JSON.parse(line)))
        .filter(({ kind, proposalId }) => kind === "event" && proposalId === subject)
        .map(({ type, data }) => ({ type, ...data }));
    const held = { service: null, runbook: "diagnostics", by: "operator" };
    assert.deepEqual(of("kill-switch"), [
      { type: "killSwitch.on", ...held, reason: "drill" },
      { type: "killSwitch.off", ...held, reason: null },
    ]);
    assert.deepEqual(of("alarm/bypass/01INVOCATION"), [
      {
        type: "alarm.raised",
        kind: "bypass",
        text: "Somebody ran it by hand",
        proposalId: null,
        incidentId: null,
      },
      { type: "alarm.acknowledged", by: "operator", note: "a drill" },
    ]);
    const [gating] = of("gating");
    assert.equal(gating.type, "gating.inForce");
    assert.match(gating.services["payments-db"].after, /^sha256:/);
  });

  it("names the proposal of which an event was changed", async () => {
    const at = lines.findIndex(
      (line) => line.includes(ids[0] ?? "") && line.includes("CPU at 98%"),
    );
    const { code, out } = await verify((all) =>
      all.with(at, (all[at] ?? "").replace("CPU at 98%", "CPU at 12%")),
    );
    assert.equal(code, 1);
    assert.match(
      out,
      new RegExp(
        `^NOT as it was written: ${ids[0]} \\(of \\d+ events of 2 proposals and 3 trails of the gate's own\\)\n- ${ids[0]} event \\d+: its content was altered\n$`,
      ),
    );
  });

  it("names what was removed, cut off or put in", async () => {
    const event = first("event");
    const head = first("head");
    const cases: [string, (all: string[]) => string[], RegExp][] = [
      [
        "a removed event",
        (all) => all.toSpliced(event, 1),
        /expected number 1, an event is missing/,
      ],
      ["a repeated event", (all) => all.toSpliced(event, 0, all[event] ?? ""), /expected number 2/],
      ["a removed head", (all) => all.toSpliced(head, 1), /prop_\w+: its head is missing/],
      [
        "a second head",
        (all) => all.toSpliced(head, 0, all[head] ?? ""),
        /its head is there twice/,
      ],
      ["a cut file", (all) => all.slice(0, -1), /the last line is missing: the file was cut off/],
      [
        "a removed history",
        (all) => all.filter((line) => !line.includes(ids[0] ?? "")),
        /tells of 2 proposals/,
      ],
      ["a line that is no JSON", (all) => all.with(event, "{"), /^- line 2: no JSON$/m],
      ["a foreign line", (all) => all.with(event, "{}"), /^- line 2: no line of an audit export$/m],
      [
        "a line after the end",
        (all) => [...all, all[event] ?? ""],
        /a line "event" must not stand/,
      ],
      ["a missing first line", (all) => all.slice(1), /line 1: a line "event" must not stand here/],
      ["an empty file", () => [], /the last line is missing/],
    ];
    for (const [what, change, message] of cases) {
      const { code, out } = await verify(change);
      assert.equal(code, 1, what);
      assert.match(out, message, what);
    }
  });

  it("tells as JSON what was altered", async () => {
    const changed = join(bench.dataDir, "changed.jsonl");
    writeFileSync(changed, `${lines.slice(0, -1).join("\n")}\n`);
    const { code, out } = await bench.gate("audit", "verify", changed, "--json");
    assert.equal(code, 1);
    const { ok, altered, problems } = Object(JSON.parse(out));
    assert.deepEqual(
      [ok, altered, problems],
      [false, ["file"], ["the last line is missing: the file was cut off"]],
    );
  });

  it("says that a file cannot be read or written", async () => {
    assert.deepEqual(await bench.gate("audit", "verify", "/nowhere/a.jsonl"), {
      code: 1,
      out: "",
      err: "there is no file /nowhere/a.jsonl that can be read\n",
    });
    const { code, err } = await bench.gate("audit", "export", "--out", "/nowhere/a.jsonl");
    assert.equal(code, 1);
    assert.match(err, /^\/nowhere\/a\.jsonl cannot be written: ENOENT/);
  });

  /** Changes the ledger behind the gate's back. */
  function alter(statement: string, ...values: string[]): void {
    const ledger = openSqliteFile(join(bench.dataDir, "ledger.sqlite"), MIGRATIONS);
    ledger.run("PRAGMA foreign_keys = OFF");
    ledger.run(statement, ...values);
    ledger.close();
  }

  it("finds what was altered in the ledger itself, also where an export was not", async () => {
    alter(
      "UPDATE events SET record = replace(record, 'CPU at 98%', 'CPU at 12%') WHERE proposalId = ? AND seq = 1",
      ids[0] ?? "",
    );
    const compared = await bench.gate("audit", "verify", file, "--live");
    assert.equal(compared.code, 1);
    assert.match(
      compared.out,
      new RegExp(
        `^NOT as it was written: ${ids[0]} \\(of .*\\)\n- in the gate: ${ids[0]} event 1: its content was altered\n$`,
      ),
    );
    const { code, out } = await bench.gate("audit", "verify");
    assert.equal(code, 1);
    assert.match(out, new RegExp(`^- ${ids[0]} event 1: its content was altered$`, "m"));
    const shown = await bench.gate("show", ids[0] ?? "");
    assert.match(
      shown.out,
      / {2}CHAIN BROKEN:\n {2}- prop_\w+ event 1: its content was altered\n$/,
    );
  });

  it("finds that the reason of a kill switch was altered in the ledger", async () => {
    alter(
      "UPDATE trail_events SET record = replace(record, 'drill', 'spill') WHERE subject = ?",
      "kill-switch",
    );
    const { code, out } = await bench.gate("audit", "verify", file, "--live");
    assert.equal(code, 1);
    assert.match(out, /^- in the gate: kill-switch event 1: its content was altered$/m);
    alter(
      "UPDATE trail_events SET record = replace(record, 'spill', 'drill') WHERE subject = ?",
      "kill-switch",
    );
  });

  it("finds a history that was made anew", async () => {
    const head = first("head");
    const other = `sha256:${"0".repeat(64)}`;
    const forged = (lines[head] ?? "").replace(/sha256:[0-9a-f]{64}/, other);
    const changed = join(bench.dataDir, "changed.jsonl");
    writeFileSync(changed, `${lines.with(head, forged).join("\n")}\n`);
    const { code, out } = await bench.gate("audit", "verify", changed, "--live");
    assert.equal(code, 1);
    assert.match(out, /^- prop_\w+: the gate's history is not a continuation of the file's$/m);
  });

  it("misses in the ledger what the export has, and looks at what came later", async () => {
    const later = await bench.restart();
    await bench.embedded.gate.queue.idle();
    alter("DELETE FROM proposals WHERE id = ?", ids[1] ?? "");
    alter(
      "UPDATE events SET record = replace(record, 'ai-agent', 'nobody') WHERE proposalId = ? AND seq = 1",
      later,
    );
    const { code, out } = await bench.gate("audit", "verify", file, "--live");
    assert.equal(code, 1);
    assert.match(out, new RegExp(`^- ${ids[1]}: the gate does not have it any more$`, "m"));
    assert.match(out, new RegExp(`^- in the gate: ${later} event 1: its content was alt`, "m"));
  });
});
