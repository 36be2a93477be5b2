// The PagerDuty emulator keeps orchestrations and triggers in PagerDuty's form; it does not run them.
import assert from "node:assert/strict";
import { z } from "zod";
import { DoctorBench, addressOf } from "./support.ts";

describe("gate doctor: what can run without the gate", function () {
  const bench = new DoctorBench("two");
  before(() => bench.start());
  after(() => bench.stop());
  beforeEach(() => bench.reset());

  const gaps = async () =>
    (await bench.problems()).map(({ check, about, status, found, todo }) => ({
      at: `${status} ${check} ${about ?? "-"}`,
      found,
      todo,
    }));
  const failover = "/automation_actions/actions/01DBFAILOVER";

  it("finds a held action that no team limits, and names the gate's own team for it", async () => {
    await bench.pagerDuty("DELETE", `${failover}/teams/PTEAM03`);
    assert.deepEqual(await gaps(), [
      {
        at: "fail coverage.actions payments-db",
        found:
          "DB failover primary to replica (01DBFAILOVER), which the gating holds, can be run by every responder (no team limits it)",
        todo: `POST ${failover}/teams {"team":{"id":"PTEAM03","type":"team_reference"}}`,
      },
    ]);
  });

  it("finds a held action whose team has others in it", async () => {
    await bench.pagerDuty("POST", `${failover}/teams`, {
      team: { id: "PTEAM01", type: "team_reference" },
    });
    assert.deepEqual(await gaps(), [
      {
        at: "fail coverage.actions payments-db",
        found:
          "DB failover primary to replica (01DBFAILOVER), which the gating holds, can be run by Jo Keller, Dana Ruiz (team PTEAM03, PTEAM01)",
        todo: `DELETE ${failover}/teams/PTEAM01`,
      },
    ]);
    await bench.pagerDuty("PUT", failover, { action: { allow_invocation_manually: false } });
    const [found] = await gaps();
    assert.equal(found?.at, "warn coverage.actions payments-db");
    assert.match(found.found, /may still run it by API is not documented$/);
  });

  it("finds an action that event orchestration may run", async () => {
    await bench.pagerDuty("PUT", failover, {
      action: { allow_invocation_from_event_orchestration: true },
    });
    assert.deepEqual(await gaps(), [
      {
        at: "fail coverage.actions payments-db",
        found:
          "DB failover primary to replica (01DBFAILOVER), which the gating holds, can be run by event-orchestration rules",
        todo: `PUT ${failover} {"action":{"allow_invocation_from_event_orchestration":false}} (Pulumi: allowInvocationFromEventOrchestration: "false")`,
      },
    ]);
  });

  it("warns of an action on every service that is in no runbook", async () => {
    await bench.pagerDuty("POST", "/automation_actions/actions", {
      action: {
        name: "Reboot",
        action_type: "script",
        action_data_reference: { script: "reboot" },
        map_to_all_services: true,
      },
    });
    const found = await gaps();
    assert.deepEqual(
      found.map(({ at }) => at),
      ["warn coverage.actions payments-db", "warn coverage.actions checkout-api"],
    );
    assert.match(found[0]?.found ?? "", /^Reboot \(01\w+\), which is in no runbook, can be run by/);
  });

  it("finds service rules that run an action, and webhooks that go elsewhere", async () => {
    const path = "/event_orchestrations/services/PSVC001";
    const proposals = `${bench.embedded.gate.url}/proposals`;
    const webhook = (name: string, url: string, more: Record<string, unknown> = {}) => ({
      label: name,
      actions: { automation_actions: [{ name, url, auto_send: true, ...more }] },
    });
    const headers = [{ key: "X-Gate-Token", value: "a-token-that-nobody-prints" }];
    await bench.pagerDuty("PUT", path, {
      orchestration_path: {
        sets: [
          {
            id: "start",
            rules: [
              {
                id: "11111111",
                label: "CPU",
                actions: { pagerduty_automation_actions: [{ action_id: "01DBFAILOVER" }] },
              },
              {
                label: "off",
                disabled: true,
                actions: { pagerduty_automation_actions: [{ action_id: "01DBFAILOVER" }] },
              },
              { ...webhook("elsewhere", "https://hooks.example.com/secret-path"), id: "22222222" },
              { ...webhook("gate", proposals, { headers }), id: "33333333" },
              { ...webhook("no token", proposals), id: "44444444" },
              { ...webhook("button", proposals, { headers, auto_send: false }), id: "55555555" },
            ],
          },
        ],
        catch_all: { actions: { pagerduty_automation_actions: [{ action_id: "01DIAGNOSE" }] } },
      },
    });
    // Rules that are not switched on do nothing.
    assert.deepEqual(await gaps(), []);

    await bench.pagerDuty("PUT", `${path}/active`, { active: true });
    const at = (status: string) => `${status} coverage.rules payments-db`;
    assert.deepEqual(await gaps(), [
      {
        at: at("fail"),
        found:
          'rule "CPU" (11111111) runs automation action 01DBFAILOVER, which the gating holds, without the gate',
        todo: `in that rule, replace \`pagerduty_automation_actions\` by an \`automation_actions\` webhook to ${proposals} with an x-gate-token header and \`auto_send: true\``,
      },
      {
        at: at("warn"),
        found:
          'rule "elsewhere" (22222222) calls hooks.example.com by itself: cannot be seen by API what that does',
        todo: `if it acts on the service, aim it at ${proposals} instead`,
      },
      {
        at: at("fail"),
        found: 'rule "no token" (44444444) calls the gate without a token, and is refused',
        todo: "add a header x-gate-token with a proposer's token to the webhook",
      },
      {
        at: at("warn"),
        found:
          'rule "button" (55555555) proposes to the gate only when somebody presses its button',
        todo: "set `auto_send: true` on the webhook",
      },
    ]);
    const { checks } = await bench.examined();
    const fine = checks.filter(
      ({ check, status }) => check === "coverage.rules" && status === "ok",
    );
    assert.deepEqual(
      fine.map(({ found }) => found),
      [
        'rule "gate" (33333333) proposes to the gate',
        "the catch-all rule runs automation action 01DIAGNOSE, which the gating always allows, without the gate",
      ],
    );
  });

  it("finds a rule of a service that is not gated when it runs a held action", async () => {
    const path = "/event_orchestrations/services/PSVC003";
    const runs = (action: string) => ({ pagerduty_automation_actions: [{ action_id: action }] });
    await bench.pagerDuty("PUT", path, {
      orchestration_path: {
        sets: [
          {
            id: "start",
            rules: [
              { id: "11111111", label: "CPU", actions: runs("01DBFAILOVER") },
              { id: "22222222", label: "logs", actions: runs("01DIAGNOSE") },
              {
                id: "33333333",
                label: "own",
                actions: { automation_actions: [{ name: "own", url: "https://x.example.com" }] },
              },
            ],
          },
        ],
      },
    });
    assert.deepEqual(await gaps(), []);
    await bench.pagerDuty("PUT", `${path}/active`, { active: true });
    assert.deepEqual(
      (await gaps()).map(({ at, found }) => [at, found]),
      [
        [
          "fail coverage.rules search (not gated)",
          'rule "CPU" (11111111) runs automation action 01DBFAILOVER, which the gating holds, without the gate',
        ],
      ],
    );
  });

  it("says once that rules of services that are not gated cannot be read", async () => {
    const found = await bench.problems([], {
      fetch: async (url, init) =>
        /event_orchestrations\/services\/(?!PSVC00[12]\/)/.test(addressOf(url))
          ? new Response('{"error":{"message":"Forbidden"}}', { status: 403 })
          : fetch(url, init),
    });
    assert.equal(found.length, 1);
    assert.equal(found[0]?.status, "warn");
    assert.match(found[0].about ?? "", /^not gated: search/);
    assert.match(found[0].found, /^cannot be seen by API: PagerDuty answered 403 to GET/);
  });

  it("takes no flag for an unknown one, not for a closed door", async () => {
    const found = await bench.problems([], {
      fetch: async (url, init) => {
        const answer = await fetch(url, init);
        return addressOf(url).includes("/automation_actions/actions")
          ? new Response(
              (await answer.text()).replaceAll(
                '"allow_invocation_from_event_orchestration":false',
                '"allow_invocation_from_event_orchestration":null',
              ),
              answer,
            )
          : answer;
      },
    });
    assert.deepEqual(
      found.map(({ check, about, status, found: text }) => [
        check,
        about,
        status,
        /\((\w+)\), which .*, has no word on event-orch.*cannot be seen by API$/.exec(text)?.[1],
      ]),
      [
        ["coverage.actions", "payments-db", "warn", "01DBFAILOVER"],
        ["coverage.actions", "payments-db", "warn", "01RESTARTDB"],
        ["coverage.actions", "payments-db", "warn", "01RESTARTAPI"],
        ["coverage.actions", "checkout-api", "warn", "01RESTARTAPI"],
      ],
    );
  });

  it("finds every rule of an orchestration whose events can reach a gated service, else those that run a held action", async () => {
    const made = await bench.pagerDuty("POST", "/event_orchestrations", {
      orchestration: { name: "Monitoring" },
    });
    const { id } = z
      .object({ orchestration: z.object({ id: z.string() }) })
      .parse(made).orchestration;
    const put = (path: string, actions: unknown) =>
      bench.pagerDuty("PUT", `/event_orchestrations/${id}/${path}`, {
        orchestration_path: { sets: [{ id: "start", rules: [{ id: "a", actions }] }] },
      });
    const found = async () => (await gaps()).map(({ at }) => at);
    const elsewhere = [{ name: "x", url: "https://x.example.com", auto_send: true }];
    await put("global", {
      pagerduty_automation_actions: [{ action_id: "01RESTARTAPI" }],
      automation_actions: elsewhere,
    });
    const [held, unknown] = ["fail", "warn"].map(
      (status) => `${status} coverage.rules orchestration Monitoring`,
    );
    await put("router", { route_to: "PSVC003" });
    assert.deepEqual(await found(), [held]);
    await put("router", { route_to: "PSVC002" });
    assert.deepEqual(await found(), [held, unknown]);
    await put("router", { dynamic_route_to: { source: "event.x", regex: "(.*)" } });
    assert.deepEqual(await found(), [held, unknown]);
    await put("router", { route_to: "PSVC003" });
    await put("global", { automation_actions: elsewhere });
    assert.deepEqual(await found(), []);
  });

  it("says so when the account does not let rules be read", async () => {
    await bench.pagerDuty("POST", "/_emulator/faults", {
      call: "GET /event_orchestrations",
      status: 402,
      times: 1,
    });
    const [found, ...others] = await gaps();
    assert.deepEqual(others, []);
    assert.equal(found?.at, "warn coverage.rules -");
    assert.match(found.found, /^cannot be seen by API: PagerDuty answered 402 to GET/);
  });

  it("finds workflows that a gated service starts and that run automation", async () => {
    const proposals = `${bench.embedded.gate.url}/proposals`;
    const workflow = async (name: string, steps: unknown[], trigger: Record<string, unknown>) => {
      const made = await bench.pagerDuty("POST", "/incident_workflows", {
        incident_workflow: { name, steps },
      });
      const { id } = z
        .object({ incident_workflow: z.object({ id: z.string() }) })
        .parse(made).incident_workflow;
      await bench.pagerDuty("POST", "/incident_workflows/triggers", {
        trigger: { workflow: { id }, trigger_type: "manual", ...trigger },
      });
    };
    const step = (action: string, value: string) => ({
      name: action,
      action_configuration: {
        action_id: `pagerduty.com:incident-workflows:${action}:1`,
        inputs: [{ name: "Value", value }],
      },
    });
    const onDb = { services: [{ id: "PSVC001", type: "service_reference" }] };
    const runs = step("run-automation-action", "01DBFAILOVER");
    await workflow("Notify", [step("send-status-update", "hello")], onDb);
    await workflow("Fail over", [runs], onDb);
    await workflow("Conditional", [step("run-automation-action", "{{x}}")], {
      ...onDb,
      trigger_type: "conditional",
      condition: "incident.priority matches 'P1'",
    });
    await workflow("Limited", [runs], {
      ...onDb,
      permissions: { restricted: true, team_id: "PTEAM03" },
    });
    await workflow("Asks", [step("send-a-webhook-post", proposals), runs], onDb);
    await workflow("Of another service", [runs], {
      services: [{ id: "PSVC003", type: "service_reference" }],
    });

    const found = (await gaps()).map(({ at, found: text }) => [
      at,
      text.replace(/Q[A-Z0-9]{13}/g, "ID"),
    ]);
    assert.deepEqual(found, [
      [
        "fail coverage.workflows payments-db",
        'workflow Fail over (ID) is started by every responder (no team limits it), trigger ID; step "run-automation-action" runs 01DBFAILOVER, which the gating holds',
      ],
      [
        "warn coverage.workflows payments-db",
        'workflow Conditional (ID) is started by PagerDuty itself, when its condition holds, trigger ID; step "run-automation-action" runs automation; which cannot be seen by API',
      ],
    ]);
  });
});
