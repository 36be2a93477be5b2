// The scenarios' history comes from an embedded gate with emulators; the larger one is generated.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { historyGating, writeHistory } from "../../bench/history.ts";
import { Replay } from "../../cli/gatingReplay/bill.ts";
import { readHistory } from "../../cli/gatingReplay/history.ts";
import type { Bill } from "../../cli/gatingReplay/bill.ts";
import { readGatingFile } from "../../local/gatingFile/gatingFile.ts";
import { scenarios } from "../../local/scenarios/index.ts";
import { DEV_STACK, GateBench, run } from "./support.ts";
import { slowCount } from "./slowCount.ts";

const ZONE = "Europe/Berlin";

/** What the slow count counts, of the bill. */
function counted(bill: Bill) {
  const hits = (limits: Bill["before"]["limits"], limit: string) =>
    limits.filter((one) => one.limit === limit).reduce((all, one) => all + one.hits, 0);
  const costs = ({
    asked,
    askedAtNight,
    expired,
    manualTasks,
    collected,
    limits,
  }: Bill["before"]) => ({
    asked,
    askedAtNight,
    expected: expired?.expected ?? 0,
    median: expired?.waitsLessThanMedian ?? 0,
    p90: expired?.waitsLessThanP90 ?? 0,
    manualTasks,
    collected,
    limits: { open: hits(limits, "openProposals"), runs: hits(limits, "executionsPerHour") },
  });
  return {
    proposals: bill.replayed,
    otherwise: bill.otherwiseRecorded,
    changed: bill.changed,
    answered: bill.reactions.answered,
    silences: bill.reactions.unanswered,
    medianMs: bill.reactions.medianMs,
    p90Ms: bill.reactions.p90Ms,
    before: costs(bill.before),
    after: costs(bill.after),
  };
}

/** Fractions as the bill rounds them. */
function rounded(count: ReturnType<typeof slowCount>) {
  const tenths = (value: number) => Math.round(value * 10) / 10;
  const costs = (own: (typeof count)["before"]) => ({
    ...own,
    expected: tenths(own.expected),
    manualTasks: tenths(own.manualTasks),
  });
  return { ...count, before: costs(count.before), after: costs(count.after) };
}

const MARKDOWN = `**The bill.** Replayed 5 proposals from 2026-11-24 to 2026-11-24 (1 week, times in UTC). 3 are answered differently.

Manual tasks of their own 0 → **2** (+2)

<details><summary>The whole bill</summary>

| | before | after | change |
| --- | ---: | ---: | ---: |
| Approvals asked | 0 | 0 | 0 |
| Approvals a week | 0 | 0 | 0 |
| Approvals from 22:00 to 07:00 | 0 | 0 | 0 |
| Expected to expire | not known | not known |  |
| Wait is shorter than the median reaction | not known | not known |  |
| Wait is shorter than nine of ten | not known | not known |  |
| Manual tasks of their own | 0 | 2 | +2 |
| Denials that shared tasks count | 1 | 2 | +1 |
| Stopped or held by a limit | 0 | 0 | 0 |

1 proposal cannot be replayed: an earlier release did not record what was compared.

1 proposal ended before the rules were looked at.

3 proposals got another answer then than the gating before gives: another was in force.

| service | before | after | proposals | differs in |
| --- | --- | --- | ---: | --- |
| payments-db | all allows | all denies | 2 | decision |
| payments-db | all allows | parameters do not fit | 1 | decision, rule |

</details>
`;

const EXPORT = '{"kind":"export","format":1,"gate":"g","at":"2026-11-25T00:00:00Z"}\n';

