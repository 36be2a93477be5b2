import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./support.ts";

describe("How the command line finds a gate", () => {
  let folder = "";
  let server: Server | null = null;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gate-cli-"));
  });
  afterEach(async () => {
    rmSync(folder, { recursive: true });
    await new Promise((resolve) => (server === null ? resolve(null) : server.close(resolve)));
    server = null;
  });

  async function answering(status: number, body: string, headers = {}): Promise<string> {
    server = createServer((_request, response) => {
      response.writeHead(status, { connection: "close", ...headers }).end(body);
    });
    await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const at = (url: string, ...args: string[]) =>
    run([...args, "--url", url], { env: { GATE_TOKEN: "a-token-of-an-operator" } });

  it("says what to start when nothing runs on the data folder", async () => {
    assert.deepEqual(await run(["list", "--data-dir", folder]), {
      code: 1,
      out: "",
      err:
        `no gate runs on the data folder ${folder}\n` +
        "→ name the gate by --url (or GATE_URL) and --token (or GATE_TOKEN), by --data-dir, or one in AWS by --stack; to try one with emulators, `npm start`\n",
    });
  });

  it("tells the same as JSON when JSON is asked for", async () => {
    const { code, out, err } = await run(["list", "--json"], { env: { GATE_DATA_DIR: folder } });
    assert.equal(code, 1);
    assert.equal(out, "");
    assert.deepEqual(JSON.parse(err), {
      error: `no gate runs on the data folder ${folder}`,
      hint: "name the gate by --url (or GATE_URL) and --token (or GATE_TOKEN), by --data-dir, or one in AWS by --stack; to try one with emulators, `npm start`",
    });
  });

  it("says that a named gate needs a token", async () => {
    const env = { GATE_DATA_DIR: folder, GATE_URL: "https://gate.example.com/" };
    assert.deepEqual(await run(["list"], { env }), {
      code: 1,
      out: "",
      err:
        "no token for the gate at https://gate.example.com\n" +
        "→ set GATE_TOKEN (or --token) to a proposer's or an operator's token\n",
    });
  });

  it("never sends the token of the gate here to another one", async () => {
    writeFileSync(
      join(folder, "endpoints.json"),
      JSON.stringify({
        gate: { url: "http://127.0.0.1:1", proposerToken: "p", operatorToken: "o" },
        pagerduty: { url: "http://127.0.0.1:2", token: "t", from: "f" },
        cheqpoint: { url: "http://127.0.0.1:3", connectionKey: "k" },
        pid: 1,
      }),
    );
    const { code, err } = await run(["list", "--data-dir", folder, "--url", "http://127.0.0.1:4"]);
    assert.equal(code, 1);
    assert.match(err, /^no token for the gate at http:\/\/127\.0\.0\.1:4\n/);
  });

  it("says so when the file of the data folder is broken", async () => {
    writeFileSync(join(folder, "endpoints.json"), "{");
    assert.deepEqual(await run(["list", "--data-dir", folder]), {
      code: 1,
      out: "",
      err: `${join(folder, "endpoints.json")} is not what a gate writes\n→ start that gate again\n`,
    });
  });

  it("says that nothing answers", async () => {
    assert.deepEqual(await at("http://127.0.0.1:1", "list"), {
      code: 1,
      out: "",
      err: "no gate answers at http://127.0.0.1:1\n→ start that gate again, or check --url (GATE_URL)\n",
    });
  });

  it("does not speak of this machine when a gate elsewhere does not answer", async () => {
    const asked = await run(["list", "--url", "https://gate.example.com"], {
      env: { GATE_TOKEN: "a-token-of-an-operator" },
      fetch: () => Promise.reject(new TypeError("fetch failed")),
    });
    assert.equal(
      asked.err,
      "no gate answers at https://gate.example.com\n" +
        "→ check --url (GATE_URL), the network and the gate's own log; the ledger of one in AWS is asked with --stack or --table\n",
    );
  });

  for (const [what, status, body] of [
    ["something else answers", 200, "<html>"],
    ["something else answers with JSON", 200, "{}"],
    ["the address is not that of a gate", 404, "Not here"],
  ] as const) {
    it(`says so when ${what}`, async () => {
      const url = await answering(status, body);
      assert.deepEqual(await at(url, "list"), {
        code: 1,
        out: "",
        err: `what answers at ${url} is no gate that this command knows\n→ check --url (GATE_URL)\n`,
      });
    });
  }

  it("follows no redirect, so that the token stays with the gate", async () => {
    const url = await answering(302, "", { location: "http://127.0.0.1:1/" });
    const { code, err } = await at(url, "list");
    assert.equal(code, 1);
    assert.match(err, /is no gate that this command knows/);
  });

  it("tells what the gate refuses, and what to check", async () => {
    const url = await answering(401, '{"error":"a known token is required"}');
    assert.deepEqual(await at(url, "list"), {
      code: 1,
      out: "",
      err:
        "a known token is required\n" +
        "→ check --token (GATE_TOKEN); the token of a gate on this machine is found by its --data-dir\n",
    });
    const { err } = await at(url, "list", "--json");
    assert.deepEqual(JSON.parse(err), {
      error: "a known token is required",
      hint: "check --token (GATE_TOKEN); the token of a gate on this machine is found by its --data-dir",
      status: 401,
    });
  });

  it("spells out control characters of an answer instead of sending them to the terminal", async () => {
    const url = await answering(400, JSON.stringify({ error: "red \u001b[31m and \u202e back" }));
    const { err } = await at(url, "list");
    assert.equal(err, "red [U+001B][31m and [U+202E] back\n");
  });

  it("names what asks a gate in AWS when its address has no routes for operators", async () => {
    const url = await answering(404, '{"message":"Not Found"}');
    for (const command of ["alarms", "kill-switch"]) {
      const { code, err } = await at(url, command);
      assert.equal(code, 1);
      assert.equal(
        err,
        "this address has no routes for operators: a gate in AWS is asked by its ledger, with AWS credentials\n" +
          "→ use --stack <name>, --outputs <file> or --table <ledger table>\n",
      );
    }
  });

  for (const [command, message] of [
    [
      ["decide", "prop_1", "approve"],
      "the gate at https://gate.example.com asks a real Cheqpoint, and a command must not decide there\n→ open the review link that `gate show <id>` prints\n",
    ],
    [
      ["scenario", "failover"],
      "the gate at https://gate.example.com is not an embedded one; scenarios need its emulators\n→ start one with `npm start`\n",
    ],
  ] as const) {
    it(`refuses \`${command[0]}\` on a gate without emulators`, async () => {
      assert.deepEqual(await at("https://gate.example.com", ...command), {
        code: 1,
        out: "",
        err: message,
      });
    });
  }
});
