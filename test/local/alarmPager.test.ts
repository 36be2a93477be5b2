import assert from "node:assert/strict";
import type { Alarm } from "../../functions/gate/ports/index.ts";
import { withAlarmPager } from "../../local/alarmPager.ts";
import { openSqliteLedger } from "../../local/ledger/ledger.ts";
import { startPagerDutyEmulator, type PagerDutyEmulator } from "../../emulators/pagerduty/index.ts";

describe("the alarm pager", () => {
  const clock = { now: () => Date.parse("2026-11-23T10:00:00Z") };
  const alarm: Alarm = {
    key: "bypass/01X",
    kind: "bypass",
    atMs: clock.now(),
    text: "Automation action 01DBFAILOVER was run past the gate.",
    proposalId: null,
    incidentId: "PINC001",
  };
  let pagerDuty: PagerDutyEmulator;
  let routingKey: string;
  let problems: string[];
  let ledger: ReturnType<typeof openSqliteLedger>;

  beforeEach(async () => {
    pagerDuty = await startPagerDutyEmulator({ dataFile: ":memory:", port: 0, clock });
    ledger = openSqliteLedger(":memory:", clock);
    problems = [];
    const made = (await api("POST", "/services/PSVC003/integrations", {
      integration: { type: "events_api_v2_inbound_integration", name: "gate alarms" },
    })) as { integration: { integration_key: string } };
    routingKey = made.integration.integration_key;
  });

  afterEach(async () => {
    await pagerDuty.stop();
    ledger.close();
  });

  const api = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${pagerDuty.url}${path}`, {
      method,
      headers: {
        authorization: `Token token=${pagerDuty.token}`,
        "content-type": "application/json",
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return response.json();
  };
  const titles = async () =>
    (
      (await api("GET", "/incidents?service_ids[]=PSVC003")) as { incidents: { title: string }[] }
    ).incidents.map(({ title }) => title);
  const pager = (url = pagerDuty.url) =>
    withAlarmPager(ledger, {
      eventsUrl: url,
      routingKey,
      source: "gate",
      clock,
      log: {
        debug: () => undefined,
        info: () => undefined,
        warn: () => undefined,
        error: (message, fields) => void problems.push(`${message} ${JSON.stringify(fields)}`),
      },
    });

  it("pages once for an alarm that is raised twice", async () => {
    const paging = pager();
    assert.equal(await paging.raise(alarm), true);
    assert.equal(await paging.raise(alarm), false);
    assert.deepEqual(await titles(), [
      "Approval gate: Automation action 01DBFAILOVER was run past the gate.",
    ]);
    assert.deepEqual(problems, []);
  });

  it("keeps the alarm, and no key in the log, when nobody could be paged", async () => {
    const paging = pager("http://127.0.0.1:1");
    assert.equal(await paging.raise(alarm), true);
    assert.deepEqual(await ledger.alarms(10), [alarm]);
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? "", /^alarm not paged \{"alarm":"bypass\/01X"/);
    assert.ok(!problems.join().includes(routingKey));
  });
});
