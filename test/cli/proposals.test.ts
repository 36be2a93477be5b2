// The commands about proposals against a gate with emulators, over real HTTP.
import assert from "node:assert/strict";
import { proposalAnswer, proposalPage } from "../../cli/answers.ts";
import { callsTo } from "../../local/scenarios/calls.ts";
import { GateBench, run } from "./support.ts";

describe("Commands about proposals", function () {
  let bench: GateBench;

  beforeEach(async () => {
    bench = new GateBench("two");
    await bench.start();
  });
  afterEach(() => bench.stop());

  const show = (id: string) =>
    bench.json((value) => proposalAnswer.parse(Object(value).proposal), "show", id);

  /** An open incident of payments-db, by PagerDuty's id. */
  async function incident(): Promise<string> {
    return (await show(await bench.restart())).incident.id ?? "";
  }

  /** A proposal on an incident of checkout-api that somebody can decide. */
  async function onSecondService(): Promise<string> {
    const calls = callsTo(bench.embedded.endpoints());
    const opened = await calls.incident({ service: "checkout-api", title: "5xx" });
    const { id } = await calls.propose({
      incident_id: opened.id,
      service: "checkout-api",
      runbook: "restart_api",
      justification: "Error rate is 12%.",
    });
    await calls.settled(id);
    return id;
  }

  it("proposes with every field and shows what the gate made of it", async () => {
    const incidentId = await incident();
    const proposal = await bench.json(
      (value) => proposalAnswer.parse(value),
      ..."propose --service payments-db --runbook diagnostics --severity P2".split(" "),
      ..."--region eu-west-1 --region us-east-1 --evidence https://example.com/graph".split(" "),
      ...["--summary", "Look at it", "--justification", "Slow", "--incident", incidentId],
    );
    assert.equal(proposal.runbook, "diagnostics");
    assert.equal(proposal.justification, "Slow");
    const stored = await bench.embedded.gate.ledger.get(proposal.id);
    assert.deepEqual(stored?.proposal.request, {
      service: "payments-db",
      runbook: "diagnostics",
      incidentId,
      alertKey: null,
      parameters: {},
      justification: "Slow",
      evidence: ["https://example.com/graph"],
      severity: "P2",
      regions: ["eu-west-1", "us-east-1"],
      summary: "Look at it",
    });
    assert.equal(stored.proposal.proposer, "ai-agent");
  });

  it("passes parameters as numbers, booleans and texts, and tells what the gate refuses", async () => {
    const ran = await bench.gate(
      ..."propose --service payments-db --runbook db_failover_primary_to_replica".split(" "),
      ..."--incident Q1 --justification x --set max_replicas=9 --set nope=true".split(" "),
    );
    assert.equal(ran.code, 1);
    assert.equal(ran.out, "");
    assert.equal(
      ran.err,
      '`parameters` of runbook `db_failover_primary_to_replica` must not hold "nope": it takes `max_replicas`; ' +
        "`parameters.max_replicas` must be a whole number between 1 and 5, got 9\n",
    );
  });

  it("waits for the end, and exits with 0 only when it was executed", async () => {
    const incidentId = await incident();
    const base = ["--service", "payments-db", "--incident", incidentId, "--justification", "x"];
    const allowed = await bench.gate("propose", ...base, "--runbook", "diagnostics", "--wait");
    assert.equal(allowed.code, 0, allowed.err);
    assert.match(allowed.out, /^prop_\w+: execut/);
    assert.match(allowed.out, /\nOutcome +executed \(completed\): The runbook ran to its end\.\n/);
    const held = await bench.gate(
      "propose",
      ...base,
      "--runbook",
      "restart_primary",
      "--wait",
      "1",
    );
    assert.equal(held.code, 1);
    assert.match(held.out, /^An equal proposal is open: this is it\.\nprop_\w+: waits for a dec/);
    assert.match(held.out, /\nNext: `gate watch prop_\w+`\n$/);
  });

  it("makes one proposal for one idempotency key", async () => {
    const incidentId = await incident();
    const args = [
      ..."propose --service payments-db --runbook diagnostics --justification x".split(" "),
      ...["--idempotency-key", "k-1", "--incident", incidentId],
    ];
    const ids = new Set<string>();
    for (const _ of [1, 2]) {
      ids.add((await bench.json((value) => proposalAnswer.parse(value), ...args)).id);
    }
    assert.equal(ids.size, 1);
    const other = await bench.gate(...args, "--summary", "another");
    assert.equal(other.code, 1);
    assert.match(
      other.err,
      /^`Idempotency-Key` was used for another request, which made prop_\w+\n$/,
    );
  });

  it("lists what is open, of a service or an incident, with the time left", async () => {
    assert.equal((await bench.gate("list")).out, "No proposals.\n");
    assert.equal((await bench.gate("list", "--open")).out, "Nothing is open.\n");
    const [failover, restart] = [await bench.failover(), await onSecondService()];
    const { out } = await bench.gate("list", "--open");
    const [head, ...rows] = out.trimEnd().split("\n");
    assert.match(head ?? "", /^PROPOSAL +STATUS +TIME LEFT +INCIDENT +SERVICE +RUNBOOK +PROPOSED$/);
    assert.equal(rows.length, 2);
    assert.match(
      rows[0] ?? "",
      new RegExp(
        `^${restart}  waits for a decision  \\d+s +INC-4422  checkout-api  restart_api .* by ai-agent$`,
      ),
    );
    assert.match(
      rows[1] ?? "",
      new RegExp(`^${failover}  waits for a decision  4m\\d+s +INC-4421 `),
    );

    const ids = async (...args: string[]) =>
      (await bench.json((value) => proposalPage.parse(value), "list", ...args)).proposals.map(
        ({ id }) => id,
      );
    assert.deepEqual(await ids("--service", "payments-db"), [failover]);
    const { incident } = await show(restart);
    assert.deepEqual(await ids("--incident", incident.id ?? ""), [restart]);
  });

  it("says below a row why what was proposed did not run, cut where the terminal ends", async () => {
    const { incident } = await show(await onSecondService());
    const made = await bench.json(
      (value) => proposalAnswer.parse(value),
      ..."propose --service payments-db --runbook hand_to_dba --justification Slow".split(" "),
      ...["--incident", incident.id ?? ""],
    );
    await bench.embedded.gate.queue.idle();
    const { outcome } = await show(made.id);
    const because = outcome?.text ?? "";
    assert.match(because, /^INC-\d+ belongs to service checkout-api, but the proposal names /);
    const { out } = await bench.gate("list");
    const [, row, why, running, ...others] = out.trimEnd().split("\n");
    assert.ok(row?.startsWith(`${made.id}  suppressed (serviceMismatch) `), out);
    assert.equal(why, `  ${because}`);
    // Nothing stands below what may still run.
    assert.match(running ?? "", /^prop_\w+ {2}waits for a decision /);
    assert.deepEqual(others, []);
    const narrow = await run(["list"], { env: { GATE_DATA_DIR: bench.dataDir }, columns: 40 });
    assert.equal(narrow.out.split("\n")[2], `  ${because.slice(0, 37)}…`);
    const page = await bench.json((value) => proposalPage.parse(value), "list");
    assert.deepEqual(page.proposals[0]?.outcome, outcome);
  });

  it("does not take a wrong incident or service for one without proposals", async () => {
    await bench.failover();
    for (const number of ["INC-4421", "4421"]) {
      const { code, out, err } = await bench.gate("list", "--incident", number);
      assert.deepEqual([code, out], [1, ""]);
      assert.equal(
        err,
        `\`incident_id\` must be PagerDuty's id of the incident, like "Q1A2B3C4D5E6F7"; "${number}" is its number, got "${number}"\n`,
      );
    }
    assert.equal(
      (await bench.gate("list", "--service", "payment-db")).out,
      'No proposals.\nthe gating does not list a service "payment-db", and no proposal names it\n',
    );
    assert.equal((await bench.gate("list", "--service", "checkout-api")).out, "No proposals.\n");
  });

  it("goes on where a list ended", async () => {
    const [first, second] = [await bench.failover(), await bench.restart()];
    const { out } = await bench.gate("list", "--limit", "1");
    const cursor = /^More: --cursor (\S+)$/m.exec(out)?.[1];
    assert.ok(out.includes(second) && !out.includes(first) && cursor !== undefined);
    assert.ok((await bench.gate("list", "--cursor", cursor)).out.includes(first));
    assert.deepEqual(await bench.gate("list", "--cursor", "x"), {
      code: 1,
      out: "",
      err: "`cursor` must be the `cursor` of the page before, or absent\n",
    });
  });

  it("shows where a proposal stands, why its rule decided, and its whole trail", async () => {
    const id = await bench.failover();
    const { out, code } = await bench.gate("show", id);
    assert.equal(code, 0);
    for (const line of [
      `${id}: waits for a decision`,
      "Action      run_auto_remediation_runbook",
      "Parameters  max_replicas=3",
      "Rule p1-failover asks for an approval",
      "  ✓ p1-failover          `runbook`, `priority` hold",
    ]) {
      assert.ok(out.includes(`${line}\n`), `${line}\nin\n${out}`);
    }
    assert.match(out, /\nIncident +INC-4421 Primary DB CPU at 98% for 8 minutes \[P1\] \(Q\w+\)\n/);
    assert.match(out, /\nDecide by +\d{4}-\S+ \S+Z \(in 4m\d+s\), without an answer: suppressed\n/);
    assert.match(out, /\nReview +http:\/\/127\.0\.0\.1:\d+\/r\/req_\w+\n/);
    assert.match(out, /Z {2}ai-agent proposed db_failover_primary_to_replica for payments-db\n/);
    assert.match(out, / {2}Chain whole: \d+ events, ends in sha256:[0-9a-f]{12}…\n$/);
  });

  it("shows everything that somebody has to know at night", async () => {
    const { incident } = await show(await onSecondService());
    const made = await bench.json(
      (value) => proposalAnswer.parse(value),
      ..."propose --service payments-db --runbook hand_to_dba --severity P2".split(" "),
      ..."--region eu-west-1 --region us-east-1 --evidence https://example.com/graph".split(" "),
      ...["--evidence", "Locks pile up", "--justification", "Slow"],
      ...["--incident", incident.id ?? ""],
    );
    await bench.embedded.gate.queue.idle();
    const { out } = await bench.gate("show", made.id);
    // The incident is of another service than the one that was named.
    assert.match(out, new RegExp(`^${made.id}: suppressed \\(serviceMismatch\\)\n`));
    for (const line of [
      "Why          > Slow\nEvidence     > https://example.com/graph\n             > Locks pile up",
      "Severity     P2, says the proposer",
      "Regions      eu-west-1, us-east-1",
    ]) {
      assert.ok(out.includes(`\n${line}\n`), `${line}\nin\n${out}`);
    }
    const task = /\nManual task +(Q\w+)\n +(\S+)\n/.exec(out);
    assert.equal((await fetch(task?.[2] ?? "")).status, 200);
    assert.ok(task?.[2]?.endsWith(`/${task[1]}`));
    assert.match((await bench.gate("list")).out, /^prop_\w+ +suppressed \(serviceMismatch\) /m);
  });

  it("shows to whom an incident is handed, at which risk", async () => {
    const { incident } = await show(await bench.failover());
    const { id } = await bench.json(
      (value) => proposalAnswer.parse(value),
      ..."propose --service payments-db --runbook hand_to_dba --justification x".split(" "),
      ...["--incident", incident.id ?? ""],
    );
    await bench.embedded.gate.queue.idle();
    const { out } = await bench.gate("show", id);
    assert.match(out, /\nTarget +reassign the incident to escalation policy PEP0002\n/);
    assert.match(out, /\nRisk +0\.\d\n/);
  });

  it("tells once who else proposed the same, however often", async () => {
    const id = await bench.restart();
    await bench.embedded.gate.queue.idle();
    const { ledger, queue } = bench.embedded.gate;
    for (const hint of ["a", "b", "c"]) {
      await ledger.hint(id, {
        id: hint,
        kind: "joined",
        atMs: Date.now(),
        data: { proposer: "ci" },
      });
    }
    await queue.send([{ kind: "proposal", id }]);
    await queue.idle();
    const { out } = await bench.gate("show", id);
    assert.equal(out.match(/Z {2}ci proposed the same; this one answers for it\n/g)?.length, 1);
  });

  it("says that there is no such proposal", async () => {
    const { code, err } = await bench.gate("show", "prop_nope");
    assert.equal(code, 1);
    assert.match(err, /^no proposal "prop_nope"/);
  });

  it("decides at the emulator with a note and a changed detail, and shows what came of it", async () => {
    const id = await bench.failover();
    const { code, out, err } = await bench.gate(
      ...["decide", id, "approve", "--note", "On-call confirmed.", "--set", "max_replicas=2"],
    );
    assert.equal(err, "");
    assert.equal(code, 0);
    assert.match(out, new RegExp(`^${id}: execut`));
    assert.match(out, /\nParameters +max_replicas=2\n/);
    assert.match(
      out,
      /\nDecided +approved by a reviewer .*, changed: max_replicas\n +“On-call con/,
    );
    const again = await bench.gate("decide", id, "reject");
    assert.equal(again.code, 1);
    assert.equal(
      again.err,
      `${id} is decided already: The runbook ran to its end.\n→ see \`gate show ${id}\`\n`,
    );
  });

  it("rejects by the approval's id; then nothing runs and a manual task is there", async () => {
    const id = await bench.failover();
    const { approval_id: approvalId } = await show(id);
    const { code, out } = await bench.gate("decide", approvalId ?? "", "reject", "--note", "No.");
    assert.equal(code, 0);
    assert.match(out, /\nOutcome +suppressed \(rejected\): /);
    await bench.embedded.gate.queue.idle();
    const proposal = await show(id);
    assert.equal(proposal.execution, null);
    assert.match(proposal.manual_task ?? "", /^Q\w+$/);
    const again = await bench.gate("decide", approvalId ?? "", "approve");
    assert.equal(again.code, 1);
    assert.match(again.err, /was rejected at .* by a reviewer; it cannot be approved now\.\n$/);
  });

  it("refuses to change what is not among the details, and to decide what there is not", async () => {
    const id = await bench.failover();
    assert.deepEqual(await bench.gate("decide", id, "approve", "--set", "replicas=2"), {
      code: 2,
      out: "",
      err: '--set: "replicas" is not among the details; may be changed: max_replicas\n',
    });
    assert.deepEqual(await bench.gate("decide", id, "reject", "--set", "max_replicas=2"), {
      code: 2,
      out: "",
      err: "--set changes what is approved; it has no meaning with reject\n",
    });
    assert.deepEqual(await bench.gate("decide", "req_nope", "approve"), {
      code: 1,
      out: "",
      err: 'there is no proposal or approval "req_nope"\n→ see `gate list --open`\n',
    });
    assert.equal((await show(id)).decision, null);
  });

  it("watches one proposal until it has ended", async () => {
    const id = await bench.failover();
    const watching = bench.gate("watch", id);
    await bench.gate("decide", id, "approve");
    const { code, out } = await watching;
    assert.equal(code, 0);
    const lines = out.trimEnd().split("\n");
    assert.match(
      lines[0] ?? "",
      new RegExp(`Z  ${id}  INC-4421 payments-db .* waits for a decision: h`),
    );
    assert.match(lines.at(-1) ?? "", / executed: The runbook ran to its end\.$/);
    assert.equal(new Set(lines.map((line) => line.slice(20))).size, lines.length);
  });

  it("watches all, one JSON object a line, until it is stopped", async () => {
    const stopping = new AbortController();
    const seen: string[] = [];
    const watching = run(["watch", "--json"], {
      env: { GATE_DATA_DIR: bench.dataDir },
      stopping: stopping.signal,
      sleep: async () => {
        if (seen.length === 0) {
          seen.push(await bench.failover());
        } else {
          stopping.abort();
        }
      },
    });
    const { code, out } = await watching;
    assert.equal(code, 0);
    const [proposal] = out
      .trimEnd()
      .split("\n")
      .map((line) => proposalAnswer.parse(JSON.parse(line)));
    assert.equal(proposal?.id, seen[0]);
  });
});
