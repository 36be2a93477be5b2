// `npm start` and `npm run gate` as processes of their own: what they print, refuse and leave behind.
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readAddress } from "../../local/address.ts";
import { readEndpoints } from "../../local/address.ts";
import { DEV_STACK, ROOT, run } from "../cli/support.ts";
import { witnessed } from "../vendor/witness.ts";

interface Started {
  child: ChildProcess;
  out: () => string;
  err: () => string;
  /** Exit code, or the signal that ended it. */
  ended: Promise<number | string>;
}

describe("Starting on one machine", function () {
  let dataDir = "";
  let started: Started[] = [];

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), "gate-main-"));
  });
  afterEach(async () => {
    for (const { child, ended } of started) {
      child.kill("SIGKILL");
      await ended;
    }
    started = [];
    rmSync(dataDir, { recursive: true });
  });

  function start(
    args: string[] = [],
    env: Record<string, string> = {},
    main = "local/main.ts",
    cwd = ROOT,
  ): Started {
    const child = spawn(process.execPath, [join(ROOT, main), ...args], {
      cwd,
      env: {
        PATH: process.env["PATH"],
        NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
        GATE_DATA_DIR: dataDir,
        GATE_PORT: "0",
        PAGERDUTY_PORT: "0",
        CHEQPOINT_PORT: "0",
        ...witnessed(),
        ...env,
      },
    });
    let [out, err] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      err += text;
    });
    const ended = once(child, "close").then(
      ([code, signal]) => (code ?? signal) as number | string,
    );
    const one = { child, out: () => out, err: () => err, ended };
    started.push(one);
    return one;
  }

  /** Resolves when it is ready, as its first words on standard output tell. */
  async function ready(one: Started, word = /Ctrl-C stops it\.\n/): Promise<void> {
    while (!word.test(one.out())) {
      const more = once(one.child.stdout ?? one.child, "data");
      const end = one.ended.then((code) => `ended with ${code}: ${one.err()}`);
      const first = await Promise.race([more, end]);
      assert.ok(typeof first !== "string", String(first));
    }
  }

  it("prints three addresses and what to try, and stops cleanly", async () => {
    const one = start();
    await ready(one);
    const { gate, pagerduty, cheqpoint, pid } = readEndpoints(dataDir);
    assert.equal(pid, one.child.pid);
    assert.equal(statSync(join(dataDir, "endpoints.json")).mode & 0o077, 0);
    const text = one.out();
    assert.match(text, /^Approval gate on this machine \(gating of stack dev: 1 service\)\n/);
    for (const [name, url] of [
      ["Timeline", gate.url],
      ["Inbox", cheqpoint.url],
      ["PagerDuty", pagerduty.url],
    ] as const) {
      assert.match(text, new RegExp(`\n  ${name} +${url} `));
      assert.equal((await fetch(url)).status, 200);
    }
    assert.ok(text.includes(`Data in ${dataDir}, log in ${join(dataDir, "gate.log")}.`));
    assert.ok(text.split("\n").length < 20);
    for (const secret of [
      gate.operatorToken,
      gate.proposerToken,
      pagerduty.token,
      cheqpoint.connectionKey,
    ]) {
      assert.ok(!text.includes(secret));
    }

    // A terminal's Ctrl-C comes twice through npm.
    one.child.kill("SIGINT");
    one.child.kill("SIGINT");
    assert.equal(await one.ended, 0);
    assert.equal(one.err(), "");
    assert.match(one.out(), /\nStopped\.\n$/);
    assert.equal(existsSync(join(dataDir, "endpoints.json")), false);
  });

  it("says at once that a changed gating is refused, and that it is in force", async () => {
    const gating = join(dataDir, "gating.yaml");
    writeFileSync(gating, "services: {}\n");
    const one = start([], { GATE_CONFIG: gating });
    await ready(one);
    writeFileSync(gating, "services: { a: { otherwise: perhaps } }\n");
    while (!one.err().endsWith("\n")) await once(one.child.stderr ?? one.child, "data");
    assert.match(
      one.err(),
      /^The changed gating is refused, the earlier one stays in force: [^]*`otherwise`/,
    );
    writeFileSync(gating, "services: {}\n");
    await ready(one, /\nThe changed gating is in force\.\n$/);
  });

  it("goes on after kill -9 with everything that was accepted", async () => {
    const env = { GATE_DATA_DIR: dataDir };
    const first = start();
    await ready(first);
    const before = readEndpoints(dataDir);
    const { out } = await run(["scenario", "failover", "--json"], { env });
    const id = String(Object(JSON.parse(out)).proposalIds[0]);
    first.child.kill("SIGKILL");
    assert.equal(await first.ended, "SIGKILL");
    assert.equal(existsSync(join(dataDir, "endpoints.json")), true);

    const second = start();
    await ready(second);
    assert.equal(readEndpoints(dataDir).gate.operatorToken, before.gate.operatorToken);
    const { code, out: listed } = await run(["list", "--open"], { env });
    assert.equal(code, 0);
    assert.match(listed, new RegExp(`^${id}  waits for a decision `, "m"));
    second.child.kill("SIGTERM");
    assert.equal(await second.ended, 0);
  });

  it("leaves no addresses of a killed run behind when the next start fails", async () => {
    const killed = start();
    await ready(killed);
    killed.child.kill("SIGKILL");
    await killed.ended;
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const failed = start([], { GATE_PORT: String(port) });
    const code = await failed.ended;
    server.close();
    assert.equal(code, 1);
    assert.equal(existsSync(join(dataDir, "endpoints.json")), false);
  });

  it("refuses a second one on the same data folder", async () => {
    const first = start();
    await ready(first);
    const { gate, pid } = readEndpoints(dataDir);
    const seconds = ["local/main.ts", "local/gateMain.ts"].map((main) =>
      start([], GATE_ALONE, main),
    );
    for (const second of seconds) {
      assert.equal(await second.ended, 1);
      assert.equal(second.out(), "");
      assert.equal(
        second.err(),
        `another gate runs on the data folder ${dataDir} (${gate.url}, process ${pid}): stop it, or set \`GATE_DATA_DIR\` to another folder\n`,
      );
    }
    assert.equal((await fetch(`${gate.url}/healthz`)).status, 200);
  });

  it("refuses the ledger of other accounts, and takes nothing of it up", async () => {
    const stopped = async (one: Started): Promise<void> => {
      one.child.kill("SIGTERM");
      assert.equal(await one.ended, 0, one.err());
    };
    const other = join(dataDir, "other");
    const alone = { ...GATE_ALONE, GATE_DATA_DIR: other };
    const tryOut = start();
    await ready(tryOut);
    await stopped(tryOut);
    const real = start([], alone, "local/gateMain.ts");
    await ready(real, /gate started.*\n/);
    await stopped(real);

    const refused = async (one: Started, file: string, found: string, asked: string) => {
      assert.equal(await one.ended, 1);
      assert.equal(one.out(), "");
      assert.equal(
        one.err(),
        `${join(file, "ledger.sqlite")} was made for ${found}, this gate works with ${asked}: set \`GATE_DATA_DIR\` to another folder, or the addresses to those\n`,
      );
    };
    const us = "PagerDuty at https://api.pagerduty.com and Cheqpoint at https://app.cheqpoint.co";
    const eu = us.replace("api.", "api.eu.");
    const emulators = "the emulators of `npm start`";
    await refused(start([], GATE_ALONE, "local/gateMain.ts"), dataDir, emulators, us);
    await refused(start([], { GATE_DATA_DIR: other }), other, us, emulators);
    assert.equal(existsSync(join(other, "pagerduty.sqlite")), false);
    const sameAccounts = { ...GATE_ALONE, GATE_ADDRESSES_MOVED: "true" };
    await refused(start([], sameAccounts, "local/gateMain.ts"), dataDir, emulators, us);
    const moved = { ...alone, PAGERDUTY_API_URL: "https://api.eu.pagerduty.com" };
    await refused(start([], moved, "local/gateMain.ts"), other, us, eu);

    const again = start(
      [],
      { ...alone, CHEQPOINT_API_URL: "https://APP.cheqpoint.co/" },
      "local/gateMain.ts",
    );
    await ready(again, /gate started.*\n/);
    await stopped(again);
  });

  it("comes back where it was on that folder when no port is set, whatever was set before", async () => {
    const urls = async (ports: Record<string, string>): Promise<string[]> => {
      const one = start([], ports);
      await ready(one);
      const { gate, pagerduty, cheqpoint } = readEndpoints(dataDir);
      one.child.kill("SIGTERM");
      await one.ended;
      return [gate.url, pagerduty.url, cheqpoint.url];
    };
    const first = await urls({});
    assert.deepEqual(await urls({ GATE_PORT: "", PAGERDUTY_PORT: "", CHEQPOINT_PORT: "" }), first);
  });

  it("names every port that is taken, and leaves nothing running", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const one = start([], { PAGERDUTY_PORT: String(port), CHEQPOINT_PORT: String(port) });
    assert.equal(await one.ended, 1);
    assert.equal(
      one.err(),
      `port ${port} on 127.0.0.1 is taken: stop what listens there, or set \`PAGERDUTY_PORT\` to another one (0 takes a free one)\n` +
        `\`CHEQPOINT_PORT\` and \`PAGERDUTY_PORT\` are both ${port}: each needs a port of its own\n`,
    );
    assert.equal(existsSync(join(dataDir, "endpoints.json")), false);
    server.close();
  });

  it("names the stacks that there are, and tells every problem of a gating", async () => {
    const gating = join(dataDir, "gating.yaml");
    writeFileSync(
      gating,
      "services:\n  a:\n    runbooks: { r: { automationAction: 1 } }\n    rules: [{ name: x, decision: maybe }]\n",
    );
    const [missing, invalid, absent, misused] = [
      start(["--stack", "staging"]),
      start([], { GATE_CONFIG: gating }),
      start([], { GATE_CONFIG: join(dataDir, "none.yaml") }),
      start(["--stak"]),
    ];
    for (const one of [missing, invalid, absent, misused]) {
      assert.equal(await one.ended, 1);
      assert.equal(one.out(), "");
    }
    assert.match(
      missing.err(),
      /^there is no stack "staging" in .*: the stacks there are dev, prod\n$/,
    );
    assert.match(invalid.err(), new RegExp(`^${gating}: 2 problems in the gating:\n- .*\n- .*\n$`));
    assert.equal(absent.err(), `there is no file ${join(dataDir, "none.yaml")}\n`);
    assert.match(
      misused.err(),
      /^Unknown option '--stak'.*Usage: npm start -- \[--stack <name>\]\n$/s,
    );
  });

  it("starts the gate alone, which logs JSON lines and shows no emulator", async () => {
    const bad = start([], { ...GATE_ALONE, PAGERDUTY_FROM: "jo" }, "local/gateMain.ts");
    assert.equal(await bad.ended, 1);
    assert.equal(bad.err(), '`PAGERDUTY_FROM` must be an email address, got "jo"\n');

    const worse = start(
      [],
      { ...GATE_SECRETS, GATE_CONFIG: join(dataDir, "none.yaml") },
      "local/gateMain.ts",
    );
    assert.equal(await worse.ended, 1);
    assert.match(
      worse.err(),
      /^2 settings are missing or wrong:\n- `PAGERDUTY_FROM` is not set.*\n- there is no file .*none\.yaml\n$/,
    );

    const one = start([], GATE_ALONE, "local/gateMain.ts");
    await ready(one, /gate started.*\n/);
    const line = Object(JSON.parse(one.out().split("\n")[0] ?? ""));
    assert.deepEqual([line.level, line.proposers], ["info", ["agent"]]);
    const env = { GATE_URL: line.url, GATE_TOKEN: "0123456789abcdef" };
    assert.match(
      (await run(["list"], { env })).err,
      /^only an operator's token may list proposals\n/,
    );
    assert.equal((await fetch(line.url)).status, 200);
    one.child.kill("SIGTERM");
    assert.equal(await one.ended, 0);
    for (const secret of Object.values(GATE_SECRETS)) {
      assert.ok(!one.out().includes(secret) && !one.err().includes(secret));
    }
    assert.ok(readFileSync(join(dataDir, "ledger.sqlite")).byteLength > 0);
  });

  it("tells commands on its data folder where the gate alone is, and no token", async () => {
    const file = join(dataDir, "endpoints.json");
    const operator = "fedcba9876543210";
    const one = start([], { ...GATE_ALONE, GATE_OPERATOR_TOKENS: `jo=${operator}` }, GATE_MAIN);
    await ready(one, /gate started.*\n/);
    assert.equal(statSync(file).mode & 0o077, 0);
    assert.ok(!readFileSync(file, "utf8").includes(operator));
    const { url } = readAddress(dataDir);
    const env = { GATE_DATA_DIR: dataDir };
    assert.deepEqual(await run(["kill-switch"], { env }), {
      code: 1,
      out: "",
      err:
        `no token for the gate at ${url}\n` +
        "→ set GATE_TOKEN (or --token) to a token of its GATE_OPERATOR_TOKENS, or of its GATE_PROPOSER_TOKENS to propose\n",
    });
    const asked = await run(["kill-switch"], { env: { ...env, GATE_TOKEN: operator } });
    assert.equal(asked.out, "The kill switch is off\n");

    const second = start([], {}, "local/main.ts");
    assert.equal(await second.ended, 1);
    assert.match(second.err(), new RegExp(`\\(${url}, process ${one.child.pid}\\)`));
    one.child.kill("SIGTERM");
    assert.equal(await one.ended, 0);
    assert.equal(one.err(), "");
    assert.equal(existsSync(file), false);
  });

  it("warns at the start of a gate that nobody can stop", async () => {
    const one = start([], GATE_ALONE, GATE_MAIN);
    await ready(one, /GATE_OPERATOR_TOKENS.*\n/);
    one.child.kill("SIGTERM");
    assert.equal(await one.ended, 0);
    const text =
      "`GATE_OPERATOR_TOKENS` is not set: nobody can throw the kill switch, list proposals or see alarms";
    assert.equal(one.err(), `WARNING: ${text}\n`);
    const lines = one.out().trimEnd().split("\n");
    assert.ok(
      lines.some((line) => {
        const { level, msg } = Object(JSON.parse(line));
        return level === "warn" && msg === text;
      }),
    );
  });
});

const GATE_MAIN = "local/gateMain.ts";
const GATE_SECRETS = {
  PAGERDUTY_TOKEN: "a-pagerduty-token",
  PAGERDUTY_WEBHOOK_SECRET: "a-webhook-secret",
  CHEQPOINT_CONNECTION_KEY: "a-connection-key",
};
const GATE_ALONE = {
  ...GATE_SECRETS,
  GATE_CONFIG: DEV_STACK,
  PAGERDUTY_FROM: "gate@example.com",
  GATE_PROPOSER_TOKENS: "agent=0123456789abcdef",
};