describe("Command gating replay", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gate-replay-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it("finds no difference in the history of every scenario to the gating it was made with, and the counted ones to another", async () => {
    const bench = new GateBench("dev");
    await bench.start();
    const history = join(folder, "audit.jsonl");
    const changed = join(folder, "changed.yaml");
    writeFileSync(
      changed,
      readFileSync(DEV_STACK, "utf8")
        .replace(
          "decision: allow\n          risk: 0.2",
          "decision: requireApproval\n          sla: 1m",
        )
        .replace("- name: restart\n", "- name: rename\n"),
    );
    try {
      for (const { name } of scenarios) {
        const played = await bench.gate("scenario", name);
        assert.equal(played.code, 0, played.err);
      }
      await bench.gate("decide", await bench.failover(), "approve");
      await bench.gate("decide", await bench.restart(), "reject", "--note", "no");
      await bench.gate("audit", "export", "--out", history);
      const replay = async (...args: string[]): Promise<Bill> => {
        const ran = await bench.gate("gating", "replay", ...args, "--json");
        assert.deepEqual([ran.code, ran.err], [0, ""]);
        return JSON.parse(ran.out) as Bill;
      };
      const same = await replay(DEV_STACK, DEV_STACK, "--history", history);
      assert.ok(same.replayed >= 7, `${same.replayed} were replayed`);
      assert.deepEqual(
        [same.changed, same.groups, same.otherwiseRecorded, same.notReplayed.withoutFacts],
        [0, [], 0, 0],
      );
      assert.deepEqual(same.before, same.after);
      const other = await replay(DEV_STACK, changed, "--history", history, "--time-zone", ZONE);
      const slow = slowCount(readGatingFile(DEV_STACK), readGatingFile(changed), history, ZONE);
      assert.deepEqual(counted(other), rounded(slow));
      assert.ok(other.changed > 0 && other.after.asked > other.before.asked);
      assert.deepEqual([...new Set(other.groups.map(({ differs }) => differs.join(", ")))].sort(), [
        "decision",
        "rule",
      ]);
      // Asked of the gate itself, everything is the same.
      assert.deepEqual(await replay(DEV_STACK, changed, "--time-zone", ZONE), other);
    } finally {
      await bench.stop();
    }
  });

  it("tells the figures that a slow count by another hand finds", () => {
    const history = join(folder, "generated.jsonl");
    for (const seed of [1, 2]) {
      writeHistory(history, { proposals: 700, services: 2, days: 1, seed });
      const [before, after] = [historyGating(2, false), historyGating(2, true)];
      for (const [one, other] of [
        [before, after],
        [after, before],
        [before, before],
      ] as const) {
        const replay = new Replay(one, other, {
          timeZone: ZONE,
          sinceMs: -Infinity,
          checksParameters: false,
        });
        readHistory(history, false, (item) => {
          replay.add(item);
        });
        const bill = replay.bill();
        assert.deepEqual(counted(bill), rounded(slowCount(one, other, history, ZONE)));
        assert.ok(bill.before.limits.length > 0 && bill.before.askedAtNight > 0);
        assert.equal(bill.changed === 0, one === other);
      }
    }
  });

  it("tells it to people, in a comment, and what cannot be replayed", async () => {
    const history = join(folder, "audit.jsonl");
    const before = join(folder, "before.yaml");
    const after = join(folder, "after.yaml");
    const gating = (all: string, maximum: number) => `
services:
  payments-db:
    runbooks:
      failover: { automationAction: 01DBFAILOVER, parameters: { count: { type: integer, maximum: ${maximum} } } }
    rules:
      - { name: p1, match: { priority: P1, event: incident.triggered }, propose: failover, decision: requireApproval }
      - { name: all, decision: ${all} }
`;
    writeFileSync(before, gating("allow", 5));
    writeFileSync(after, gating("deny, onDeny: page", 3));
    const facts = {
      event: null,
      action: "run_auto_remediation_runbook",
      runbook: "failover",
      proposer: "ai-agent",
      priority: "P1",
      severity: null,
      urgency: "high",
      regions: [],
      title: "down",
      atMs: Date.parse("2026-11-24T23:30:00Z"),
    };
    let seq = 0;
    const event = (proposalId: string, type: string, data: object) => ({
      kind: "event",
      proposalId,
      seq: (seq += 1),
      atMs: facts.atMs,
      type,
      data,
      prevHash: "",
      hash: "",
    });
    const received = (id: string, count?: number) =>
      event(id, "proposal.received", {
        request: { parameters: count === undefined ? {} : { count } },
      });
    const weighed = (id: string, more: object = {}, own: object = {}) =>
      event(id, "proposal.weighed", {
        service: "payments-db",
        serviceId: "PSVC001",
        facts: { ...facts, ...more },
        rule: "all",
        decision: "allow",
        ...own,
      });
    const lines = [
      { kind: "export", format: 1, gate: "g", at: "2026-11-25T00:00:00Z" },
      received("prop_1"),
      weighed("prop_1"),
      received("prop_2", 5),
      weighed("prop_2"),
      received("prop_3"),
      weighed("prop_3", { runbook: "gone" }),
      received("prop_4"),
      weighed("prop_4", { event: "incident.triggered", priority: "P2" }),
      received("prop_5"),
      event("prop_5", "outcome.suppressed", { reason: "unknownRunbook" }),
      received("prop_6"),
      event("prop_6", "proposal.weighed", { rule: "all", decision: "allow" }),
      received("prop_7"),
      weighed("prop_7", { atMs: facts.atMs }, { rule: "another" }),
      { kind: "end", proposals: 7, others: 0, events: 14 },
    ];
    writeFileSync(history, lines.map((one) => `${JSON.stringify(one)}\n`).join(""));
    const replay = (...more: string[]) =>
      run(["gating", "replay", "before.yaml", "after.yaml", "--history", "audit.jsonl", ...more], {
        cwd: folder,
      });
    const { code, err, out } = await replay("--time-zone", ZONE);
    assert.deepEqual([code, err], [0, ""]);
    assert.equal(
      out,
      `before.yaml → after.yaml
Replayed 5 proposals from 2026-11-25 to 2026-11-25 (1 week, times in Europe/Berlin).
1 proposal cannot be replayed: an earlier release did not record what was compared.
1 proposal ended before the rules were looked at.
3 proposals got another answer then than the gating before gives: another was in force.
3 are answered differently.
SERVICE      BEFORE      AFTER                  PROPOSALS  DIFFERS IN
payments-db  all allows  all denies             2          decision
payments-db  all allows  parameters do not fit  1          decision, rule

                                          BEFORE     AFTER      CHANGE
Approvals asked                           0          0          0
Approvals a week                          0          0          0
Approvals from 22:00 to 07:00             0          0          0
Expected to expire                        not known  not known
Wait is shorter than the median reaction  not known  not known
Wait is shorter than nine of ten          not known  not known
Manual tasks of their own                 0          2          +2
Denials that shared tasks count           1          2          +1
Stopped or held by a limit                0          0          0
No reviewer's answer is recorded: what would have expired is not known.
`,
    );
    assert.equal((await replay("--format", "markdown")).out, MARKDOWN);
  });

  it("refuses what is no export, no duration and no time zone", async () => {
    const history = join(folder, "audit.jsonl");
    writeFileSync(history, '{"kind":"event"}\n');
    const replay = (...args: string[]) =>
      run(["gating", "replay", DEV_STACK, DEV_STACK, ...args], { cwd: folder });
    const told = async (...args: string[]) => {
      const { code, err } = await replay(...args);
      return [code, err];
    };
    assert.deepEqual(await told("--history", "audit.jsonl"), [
      1,
      `${history}, line 1: no line of an audit export\n→ write one with \`gate audit export --out audit.jsonl\`\n`,
    ]);
    const received =
      '{"kind":"event","proposalId":"prop_1","seq":1,"atMs":1,"type":"proposal.received"';
    writeFileSync(history, `${EXPORT}${received},"data":{"sou`);
    const cut = `${history} is cut off: the line that ends an export is missing\n→ write one with \`gate audit export --out audit.jsonl\`\n`;
    assert.deepEqual(await told("--history", "audit.jsonl"), [1, cut]);
    writeFileSync(history, EXPORT);
    assert.deepEqual(await told("--history", "audit.jsonl"), [1, cut]);
    assert.deepEqual(await told("--history", "."), [1, `${folder} is a folder, not a file\n`]);
    assert.deepEqual(await told("--history", "x.jsonl"), [
      1,
      `there is no file ${join(folder, "x.jsonl")} that can be read\n`,
    ]);
    assert.deepEqual(await told("--history", "audit.jsonl", "--since", "soon"), [
      2,
      '--since must be a duration like 30d, got "soon"\n',
    ]);
    assert.deepEqual(await told("--history", "audit.jsonl", "--time-zone", "Berlin"), [
      2,
      '--time-zone must be a time zone such as Europe/Berlin, got "Berlin"\n',
    ]);
  });
});
