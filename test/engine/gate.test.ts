// Deploys the stack program with the real engine to a local AWS, and drives it through emulators of PagerDuty and
// Cheqpoint. Not shown: what a local AWS does not do, which docs/pulumi.md lists.
import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { SEED } from "../../local/pagerduty/index.ts";
import { Project, missingEngine, repository } from "./engine.ts";
import { inventory, missingAws } from "./localAws.ts";
import { localFetch } from "./localFetch.ts";
import { json, startWorld, until } from "./world.ts";
import type { Told, World } from "./world.ts";

const CONNECTION_KEY = "connection-key-that-nobody-may-see";
const TOKEN = "pagerduty-token-that-nobody-may-see";

interface Outputs {
  proposalsUrl: string;
  webhookUrl: string;
  proposerTokens: { agent: string };
  operatorTokens: { sre: string };
}

describe("the deployed gate", function () {
  this.timeout(600_000);
  this.bail(true);

  let world: World;
  let stack: Project;
  let outputs: Outputs;
  let stockBefore: string[];
  let isUp = false;
  let unanswered: { incidentId: string; proposalId: string };

  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const propose = async (body: object, token = outputs.proposerTokens.agent): Promise<Told> =>
    (await json(
      outputs.proposalsUrl,
      "POST",
      { justification: "because", ...body },
      bearer(token),
    )) as Told;
  const told = async (id: string): Promise<Told> =>
    (await json(
      `${outputs.proposalsUrl}/${id}`,
      "GET",
      undefined,
      bearer(outputs.operatorTokens.sre),
    )) as Told;
  const proposalsOf = async (incidentId: string): Promise<Told[]> => {
    const answer = (await json(
      `${outputs.proposalsUrl}?incident_id=${incidentId}`,
      "GET",
      undefined,
      bearer(outputs.operatorTokens.sre),
    )) as { proposals: Told[] };
    return answer.proposals;
  };
  const ended = (id: string, seconds = 90) =>
    until(
      `proposal ${id} ends`,
      async () => {
        const now = await told(id);
        return now.final && now;
      },
      seconds,
    );
  const asked = (id: string) =>
    until(`a reviewer is asked about ${id}`, () => world.pendingApproval(id));
  const proposedFor = (incidentId: string) =>
    until(`incident ${incidentId} leads to a proposal`, async () => {
      const [first, ...others] = await proposalsOf(incidentId);
      assert.equal(others.length, 0);
      return first;
    });

  before(async function () {
    const missing = missingEngine() ?? missingAws();
    if (missing !== null) {
      console.log(`      ${missing}`);
      this.skip();
    }
    world = await startWorld(CONNECTION_KEY, TOKEN);
    stockBefore = await inventory();
    stack = new Project({}, { PAGERDUTY_TOKEN: "" });
    stack.copy("components", "functions", "index.ts", "package.json");
    stack.copy("Pulumi.yaml", "Pulumi.dev.yaml");
    await stack.pulumi(["stack", "init", "dev"]);
    await stack.configure(
      {
        pagerdutyFrom: world.pagerduty.from,
        pagerdutyApiUrl: world.pagerduty.url,
        cheqpointApiUrl: world.cheqpoint.url,
        deletionProtection: "false",
        secretRecoveryDays: "0",
        "proposers[0]": "agent",
        "operators[0]": "sre",
      },
      { cheqpointConnectionKey: CONNECTION_KEY, pagerdutyToken: TOKEN },
    );
  });

  after(async () => {
    if (isUp) {
      await stack.destroy();
    }
    await world?.stop();
    stack?.remove();
  });

  it("says which secrets are missing, and how to set them", async () => {
    const bare = new Project({}, { PAGERDUTY_TOKEN: "" });
    bare.copy("components", "functions", "index.ts", "package.json", "Pulumi.yaml");
    await bare.pulumi(["stack", "init", "bare"]);
    await bare.configure({ pagerdutyToken: "in-clear-text", logDays: "7" });
    const report = await bare.pulumi(["preview"], true);
    bare.remove();
    const lines = report.split("\n").map((line) => line.trim());
    for (const line of [
      "- `cheqpointConnectionKey` is not set; pulumi config set --secret cheqpointConnectionKey <value>",
      "- `pagerdutyToken` is stored in clear text; make a new one and set it with: pulumi config set --secret pagerdutyToken <value>",
      "- `pagerdutyFrom` is not set; pulumi config set pagerdutyFrom gate@example.com",
    ]) {
      assert.ok(lines.includes(line), `no line ${line} in:\n${report}`);
    }
    assert.doesNotMatch(report, /in-clear-text/);
  });

  it("previews the whole tree before anything exists", async () => {
    const steps = await stack.planned();
    assert.deepEqual(new Set(steps.map(({ op }) => op)), new Set(["create"]));
    const types = steps.map(({ urn }) => urn.split("::")[2]?.split("$").at(-1) ?? "");
    for (const [type, count] of [
      ["aws:lambda/function:Function", 3],
      ["aws:dynamodb/table:Table", 2],
      ["aws:sqs/queue:Queue", 2],
      ["aws:cloudwatch/metricAlarm:MetricAlarm", 16],
      ["pagerduty-approval-gate:index:ServiceGating", 2],
    ] as const) {
      assert.equal(types.filter((found) => found === type).length, count, type);
    }
  });

  it("comes up, with no secret in the state in clear text, and stays as it is", async () => {
    isUp = true;
    await stack.up();
    outputs = (await stack.outputs()) as unknown as Outputs;
    const state = stack.stateOnDisk();
    assert.match(state, /aws:lambda\/function:Function/);
    for (const secret of [
      CONNECTION_KEY,
      TOKEN,
      outputs.proposerTokens.agent,
      outputs.operatorTokens.sre,
    ]) {
      assert.ok(secret.length > 20 && !state.includes(secret));
    }
    await stack.pulumi(["preview", "--expect-no-changes"]);
    const [subscription, ...others] = await world.subscriptions();
    assert.deepEqual(others, []);
    assert.equal(subscription?.url, outputs.webhookUrl);
    assert.equal(subscription.active, true);
  });

  it("runs what a reviewer approves, exactly once, from a signed webhook", async () => {
    const incidentId = await world.openIncident(
      "primary unreachable",
      SEED.services.paymentsDb,
      SEED.priorities.p1,
    );
    const { id } = await proposedFor(incidentId);
    assert.deepEqual(await world.invocations(incidentId), []);
    await world.decide(await asked(id), "approved");
    assert.equal((await ended(id)).status, "executed");
    const invocations = await world.invocations(incidentId);
    assert.deepEqual(
      invocations.map(({ action_id }) => action_id),
      [SEED.actions.dbFailover],
    );
  });

  it("refuses a forged webhook", async () => {
    const answer = await localFetch(outputs.webhookUrl, {
      method: "POST",
      headers: { "x-pagerduty-signature": `v1=${"0".repeat(64)}` },
      body: '{"event":{"id":"forged","event_type":"incident.triggered"}}',
    });
    assert.equal(answer.status, 401);
  });

  it("suppresses what a reviewer rejects, and hands the work to people", async () => {
    const incidentId = await world.openIncident("slow queries", SEED.services.paymentsDb);
    const { id } = await propose({
      incident_id: incidentId,
      service: "payments-db",
      runbook: "db_failover_primary_to_replica",
    });
    const incidentsBefore = await world.incidents();
    await world.decide(await asked(id), "rejected");
    const end = await ended(id);
    assert.equal(end.status, "suppressed");
    assert.notEqual(end.manual_task, null);
    assert.deepEqual(await world.invocations(incidentId), []);
    assert.equal((await world.incidents()).length, incidentsBefore.length + 1);
  });

  it("lets a harmless action run without anybody", async () => {
    const incidentId = await world.openIncident("slow checkout", SEED.services.checkoutApi);
    const { id } = await propose({
      incident_id: incidentId,
      service: "checkout-api",
      runbook: "diagnostics",
    });
    assert.equal((await ended(id)).status, "executed");
    // Nobody answers this one: its minute passes while the tests go on.
    const { id: proposalId } = await propose({
      incident_id: incidentId,
      service: "checkout-api",
      runbook: "restart_api",
    });
    unanswered = { incidentId, proposalId };
    await asked(proposalId);
  });

  it("takes a changed rule over at once, touching only that service's record", async () => {
    await stack.configure({ "services.payments-db.rules[2].decision": "deny" });
    assert.deepEqual(await stack.plannedNames(), ["update gate-payments-db"]);
    const report = await stack.pulumi(["preview", "--diff"]);
    assert.match(report, /decision\s*: "requireApproval" => "deny"/);
    await stack.up();
    const incidentId = await world.openIncident("slow again", SEED.services.paymentsDb);
    const { id } = await propose({
      incident_id: incidentId,
      service: "payments-db",
      runbook: "db_failover_primary_to_replica",
    });
    const end = await ended(id);
    assert.equal(end.rule_decision, "deny");
    assert.equal(end.status, "suppressed");
  });

  it("refuses a gating that cannot work before anything changes", async () => {
    await stack.configure({ "services.payments-db.rules[1].sla": "5 minutes" });
    const report = await stack.pulumi(["preview"], true);
    assert.match(report, /services\.payments-db\.rules\[1\].*`sla`.*"5 minutes"/);
    await stack.configure({ "services.payments-db.rules[1].sla": "5m" });
  });

  it("updates one function for a change of its code", async () => {
    appendFileSync(join(stack.dir, "functions/worker/index.ts"), "\nexport const build = 2;\n");
    assert.deepEqual(await stack.plannedNames(), ["update gate-worker"]);
    await stack.up();
    assert.deepEqual(await stack.planned(), []);
  });

  it("loses no webhook while its signing secret is renewed", async () => {
    await stack.configure({ webhookSecretSerial: "2" });
    const planned = await stack.plannedNames();
    assert.ok(!planned.some((step) => /gate-(middleware|callback|worker|ledger|queue)/.test(step)));
    const raised: string[] = [];
    let renewed = false;
    const storm = (async () => {
      while (!renewed) {
        raised.push(
          await world.openIncident(
            `primary unreachable ${raised.length}`,
            SEED.services.paymentsDb,
            SEED.priorities.p1,
          ),
        );
        await new Promise((resolve) => setTimeout(resolve, 1500));
      }
    })();
    await stack.up();
    renewed = true;
    await storm;
    assert.ok(raised.length > 3);
    for (const incidentId of raised) {
      await proposedFor(incidentId);
    }
    const [subscription, ...others] = await world.subscriptions();
    assert.equal(others.length, 0);
    assert.equal(subscription?.active, true);
    assert.deepEqual(await stack.planned(), []);
  });

  it("takes both tokens of a proposer while they are renewed, and touches no function", async () => {
    const { agent: old } = outputs.proposerTokens;
    await stack.configure({ tokenSerial: "2" });
    await stack.up();
    outputs = (await stack.outputs()) as unknown as Outputs;
    assert.notEqual(outputs.proposerTokens.agent, old);
    const incidentId = await world.openIncident("slow checkout", SEED.services.checkoutApi);
    for (const token of [old, outputs.proposerTokens.agent]) {
      const { id } = await propose(
        { incident_id: incidentId, service: "checkout-api", runbook: "diagnostics" },
        token,
      );
      assert.ok(id.length > 0);
    }
    assert.ok(!stack.stateOnDisk().includes(outputs.proposerTokens.agent));
  });

  it("ends what nobody answered as its rule says", async () => {
    const end = await ended(unanswered.proposalId, 240);
    assert.equal(end.status, "suppressed");
    assert.notEqual(end.manual_task, null);
    const invocations = await world.invocations(unanswered.incidentId);
    assert.ok(invocations.every(({ action_id }) => action_id !== SEED.actions.restartApi));
  });

  it("gates a service of another team's stack, and no longer when that stack goes", async () => {
    const team = new Project(
      {
        "Pulumi.yaml":
          "name: search\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n",
        "package.json": '{"name":"search","type":"module","main":"index.ts"}',
        "index.ts": `
import * as pulumi from "@pulumi/pulumi";
import { ServiceGating } from ${JSON.stringify(join(repository, "components/index.ts"))};
const platform = new pulumi.StackReference("organization/pagerduty-approval-gate/dev");
export const { serviceId } = new ServiceGating("search", {
  gate: platform.requireOutput("gate"),
  service: "search",
  gating: {
    runbooks: { reindex: { automationAction: "01DIAGNOSE" } },
    rules: [{ name: "reindex", match: { runbook: "reindex" }, decision: "allow" }],
  },
});
`,
      },
      { PAGERDUTY_API_URL: world.pagerduty.url, PAGERDUTY_TOKEN: TOKEN },
    );
    team.env["PULUMI_BACKEND_URL"] = stack.env["PULUMI_BACKEND_URL"] ?? "";
    try {
      await team.pulumi(["stack", "init", "dev"]);
      await team.up();
      assert.deepEqual(await team.outputs(), { serviceId: SEED.services.search });
      const incidentId = await world.openIncident("stale results", SEED.services.search);
      const request = { incident_id: incidentId, service: "search", runbook: "reindex" };
      assert.equal((await ended((await propose(request)).id)).status, "executed");
      await team.pulumi(["preview", "--expect-no-changes"]);
      await team.destroy();
      const after = await propose({ ...request, justification: "once more" });
      assert.notEqual((await ended(after.id)).status, "executed");
    } finally {
      team.remove();
    }
  });

  it("finds nothing to mend in a refresh", async () => {
    await stack.refresh();
    assert.deepEqual(await stack.planned(), []);
  });

  it("leaves nothing behind", async () => {
    await stack.destroy();
    isUp = false;
    assert.deepEqual(await world.subscriptions(), []);
    assert.deepEqual(await inventory(), stockBefore);
  });
});
