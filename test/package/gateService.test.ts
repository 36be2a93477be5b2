// The gate as a service: its bundle, the container's recipe and systemd's unit, as far as they can be tried without either.
import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ROOT } from "../cli/support.ts";

const OPERATOR = "operator-token-of-the-service-01";
const PROPOSER = "proposer-token-of-the-service-01";

describe("The gate as a service", () => {
  let folder: string;
  let bundle: string;
  let children: ChildProcess[] = [];

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "gate-service-"));
    bundle = join(folder, "app");
    const context = join(folder, "context");
    // What the container's build sees, and nothing else.
    for (const line of read("deploy/Containerfile.dockerignore").split("\n")) {
      if (line.startsWith("!")) {
        const path = line.slice(1);
        mkdirSync(dirname(join(context, path)), { recursive: true });
        cpSync(join(ROOT, path), join(context, path), {
          recursive: true,
          filter: (from) => !from.endsWith("/node_modules"),
        });
      }
    }
    symlinkSync(join(ROOT, "node_modules"), join(context, "node_modules"));
    const made = spawnSync(process.execPath, ["scripts/bundleGate.ts", bundle], {
      cwd: context,
      encoding: "utf8",
      env: { PATH: process.env["PATH"] },
    });
    assert.equal(made.status, 0, made.stderr);
    writeFileSync(join(folder, "gating.yaml"), "services: {}\n");
  });
  afterEach(async () => {
    for (const child of children) {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGKILL");
        await once(child, "close");
      }
    }
    children = [];
  });
  after(() => rmSync(folder, { recursive: true }));

  const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
  const settings = (name: string) => ({
    PATH: process.env["PATH"],
    GATE_CONFIG: join(folder, "gating.yaml"),
    GATE_DATA_DIR: join(folder, name),
    GATE_PORT: "0",
    GATE_OPERATOR_TOKENS: `jo=${OPERATOR}`,
    GATE_PROPOSER_TOKENS: `agent=${PROPOSER}`,
    PAGERDUTY_TOKEN: "token",
    PAGERDUTY_FROM: "gate@example.com",
    PAGERDUTY_WEBHOOK_SECRET: "secret",
    PAGERDUTY_API_URL: "http://127.0.0.1:9",
    CHEQPOINT_API_URL: "http://127.0.0.1:9",
    CHEQPOINT_CONNECTION_KEY: "key",
  });

  /** Starts it and waits for its first words, which tell the address. */
  async function start(command: string, args: string[], env: Record<string, string | undefined>) {
    const child = spawn(command, args, { env, cwd: ROOT });
    children.push(child);
    let out = "";
    let err = "";
    const ended = once(child, "close").then(([code, signal]) => ({ code, signal }));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    const url = await new Promise<string>((resolve, reject) => {
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        out += text;
        const found = /"url":"([^"]+)"/.exec(out)?.[1];
        if (found !== undefined) {
          resolve(found);
        }
      });
      void ended.then(() => reject(new Error(`it ended: ${out}${err}`)));
    });
    return { child, url, ended, out: () => out };
  }
  const get = (url: string, token?: string) =>
    fetch(url, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });

  it("runs from its bundle alone, on every address, and ends in order when it is told to", async () => {
    const env = { ...settings("bundled"), GATE_HOST: "0.0.0.0" };
    const { child, url, ended, out } = await start(
      process.execPath,
      [join(bundle, "gate.mjs")],
      env,
    );
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.equal((await get(`${url}/healthz`)).status, 200);
    // Who can reach it from elsewhere sees no page.
    assert.equal((await get(`${url}/`)).status, 404);

    const scraped = await get(`${url}/metrics`, OPERATOR);
    assert.equal(scraped.status, 200);
    assert.equal(scraped.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    const metrics = await scraped.text();
    assert.match(metrics, /^# TYPE approval_gate_events_total counter$/m);
    assert.match(metrics, /^approval_gate_events_total\{event="Executed"\} 0$/m);
    assert.match(metrics, /^approval_gate_kill_switch\{service="",runbook=""\} 0$/m);
    assert.match(metrics, /^process_resident_memory_bytes \d+$/m);
    assert.equal((await get(`${url}/metrics`)).status, 401);
    assert.equal((await get(`${url}/metrics`, PROPOSER)).status, 403);

    child.kill("SIGTERM");
    assert.deepEqual(await ended, { code: 0, signal: null });
    const lines = out()
      .trim()
      .split("\n")
      .map((line) => Object(JSON.parse(line)));
    assert.equal(lines.at(-1).message ?? lines.at(-1).msg, "gate stopped");
  });

  it("listens on this machine alone unless it is told otherwise, and shows its page there", async () => {
    const { url } = await start(process.execPath, [join(bundle, "gate.mjs")], settings("loopback"));
    const page = await get(`${url}/`);
    assert.deepEqual(
      [page.status, page.headers.get("content-type")],
      [200, "text/html; charset=utf-8"],
    );
    assert.equal((await get(`${url}/timeline/page/timeline.js`)).status, 200);
  });

  it("refuses a host that is a name", () => {
    const env = { ...settings("named"), GATE_HOST: "localhost" };
    const { status, stderr } = spawnSync(process.execPath, [join(bundle, "gate.mjs")], {
      env,
      encoding: "utf8",
    });
    assert.equal(status, 1);
    assert.equal(
      stderr,
      '`GATE_HOST` must be an IP address to listen on, such as 127.0.0.1 or 0.0.0.0 (all), got "localhost"\n',
    );
  });

  it("is ended through npm as well", async () => {
    const npm = process.env["npm_execpath"];
    const [command, first] = npm === undefined ? ["npm", []] : [process.execPath, [npm]];
    const { child, url, ended } = await start(
      command,
      [...first, "run", "--ignore-scripts", "--silent", "gate"],
      settings("by-npm"),
    );
    child.kill("SIGTERM");
    await ended;
    await assert.rejects(get(`${url}/healthz`), { message: "fetch failed" });
  });

  it("has a container's recipe that names only what there is", () => {
    const recipe = read("deploy/Containerfile");
    const allowed = new Set(
      read("deploy/Containerfile.dockerignore")
        .split("\n")
        .filter((line) => line.startsWith("!"))
        .map((line) => line.slice(1)),
    );
    for (const [, from = ""] of recipe.matchAll(/^COPY (?!--from)(.+) \S+$/gm)) {
      for (const path of from.split(" ").filter((each) => each !== ".")) {
        assert.ok(allowed.has(path) || allowed.has(path.split("/")[0] ?? ""), path);
      }
    }
    const setting = /^(?:ENV|\s+) ?(GATE_[A-Z_]+)=/gm;
    const named = [...recipe.matchAll(setting)].map(([, name = ""]) => name);
    const known = read("local/settings/gateSettings.ts");
    assert.deepEqual(
      named.filter((name) => !known.includes(`"${name}"`)),
      [],
    );
    assert.ok(named.length >= 4);
  });

  it("has a unit that systemd takes", () => {
    const unit = read("deploy/approval-gate.service");
    assert.match(unit, /^ExecStart=\/usr\/bin\/node \/opt\/approval-gate\/gate\.mjs$/m);
    if (spawnSync("systemd-analyze", ["--version"]).status !== 0) {
      console.log("    no `systemd-analyze` here: the unit is not verified by systemd itself");
      return;
    }
    // Neither lies there on this machine.
    const file = join(folder, "approval-gate.service");
    writeFileSync(file, unit.replace(/^ExecStart=.*$/m, `ExecStart=${process.execPath} -v`));
    const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", file], {
      encoding: "utf8",
    });
    assert.equal(status, 0, `${stdout}${stderr}`);
    assert.doesNotMatch(`${stdout}${stderr}`, /approval-gate\.service/);
  });
});
