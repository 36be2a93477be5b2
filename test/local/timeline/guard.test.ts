// Who is shown the timeline, by real HTTP with the headers that browsers and tunnels send.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { request, type IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openClock } from "../../../local/clock.ts";
import { startEmbedded, type Embedded } from "../../../local/embedded.ts";
import { startLocalGate, type LocalGate } from "../../../local/gate.ts";
import { createCounters } from "../../../local/log.ts";
import { withReadOnlyTimeline, withTimeline } from "../../../local/timeline/index.ts";
import { isLoopbackUrl } from "../../../local/timeline/guard.ts";
import { DEV_STACK } from "../../cli/support.ts";

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** fetch would set `host` by itself. */
function ask(
  port: number,
  path: string,
  headers: Record<string, string> = {},
  method = "GET",
  body?: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path, method, headers }, (response) => {
      let text = "";
      const answer = () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
        if (response.headers["content-type"]?.startsWith("text/event-stream")) {
          answer();
          response.destroy();
        }
      });
      response.on("end", answer);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

const PATHS = ["/", "/timeline/data", "/timeline/events", "/timeline/page/timeline.js"];
const JSON_TYPE = { "content-type": "application/json" };

describe("Timeline of the embedded gate", function () {
  const folder = mkdtempSync(join(tmpdir(), "gate-timeline-"));
  let embedded: Embedded;
  let port = 0;

  before(async () => {
    embedded = await startEmbedded(
      withTimeline({
        dataDir: folder,
        gatingFile: DEV_STACK,
        gatePort: 0,
        pagerDutyPort: 0,
        cheqpointPort: 0,
      }),
    );
    ({ port } = embedded.gate);
  });
  after(async () => {
    await embedded.stop();
    rmSync(folder, { recursive: true });
  });

  for (const host of ["127.0.0.1", "localhost", "[::1]", "127.1.2.3", "LOCALHOST"]) {
    it(`is shown to a request for ${host}`, async () => {
      for (const path of PATHS) {
        const { status } = await ask(port, path, { host: `${host}:${port}` });
        assert.equal(status, 200, path);
      }
    });
  }

  for (const [what, headers] of [
    ["another name, as by DNS rebinding", { host: "evil.example:80" }],
    ["a name that only begins like this machine's", { host: "127.0.0.1.evil.example" }],
    ["a name that only ends like this machine's", { host: "evil-localhost" }],
    ["the address of all interfaces", { host: "0.0.0.0" }],
    ["a tunnel that rewrites the host", { host: "localhost", "x-forwarded-for": "203.0.113.9" }],
    ["a proxy", { host: "localhost", via: "1.1 proxy" }],
    ["a Cloudflare tunnel", { host: "localhost", "cf-connecting-ip": "203.0.113.9" }],
  ] as const) {
    it(`is not there for ${what}`, async () => {
      for (const path of PATHS) {
        const { status, body } = await ask(port, path, headers);
        assert.equal(status, 404, path);
        const { code, message } = JSON.parse(body) as Record<string, unknown>;
        assert.deepEqual([code, message], ["routeUnknown", `the gate has no route GET ${path}`]);
      }
      for (const path of ["/timeline/clock", "/timeline/scenarios/restart"]) {
        const { status } = await ask(port, path, { ...headers, ...JSON_TYPE }, "POST", "{}");
        assert.equal(status, 404, path);
      }
    });
  }

  it("still answers the gate's own routes whatever the host is", async () => {
    const { status } = await ask(port, "/healthz", { host: "gate.example.com" });
    assert.equal(status, 200);
  });

  it("gives its data to no other web page", async () => {
    const host = `127.0.0.1:${port}`;
    for (const site of ["cross-site", "same-site"]) {
      const { status, body } = await ask(port, "/timeline/data", { host, "sec-fetch-site": site });
      assert.deepEqual(
        [status, body],
        [403, '{"error":"other web pages may not read the timeline"}'],
      );
    }
    for (const site of ["same-origin", "none"]) {
      const { status, headers } = await ask(port, "/timeline/data", {
        host,
        "sec-fetch-site": site,
      });
      assert.equal(status, 200);
      assert.equal(headers["access-control-allow-origin"], undefined);
    }
  });

  it("lets only itself start scenarios and move the clock on", async () => {
    const host = `127.0.0.1:${port}`;
    const own = { host, origin: `http://${host}`, "sec-fetch-site": "same-origin", ...JSON_TYPE };
    const body = '{"skip_ms":60000}';
    const post = (headers: Record<string, string>, sent = body) =>
      ask(port, "/timeline/clock", headers, "POST", sent);
    const refused = '{"error":"only the timeline page itself may do this"}';
    for (const headers of [
      { ...own, origin: "http://evil.example" },
      { ...own, origin: `http://127.0.0.1:${port + 1}` },
      { ...own, origin: "null" },
      { ...own, "sec-fetch-site": "cross-site" },
      { ...own, "sec-fetch-site": "same-site" },
      { host, ...JSON_TYPE },
    ]) {
      const answer = await post(headers);
      assert.deepEqual([answer.status, answer.body], [403, refused], JSON.stringify(headers));
    }
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"]) {
      const answer = await post({ ...own, "content-type": type });
      assert.deepEqual(
        [answer.status, answer.body],
        [415, '{"error":"the body must be `application/json`"}'],
      );
    }
    for (const sent of [
      "",
      "{}",
      '{"skip_ms":0}',
      '{"skip_ms":-1}',
      '{"skip_ms":1.5}',
      "x".repeat(2000),
    ]) {
      const answer = await post(own, sent);
      assert.deepEqual(
        [answer.status, answer.body],
        [400, '{"error":"`skip_ms` must be a whole number from 1 to 604800000"}'],
      );
    }
    assert.equal(embedded.clock.skippedMs, 0);
    const fine = await post(own);
    assert.equal(fine.status, 200);
    assert.equal(embedded.clock.skippedMs, 60_000);
    assert.equal(Object(JSON.parse(fine.body)).skipped_ms, 60_000);
    const unknown = await ask(port, "/timeline/scenarios/nope", own, "POST", "{}");
    assert.equal(unknown.status, 404);
    assert.match(unknown.body, /there is no scenario \\"nope\\"; there are: failover, /);
  });

  it("tells no secret, and sends headers that keep other content out", async () => {
    const { gate, pagerduty, cheqpoint } = embedded.endpoints();
    for (const path of PATHS) {
      const { body, headers } = await ask(port, path, { host: "localhost" });
      for (const secret of [
        gate.operatorToken,
        gate.proposerToken,
        pagerduty.token,
        cheqpoint.connectionKey,
      ]) {
        assert.ok(!body.includes(secret), path);
      }
      assert.equal(
        headers["content-security-policy"],
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
          "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      );
      assert.equal(headers["x-content-type-options"], "nosniff");
    }
    const page = await ask(port, "/", { host: "localhost" });
    assert.doesNotMatch(page.body, /<script(?![^>]*src=)|<style|\sstyle=|\son\w+=|https?:\/\//);
  });

  it("has nothing else", async () => {
    for (const [path, method] of [
      ["/timeline/page/../handler.ts", "GET"],
      ["/timeline/page/nope.js", "GET"],
      ["/timeline/proposals/prop_nope", "GET"],
      ["/timeline/data", "DELETE"],
      ["/timeline/data", "POST"],
      ["/nope", "GET"],
    ] as const) {
      const { status } = await ask(port, path, { host: "localhost" }, method);
      assert.equal(status, 404, `${method} ${path}`);
    }
  });
});

describe("Timeline of a gate against real services", function () {
  let folder = "";
  let gate: LocalGate | null = null;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gate-timeline-"));
  });
  afterEach(async () => {
    await gate?.stop();
    gate = null;
    rmSync(folder, { recursive: true });
  });

  async function start(publicUrl?: string): Promise<number> {
    const silent = () => undefined;
    gate = await startLocalGate(
      withReadOnlyTimeline({
        port: 0,
        dataDir: folder,
        gatingFile: DEV_STACK,
        publicUrl,
        pagerDuty: { apiUrl: "http://127.0.0.1:1", token: "t", from: "gate@example.com" },
        cheqpoint: { apiUrl: "http://127.0.0.1:1", connectionKey: "k" },
        webhookSecrets: () => [],
        proposers: {},
        operators: {},
        clock: openClock(join(folder, "clock.json")),
        log: { debug: silent, info: silent, warn: silent, error: silent },
        metrics: createCounters(),
        sweepEveryMs: null,
      }),
    );
    return gate.port;
  }

  for (const publicUrl of [undefined, "http://localhost:8787", "http://[::1]:8787"]) {
    it(`is read only when the public URL is ${publicUrl ?? "its own"}`, async () => {
      const port = await start(publicUrl);
      const host = `localhost:${port}`;
      const data = await ask(port, "/timeline/data", { host });
      assert.equal(data.status, 200);
      assert.equal(Object(JSON.parse(data.body)).embedded, null);
      const own = { host, origin: `http://${host}`, "sec-fetch-site": "same-origin", ...JSON_TYPE };
      for (const path of ["/timeline/clock", "/timeline/scenarios/restart"]) {
        const { status } = await ask(port, path, own, "POST", '{"skip_ms":1}');
        assert.equal(status, 404, path);
      }
    });
  }

  it("is not there when others can reach the gate", async () => {
    const port = await start("https://gate.example.com");
    for (const path of PATHS) {
      assert.equal((await ask(port, path, { host: `localhost:${port}` })).status, 404, path);
    }
  });

  it("knows an address of this machine from one that looks like it", () => {
    const cases = {
      "http://127.0.0.1:8787": true,
      "http://localhost": true,
      "http://127.0.0.1.nip.io": false,
      "http://localhost.example.com": false,
      "http://0.0.0.0:8787": false,
      "https://gate.example.com/127.0.0.1": false,
      "http://127.0.0.1@example.com": false,
      nonsense: false,
    };
    for (const [url, expected] of Object.entries(cases)) {
      assert.equal(isLoopbackUrl(url), expected, url);
    }
  });
});
