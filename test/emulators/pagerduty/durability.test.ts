// Kills a real process; it does not show what a power cut would cost.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { witnessed } from "../../vendor/witness.ts";
import { startReceiver, startWorld } from "./harness.ts";
import type { Receiver } from "./harness.ts";

const EMULATOR = new URL("../../../emulators/pagerduty/index.ts", import.meta.url).href;

describe("the emulator's data file", () => {
  let folder: string;
  let dataFile: string;
  let receiver: Receiver;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "pagerduty-"));
    dataFile = join(folder, "pagerduty.sqlite");
    receiver = await startReceiver();
  });

  afterEach(async () => {
    await receiver.stop();
    await rm(folder, { recursive: true });
  });

  it("keeps token, incidents, numbers and keys over a restart", async () => {
    const before = await startWorld({ dataFile });
    const incident = await before.openIncident();
    const integrations = await before.call("GET", "/services/PSVC001/integrations");
    await before.emulator.stop();

    const after = await startWorld({ dataFile });
    assert.equal(after.emulator.token, before.emulator.token);
    assert.equal((await after.call("GET", `/incidents/${incident.id}`)).status, 200);
    const again = await after.call("GET", "/services/PSVC001/integrations");
    assert.equal(
      again.body.integrations[0].integration_key,
      integrations.body.integrations[0].integration_key,
    );
    assert.equal((await after.openIncident()).incident_number, 4422);
    await after.emulator.stop();
  });

  it("goes on after a restart with retries, steps and switched-off subscriptions", async () => {
    const before = await startWorld({ dataFile, retryScheduleMs: [60_000] });
    const { id } = await before.subscribe(receiver.url);
    receiver.answers.push(503);
    const incident = await before.openIncident();
    const { body } = await before.call(
      "POST",
      "/automation_actions/actions/01DIAGNOSE/invocations",
      { invocation: { metadata: { incident_id: incident.id } } },
    );
    await before.emulator.tick();
    await before.emulator.stop();

    const after = await startWorld({ dataFile, retryScheduleMs: [60_000] });
    await after.pass(60_000);
    assert.equal(receiver.received.length, 2);
    const [first, second] = receiver.received;
    assert.equal(first?.headers["x-webhook-id"], second?.headers["x-webhook-id"]);
    assert.equal(second?.headers["x-webhook-subscription"], id);
    const invocation = await after.call(
      "GET",
      `/automation_actions/invocations/${body.invocation.id}`,
    );
    assert.equal(invocation.body.invocation.state, "completed");
    await after.emulator.stop();
  });

  it("loses nothing that was answered when the process is killed", async () => {
    const script = `
      import { startPagerDutyEmulator } from ${JSON.stringify(EMULATOR)};
      const emulator = await startPagerDutyEmulator({
        dataFile: ${JSON.stringify(dataFile)}, port: 0, rateLimitPerMinute: 1e6,
      });
      console.log(JSON.stringify({ url: emulator.url, token: emulator.token }));
    `;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, ...witnessed() },
    });
    const ready = Promise.withResolvers<{ url: string; token: string }>();
    child.stdout.once("data", (line: Buffer) => ready.resolve(JSON.parse(line.toString())));
    const { url, token } = await ready.promise;
    const answered: string[] = [];
    const create = async () => {
      const response = await fetch(`${url}/incidents`, {
        method: "POST",
        headers: {
          authorization: `Token token=${token}`,
          from: "gate@example.com",
          "content-type": "application/json",
        },
        body: JSON.stringify({
          incident: {
            type: "incident",
            title: "t",
            service: { id: "PSVC001", type: "service_reference" },
          },
        }),
      });
      const { incident } = (await response.json()) as { incident: { id: string } };
      answered.push(incident.id);
      if (answered.length === 20) {
        child.kill("SIGKILL");
      }
    };
    const exited = new Promise((resolve) => child.once("exit", resolve));
    const flood = Array.from({ length: 200 }, () => create());
    const results = await Promise.allSettled(flood);
    await exited;
    assert.ok(answered.length >= 20);
    assert.ok(results.some(({ status }) => status === "rejected"));

    const after = await startWorld({ dataFile });
    for (const id of answered) {
      assert.equal((await after.call("GET", `/incidents/${id}`)).status, 200);
    }
    await after.emulator.stop();
  });

  it("is for its owner only, as it holds secrets", async () => {
    const world = await startWorld({ dataFile });
    await world.openIncident();
    for (const file of [dataFile, `${dataFile}-wal`]) {
      assert.equal((await stat(file)).mode & 0o777, 0o600, file);
    }
    await world.emulator.stop();
  });

  it("refuses a file of another format", async () => {
    await (await startWorld({ dataFile })).emulator.stop();
    const database = new DatabaseSync(dataFile);
    database.exec("UPDATE meta SET value = '99' WHERE name = 'schema'");
    database.close();
    await assert.rejects(startWorld({ dataFile }), {
      message: `the data file ${dataFile} has the format 99, this emulator reads 1; delete the file to start afresh`,
    });
  });

  it("says so when the port is taken, and leaves the file usable", async () => {
    const first = await startWorld({ dataFile });
    await assert.rejects(
      startWorld({ dataFile: join(folder, "other.sqlite"), port: first.emulator.port }),
      { message: `port ${first.emulator.port} on 127.0.0.1 is in use` },
    );
    await first.emulator.stop();
    const again = await startWorld({ dataFile: join(folder, "other.sqlite") });
    await again.emulator.stop();
  });
});
