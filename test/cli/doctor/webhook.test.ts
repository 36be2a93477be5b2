// The PagerDuty emulator stands for PagerDuty.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DoctorBench, addressOf } from "./support.ts";

describe("gate doctor: what PagerDuty tells the gate, and what the gating names", function () {
  const bench = new DoctorBench("two");
  before(() => bench.start());
  after(() => bench.stop());
  beforeEach(() => bench.clear());

  const brief = async (args: string[] = []) =>
    (await bench.problems(args)).map(({ check, about, status, found }) =>
      [status, check, about ?? "-", found].join(" | "),
    );

  it("finds a service that was renamed since the gate knows it", async () => {
    await bench.embedded.gate.learned();
    await bench.subscribe();
    const before = await brief();
    await bench.pagerDuty("PUT", "/services/PSVC001", { service: { name: "payments database" } });
    try {
      assert.deepEqual(await brief(), before);
    } finally {
      await bench.pagerDuty("PUT", "/services/PSVC001", { service: { name: "payments-db" } });
    }
  });

  it("misses a subscription", async () => {
    const url = `${bench.embedded.gate.url}/pagerduty/webhook`;
    assert.deepEqual(await brief(), [
      `fail | webhook.exists | - | no subscription delivers to ${url}`,
    ]);
  });

  it("tells one that is switched off, and that nothing is covered by it", async () => {
    const id = await bench.subscribe({ active: false });
    assert.deepEqual(await brief(), [
      `fail | webhook.active | ${id} | is switched off`,
      "fail | webhook.filter | payments-db | no subscription that delivers covers it",
      "fail | webhook.filter | checkout-api | no subscription that delivers covers it",
    ]);
  });

  it("tells one that PagerDuty has disabled", async () => {
    const id = await bench.subscribe();
    // As PagerDuty tells it after three dropped deliveries.
    const disabled = async (url: string | URL | Request, init?: RequestInit) => {
      const answer = await fetch(url, init);
      return addressOf(url).includes("/webhook_subscriptions")
        ? new Response(
            (await answer.text()).replace(
              '"temporarily_disabled":false',
              '"temporarily_disabled":true',
            ),
          )
        : answer;
    };
    const [found] = await bench.problems([], {
      fetch: disabled,
      env: { GATE_DATA_DIR: bench.dataDir },
    });
    assert.deepEqual(found, {
      check: "webhook.active",
      about: id,
      status: "fail",
      found: "is disabled by PagerDuty after three dropped deliveries; its events are lost",
      todo: `look at why the gate refused them, then POST /webhook_subscriptions/${id}/enable`,
    });
  });

  it("tells which events and which services are missing", async () => {
    await bench.subscribe({
      filter: { type: "service_reference", id: "PSVC001" },
      events: [
        "incident.action_invocation.created",
        "incident.action_invocation.updated",
        "incident.resolved",
      ],
    });
    assert.deepEqual(await brief(), [
      "fail | webhook.events | payments-db | is not told of incident.action_invocation.terminated, incident.custom_field_values.updated, incident.reopened, incident.service_updated, incident.triggered, incident.workflow.completed, incident.workflow.started",
      "fail | webhook.filter | checkout-api | no subscription that delivers covers it",
    ]);
  });

  it("takes a team's subscription for its services", async () => {
    await bench.subscribe({ filter: { type: "team_reference", id: "PTEAM01" } });
    assert.deepEqual(await brief(), [
      "fail | webhook.filter | checkout-api | no subscription that delivers covers it",
    ]);
  });

  it("tells everything that the gating names and PagerDuty does not have", async () => {
    await bench.subscribe();
    const file = join(bench.dataDir, "gating.json");
    writeFileSync(
      file,
      JSON.stringify({
        services: {
          "payments-db": {
            runbooks: {
              gone: {
                automationAction: "01GONE",
                parameters: { n: { type: "integer", customField: "no_such_field" } },
              },
              flow: { incidentWorkflow: "PWFGONE" },
              hand: { reassign: { escalationPolicy: "PEPGONE" } },
              up: { escalate: { level: 9 } },
              elsewhere: { automationAction: "01DBFAILOVER" },
            },
            manualTask: { users: ["PNOBODY"] },
          },
          search: { runbooks: { failover: { automationAction: "01DBFAILOVER" } } },
          "no-such-service": { runbooks: {} },
        },
      }),
    );
    const found = (await brief(["--gating", file])).filter((one) => !one.includes("coverage"));
    assert.deepEqual(found, [
      `warn | gating | - | ${file} is not what is in force, but is what is examined here: payments-db is another, checkout-api is in force only, search is in the file only, no-such-service is in the file only`,
      "fail | pagerduty.service | no-such-service | PagerDuty has no service of that name or id",
      "fail | runbook.target | payments-db/gone | there is no automation action 01GONE",
      "fail | runbook.fields | payments-db/gone | incidents of the base type have no custom field `no_such_field`",
      "fail | runbook.target | payments-db/flow | there is no incident workflow PWFGONE",
      "fail | runbook.target | payments-db/hand | there is no escalation policy PEPGONE",
      "warn | runbook.target | payments-db/up | escalates to level 9, and the service's policy PEP0001 has 2",
      "fail | gating.people | payments-db | there is no user PNOBODY",
      "warn | runbook.target | search/failover | 01DBFAILOVER is not associated with the service; PagerDuty does not say whether it then runs",
    ]);
  });
});
