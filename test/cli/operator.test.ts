import assert from "node:assert/strict";
import { alarmsAnswer, killSwitchAnswer } from "../../cli/answers.ts";
import { GateBench, run } from "./support.ts";
import { errorBody } from "../harness/errorBody.ts";

describe("Commands of an operator", function () {
  const bench = new GateBench();
  before(() => bench.start());
  after(() => bench.stop());

  it("lists the scenarios", async () => {
    const { code, out } = await run(["scenario"]);
    assert.equal(code, 0);
    assert.match(out, /^SCENARIO +WHAT IT SHOWS\nfailover +An AI asks/);
    const json = JSON.parse((await run(["scenario", "--json"])).out) as { name: string }[];
    assert.deepEqual(
      json.map(({ name }) => name),
      ["failover", "restart", "reassign", "diagnostics", "storm", "bypass"],
    );
  });

  it("withdraws an open proposal with a reason, and only one that is open", async () => {
    const started = await bench.gate("scenario", "failover");
    const id = /prop_\w+/.exec(started.out)?.[0] ?? "";
    const { code, out, err } = await bench.gate("void", id, "--reason", "restored from a backup");
    assert.deepEqual([code, err], [0, ""]);
    assert.equal(out, `${id} is withdrawn: operator withdrew it: “restored from a backup”.\n`);
    const again = await bench.gate("void", id, "--reason", "once more");
    assert.deepEqual(again, { code, out, err });
    assert.deepEqual(await bench.gate("void", "prop_none", "--reason", "x"), {
      code: 1,
      out: "",
      err: 'no proposal "prop_none"\n',
    });
    assert.equal((await bench.gate("void", id)).code, 2);
    const long = await bench.gate("void", id, "--reason", "x".repeat(301));
    assert.equal(long.err.split("\n")[0], "--reason must have at most 300 characters, got 301");
  });

  it("raises an alarm for a bypass and lists it", async () => {
    assert.deepEqual(await bench.gate("alarms"), { code: 0, out: "No alarms.\n", err: "" });
    const { code, out } = await bench.gate("scenario", "bypass");
    assert.equal(code, 0);
    assert.match(out, /\nThe gate raised an alarm: Automation action 01DBFAILOVER was run on INC-/);
    assert.match(out, /\n\nNext:\n {2}The alarm on the timeline: http/);
    const listed = await bench.gate("alarms");
    assert.match(
      listed.out,
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ {2}bypass\n {2}Automation action 01DBFAILOVER was run .*\n {2}open: gate alarms ack bypass\/\w+\n$/,
    );
    const { alarms } = await bench.json((value) => alarmsAnswer.parse(value), "alarms");
    assert.equal(alarms.length, 1);

    const key = alarms[0]?.key ?? "";
    const acked = await bench.gate("alarms", "ack", key, "--note", "agreed with Jo");
    assert.match(
      acked.out,
      /\n {2}Automation action 01DBFAILOVER was run .*\n {2}acknowledged \d.*Z by operator: agreed with Jo\n$/,
    );
    assert.equal((await bench.gate("alarms", "--open")).out, "No open alarms.\n");
    assert.equal((await bench.gate("alarms")).out, acked.out);
    assert.deepEqual(await bench.gate("alarms", "ack", "bypass/none"), {
      code: 1,
      out: "",
      err: 'no alarm "bypass/none"\n',
    });
  });

  it("holds every execution by the kill switch, and lets it go on", async () => {
    assert.equal((await bench.gate("kill-switch")).out, "The kill switch is off\n");
    const on = await bench.gate("kill-switch", "on", "--reason", "Unclear data loss");
    assert.match(
      on.out,
      /^The kill switch is ON, since .*Z by operator: Unclear data loss\nNothing is executed until `gate kill-switch off`\.\n$/,
    );
    const id = await bench.failover();
    await bench.gate("decide", id, "approve", "--json").then(async () => {
      const { out } = await bench.gate("list", "--open");
      assert.match(out, new RegExp(`^${id}  held by the kill switch  14m`, "m"));
    });
    const held = await bench.gate("show", id);
    assert.match(held.out, new RegExp(`^${id}: held by the kill switch\n`));
    assert.match(held.out, /\nHeld +by the kill switch since /);

    const off = await bench.json((value) => killSwitchAnswer.parse(value), "kill-switch", "off");
    assert.deepEqual([off.on, off.reason, off.by], [false, null, "operator"]);
    const { code, out } = await bench.gate("watch", id);
    assert.equal(code, 0);
    assert.match(out, / executed: The runbook ran to its end\.\n$/);
  });

  it("holds one runbook of one service by a switch of its own", async () => {
    const on = ["--service", "payments-db", "--runbook", "db_failover_primary_to_replica"];
    const thrown = await bench.gate("kill-switch", "on", ...on, "--reason", "replica lags");
    assert.match(
      thrown.out,
      /^The kill switch is off, since .*Z by operator\nHELD: runbook db_failover_primary_to_replica of service payments-db, since .*Z by operator: replica lags\n$/,
    );
    const id = await bench.failover();
    await bench.gate("decide", id, "approve", "--json");
    assert.match(
      (await bench.gate("show", id)).out,
      new RegExp(`^${id}: held by the kill switch\n`),
    );
    await bench.gate("kill-switch", "off", ...on);
    assert.match((await bench.gate("watch", id)).out, / executed: The runbook ran to its end\.\n$/);
  });

  it("refuses to hold what the gating does not list, unless that is meant", async () => {
    const on = (...args: string[]) => bench.gate("kill-switch", "on", ...args);
    const unlisted = "(`unlisted` holds one that it is about to list)";
    const typo = await on("--service", "paymets-db");
    assert.deepEqual(
      [typo.code, typo.err],
      [
        1,
        `\`service\` must be one that the gating lists: "payments-db", got "paymets-db"; did you mean \`payments-db\`? ${unlisted}\n`,
      ],
    );
    const list =
      '"db_failover_primary_to_replica", "restart_primary", "diagnostics", "hand_to_dba" or "page_level_2"';
    for (const [args, where] of [
      [["--service", "payments-db"], " for payments-db"],
      [[], ""],
    ] as const) {
      const { code, err } = await on(...args, "--runbook", "failover");
      assert.deepEqual(
        [code, err],
        [
          1,
          `\`runbook\` must be one that the gating lists${where}: ${list}, got "failover" ${unlisted}\n`,
        ],
      );
    }
    const { out: none } = await bench.gate("kill-switch");
    assert.doesNotMatch(none, /HELD/);
    const meant = await on("--runbook", "failover", "--unlisted");
    assert.equal(meant.code, 0);
    assert.match(
      meant.out,
      /\nHELD: runbook failover of every service, since .*\nNote: the gating does not list that: held is what is called exactly so, by PagerDuty's id or name of a service\n$/,
    );
    // What is on can be switched off without more ado.
    const off = await bench.gate("kill-switch", "off", "--runbook", "failover");
    assert.deepEqual([off.code, off.out.includes("HELD")], [0, false]);
    const status = await bench.gate("kill-switch", "status", "--service", "x");
    assert.deepEqual([status.code, status.err], [2, "--service goes with on or off\n"]);
  });

  it("keeps the first time and says both reasons when a switch is thrown again", async () => {
    const reasons = async (...args: string[]) =>
      bench.json((value) => killSwitchAnswer.parse(value), "kill-switch", "on", ...args);
    const first = await reasons("--reason", "data loss?");
    const again = await reasons("--reason", "and the replica lags");
    assert.deepEqual(
      [again.since, again.reason, again.message],
      [
        first.since,
        "data loss?; also: and the replica lags",
        "it was on already: since and the first reason are kept",
      ],
    );
    assert.equal((await reasons("--reason", "data loss?")).reason, again.reason);
    assert.equal((await reasons()).reason, again.reason);
    await bench.gate("kill-switch", "off");
  });

  it("says that nothing was held where that is so", async () => {
    const off = await bench.gate("kill-switch", "off", "--service", "payments-db");
    assert.equal(off.code, 0);
    assert.match(off.out, /\nNote: service payments-db was not held: nothing has changed\n$/);
    const typo = await bench.gate("kill-switch", "off", "--service", "paymets-db");
    assert.equal(typo.code, 1);
  });

  it("lets no proposer do what an operator may", async () => {
    const { gate } = bench.embedded.endpoints();
    for (const args of [
      ["list"],
      ["alarms"],
      ["alarms", "ack", "x"],
      ["audit", "verify"],
      ["kill-switch"],
      ["kill-switch", "on"],
    ]) {
      const ran = await run([...args, "--url", gate.url], {
        env: { GATE_TOKEN: gate.proposerToken, GATE_DATA_DIR: bench.dataDir },
      });
      assert.equal(ran.code, 1, args.join(" "));
      assert.match(ran.err, /^only an operator's token may .*\n→ use an operator's token\n$/);
    }
    const unknown = await run(["alarms", "--url", gate.url], { env: { GATE_TOKEN: "x" } });
    assert.match(unknown.err, /^an operator's token is required, as `Authorization: Bearer`\n→ /);
    assert.equal((await bench.embedded.gate.ledger.killSwitch()).on, false);
  });

  it("refuses what nobody would see of a reason, a note or a change", async () => {
    for (const [args, option] of [
      [["kill-switch", "on", "--reason", "un\u200Bclear"], "--reason"],
      [["decide", "prop_x", "reject", "--note", "no\u202E"], "--note"],
      [["decide", "prop_x", "approve", "--set", "max_replicas=2\u2060"], "--set"],
    ] as const) {
      const { code, err } = await bench.gate(...args);
      assert.equal(code, 2);
      assert.match(
        err,
        new RegExp(
          `^${option} must be text without invisible and control characters, got U\\+2[0-9A-F]{3}\n`,
        ),
      );
    }
    assert.equal((await bench.embedded.gate.ledger.killSwitch()).on, false);
  });

  it("refuses a kill switch that is neither on nor off, and a wrong number of alarms", async () => {
    const { gate } = bench.embedded.endpoints();
    const headers = { authorization: `Bearer ${gate.operatorToken}` };
    for (const body of ["{", '{"on":"yes"}', '{"on":true,"more":1}', `{"on":true,"reason":" "}`]) {
      const answer = await fetch(`${gate.url}/operator/kill-switch`, {
        method: "PUT",
        headers,
        body,
      });
      assert.equal(answer.status, 400);
      assert.deepEqual(
        await answer.json(),
        errorBody(
          "fieldInvalid",
          "`on` must be true or false, `reason` a text of up to 500 characters, `service` and `runbook` names of up to 255, `unlisted` true or false",
        ),
      );
    }
    const hidden = await fetch(`${gate.url}/operator/kill-switch`, {
      method: "PUT",
      headers,
      body: JSON.stringify({ on: true, reason: "one\u001B[2Ktwo" }),
    });
    assert.deepEqual(
      [hidden.status, await hidden.json()],
      [
        400,
        errorBody(
          "fieldInvalid",
          "`reason` must be text without invisible and control characters, got U+001B",
          { field: "reason" },
        ),
      ],
    );
    const answer = await fetch(`${gate.url}/operator/alarms?limit=0`, { headers });
    assert.deepEqual(
      [answer.status, await answer.json()],
      [
        400,
        errorBody("queryInvalid", '`limit` must be a whole number from 1 to 1000, got "0"', {
          field: "limit",
        }),
      ],
    );
  });
});
