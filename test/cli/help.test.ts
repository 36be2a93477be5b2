import assert from "node:assert/strict";
import { run } from "./support.ts";

const COMMANDS = [
  ["propose"],
  ["list"],
  ["show"],
  ["watch"],
  ["decide"],
  ["scenario"],
  ["alarms"],
  ["kill-switch"],
  ["audit", "export"],
  ["audit", "verify"],
  ["gating", "check"],
  ["gating", "explain"],
  ["gating", "compare"],
];

describe("Help of the command line", () => {
  for (const command of COMMANDS) {
    it(`tells what \`gate ${command.join(" ")}\` does, with examples`, async () => {
      const { code, out, err } = await run([...command, "--help"]);
      assert.equal(code, 0);
      assert.equal(err, "");
      assert.match(out, new RegExp(`^Usage: gate ${command.join(" ")} \\[options\\]`));
      assert.match(out, /\n\n[A-Z][^\n]+\./, "a sentence on what it does");
      assert.match(out, / {2}--json +print JSON, also for errors\n/);
      assert.match(out, new RegExp(`\nExamples:\n  \\$ gate ${command.join(" ")}`));
      if (command[0] !== "gating") {
        assert.match(out, / {2}--url <url> .*\n {2}--token <token> .*\n {2}--data-dir <folder> /);
      }
    });
  }

  it("lists every command, and how a gate is found", async () => {
    const { code, out } = await run(["--help"]);
    assert.equal(code, 0);
    for (const name of new Set(COMMANDS.map(([first]) => first))) {
      assert.match(out, new RegExp(`\n  ${name} `));
    }
    assert.match(out, /GATE_URL and GATE_TOKEN; without them the one that\n`npm start` runs/);
    assert.match(out, /Exit codes: 0 done, 1 failed or refused, 2 asked for in a wrong way\./);
  });

  it("tells the scenarios and what each shows", async () => {
    const { out } = await run(["scenario", "--help"]);
    for (const name of ["failover", "restart", "reassign", "diagnostics", "storm", "bypass"]) {
      assert.match(out, new RegExp(`\n  ${name} +[A-Z].+\\.`));
    }
  });

  it("prints the version of the package", async () => {
    const { code, out } = await run(["--version"]);
    assert.equal(code, 0);
    assert.match(out, /^\d+\.\d+\.\d+\n$/);
  });

  it("answers a wrong call with what is wrong, where help is, and exit code 2", async () => {
    const cases: [string[], string][] = [
      [["nope"], "unknown command 'nope'\nTry `gate --help`.\n"],
      [["list", "--zzzz"], "unknown option '--zzzz'\nTry `gate list --help`.\n"],
      [["show"], "missing required argument 'id'\nTry `gate show --help`.\n"],
      [
        ["propose"],
        "required option '--service <name>' not specified\nTry `gate propose --help`.\n",
      ],
      [
        ["propose", "--service", "s", "--runbook", "r", "--justification", "j"],
        "--incident or --alert-key is required\n",
      ],
      [["propose", "--set", "max_replicas"], '--set must be key=value, got "max_replicas"\n'],
      [
        ["propose", "--wait", "soon"],
        '--wait must be a whole number from 1 to 604800, got "soon"\n',
      ],
      [["list", "--limit", "0"], '--limit must be a whole number from 1 to 200, got "0"\n'],
      [["alarms", "--limit", "x"], '--limit must be a whole number from 1 to 1000, got "x"\n'],
      [["watch", "--every", "0"], '--every must be a whole number from 1 to 3600, got "0"\n'],
      [
        ["decide", "prop_1", "maybe"],
        "command-argument value 'maybe' is invalid for argument 'decision'. Allowed choices are approve, reject.\nTry `gate decide --help`.\n",
      ],
      [
        ["kill-switch", "maybe"],
        "command-argument value 'maybe' is invalid for argument 'state'. Allowed choices are on, off, status.\nTry `gate kill-switch --help`.\n",
      ],
      [["kill-switch", "--reason", "x"], "--reason goes with on or off\n"],
      [
        ["audit", "verify", "--live"],
        "--live compares an exported file with the gate: name the file\n",
      ],
      [
        ["scenario", "nope"],
        'there is no scenario "nope"; there are: failover, restart, reassign, diagnostics, storm, bypass\n',
      ],
      [["list", "--url", "ftp://x"], '--url must be an http or https address, got "ftp://x"\n'],
    ];
    for (const [args, message] of cases) {
      assert.deepEqual(await run(args), { code: 2, out: "", err: message }, args.join(" "));
    }
  });

  it("prints the help of a group that was named alone", async () => {
    const { code, out, err } = await run(["audit"]);
    assert.equal(code, 2);
    assert.equal(out, "");
    assert.match(err, /^Usage: gate audit \[options\] \[command\]\n/);
  });

  it("tells a wrong call as JSON when JSON is asked for", async () => {
    const { code, out, err } = await run(["show", "--json"]);
    assert.equal(code, 2);
    assert.equal(out, "");
    assert.deepEqual(JSON.parse(err), {
      error: "missing required argument 'id'\nTry `gate show --help`.",
    });
  });
});
