// Deploys the stack program with the real engine to a local AWS, and drives it through emulators of PagerDuty and
// Cheqpoint. Not shown: what a local AWS does not do, which docs/pulumi.md lists.
import assert from "node:assert/strict";
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ALARMS } from "../../components/alarms.ts";
import { SEED } from "../../emulators/pagerduty/index.ts";
import { DeployedGate, PROGRAM, exampleSource } from "./deployedGate.ts";
import type { Outputs } from "./deployedGate.ts";
import { Project, missingEngine, repository, skipFor } from "./engine.ts";
import { setAlarmState, subscribers, tellingAlarms } from "./localAlarms.ts";
import {
  currentSecret,
  environmentOf,
  inventory,
  logged,
  missingAws,
  previousSecret,
} from "./localAws.ts";
import { localFetch } from "./localFetch.ts";
import { openSubscribingAws } from "./subscribingAws.ts";
import type { SubscribingAws } from "./subscribingAws.ts";
import { CREDENTIALS, json, startWorld, until } from "./world.ts";
import type { World } from "./world.ts";

const FAILOVER = { service: "payments-db", runbook: "db_failover_primary_to_replica" };
const DIAGNOSTICS = { service: "payments-db", runbook: "diagnostics" };

/** Of a service that the dev stack does not gate at first. */
const RESTART = { service: "checkout-api", runbook: "restart_api" };

/** What steps such as "update gate-worker" were done to. */
const namesIn = (steps: readonly string[]) =>
  [...new Set(steps.map((step) => step.split(" ")[1] ?? ""))].sort();

/** What the webhooks of a gate's subscriptions are signed with. */
async function signingSecrets({ functionNames }: Outputs): Promise<string[]> {
  const name = await environmentOf(functionNames["middleware"] ?? "", "WEBHOOK_SECRET_ARN");
  const { keys } = JSON.parse(await currentSecret(name)) as { keys: { secret: string }[] };
  return keys.map(({ secret }) => secret);
}

describe("the deployed gate", function () {
  this.timeout(600_000);
  // Each step goes on where the one before ended.
  this.bail(true);

  let world: World;
  let aws: SubscribingAws;
  let gate: DeployedGate;
  let second: DeployedGate;
  let stockBefore: string[];
  let registeredBefore: string[];
  /** Incidents on which an approved action ran. */
  const acted: string[] = [];
  let unanswered: { incidentId: string; proposalId: string };

  const raise = (title: string, p1 = false) =>
    world.openIncident(title, SEED.services.paymentsDb, p1 ? SEED.priorities.p1 : undefined);

  before(async function () {
    skipFor(this, missingEngine() ?? missingAws());
    world = await startWorld();
    stockBefore = await inventory();
    registeredBefore = await world.registered();
    gate = await DeployedGate.prepare(world, "dev");
    second = await DeployedGate.prepare(world, "prod");
    // A service that this one does not gate hears of its alarms.
    await gate.project.configure({
      alarmServiceId: SEED.services.search,
      pagerdutyEventsUrl: world.pagerduty.url,
    });
    aws = await openSubscribingAws(process.env["AWS_ENDPOINT_URL"] ?? "");
    gate.project.env["AWS_ENDPOINT_URL"] = aws.url;
    // The first one already hears of the others.
    await second.project.configure({ "webhookServices[0]": SEED.services.search });
  });

  after(async () => {
    try {
      await gate?.destroy();
      await second?.destroy();
    } finally {
      gate?.project.remove();
      second?.project.remove();
      await aws?.close();
      await world?.stop();
    }
  });

  it("says which secrets are missing, and how to set them", async () => {
    const bare = new Project({}, { PAGERDUTY_TOKEN: "" });
    bare.copy(...PROGRAM);
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
    const steps = await gate.project.planned();
    assert.deepEqual(new Set(steps.map(({ op }) => op)), new Set(["create"]));
    const types = steps.map(({ urn }) => urn.split("::")[2]?.split("$").at(-1) ?? "");
    for (const [type, count] of [
      ["aws:lambda/function:Function", 4],
      ["aws:lambda/invocation:Invocation", 1],
      ["aws:dynamodb/table:Table", 2],
      ["aws:sqs/queue:Queue", 2],
      ["aws:cloudwatch/metricAlarm:MetricAlarm", ALARMS.length],
      ["pagerduty-approval-gate:index:ServiceGating", 1],
    ] as const) {
      assert.equal(types.filter((found) => found === type).length, count, type);
    }
  });

  it("comes up twice in one account and region, once for each stack file", async () => {
    // One after the other: an update that fails must not leave the other one under way.
    for (const steps of [await gate.up(), await second.up()]) {
      assert.ok(steps.every((step) => step.startsWith("create ")));
    }
    await gate.project.pulumi(["preview", "--expect-no-changes"]);
    // What is looked for at the end is there now.
    const stock = await inventory();
    assert.equal(
      stock.filter((name) => name.startsWith("gate-monitoring-")).length,
      2 * ALARMS.length,
    );
    assert.equal(stock.filter((name) => name.startsWith("gate-ledger-")).length, 2 * 2);
    const subscriptions = await world.subscriptions();
    assert.deepEqual(
      subscriptions.map(({ url, active }) => `${url} ${active}`).sort(),
      [gate, second].map(({ outputs }) => `${outputs.webhookUrl} true`).sort(),
    );
  });

  it("keeps every secret out of the state in clear text", async () => {
    for (const deployed of [gate, second]) {
      const { proposerTokens, operatorTokens } = deployed.outputs;
      await deployed.hidesSecrets(
        ...Object.values(CREDENTIALS),
        proposerTokens.agent,
        operatorTokens.sre,
      );
      // They never came near the stack, encrypted neither.
      const exported = await deployed.project.pulumi(["stack", "export", "--show-secrets"]);
      const signing = await signingSecrets(deployed.outputs);
      assert.ok(signing.length > 0);
      assert.ok(signing.every((secret) => !exported.includes(secret)));
    }
  });

  it("shares nothing with the other gate, which goes without a trace", async () => {
    const { outputs: ours } = gate;
    const { outputs: theirs } = second;
    for (const key of Object.keys(ours) as (keyof Outputs)[]) {
      if (key !== ("gating" as string)) {
        assert.notDeepEqual(theirs[key], ours[key], key);
      }
    }
    const incidentId = await world.openIncident(
      "stale results",
      SEED.services.search,
      SEED.priorities.p1,
    );
    const request = { incident_id: incidentId, service: "search", runbook: "reindex" };
    const foreign = await localFetch(theirs.proposalsUrl, {
      method: "POST",
      headers: {
        authorization: `Bearer ${ours.proposerTokens.agent}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ ...request, justification: "because" }),
    });
    assert.equal(foreign.status, 401);
    const { id } = await second.propose(request);
    await world.decide(await second.asked(id), "approved");
    assert.equal((await second.ended(id)).status, "executed");
    assert.deepEqual(await gate.proposalsOf(incidentId), []);

    await second.destroy();
    assert.deepEqual(
      (await world.subscriptions()).map(({ url }) => url),
      [ours.webhookUrl],
    );
  });

  it("pages a service when one of its alarms goes off, and ends the page when that is over", async () => {
    const alarms = await tellingAlarms();
    assert.equal(alarms.length, ALARMS.length);
    const [topicArn = ""] = alarms[0]?.AlarmActions ?? [];
    for (const { AlarmName, AlarmActions, OKActions } of alarms) {
      assert.deepEqual([AlarmActions, OKActions], [[topicArn], [topicArn]], AlarmName);
    }
    const integrations = (await world.integrations(SEED.services.search)).filter(
      ({ vendor }) => vendor?.summary === "Amazon CloudWatch",
    );
    const [key = ""] = integrations.map(({ integration_key }) => integration_key);
    assert.deepEqual(
      integrations.map(({ name }) => name),
      ["Approval gate alarms"],
    );
    assert.deepEqual(await subscribers(topicArn), [
      { protocol: "http", endpoint: `${world.pagerduty.url}/integration/${key}/enqueue` },
    ]);
    await gate.hidesSecrets(key);
    // What is looked for at the end is there now.
    const stock = await inventory();
    assert.deepEqual(
      stock.filter((name) => name.startsWith(topicArn)).map((name) => name.split(":").length),
      [6, 7],
    );

    const bypass = alarms.find(({ AlarmName }) => AlarmName.startsWith("gate-monitoring-bypass-"));
    assert.ok(bypass !== undefined);
    const page = (status: string) =>
      until(`the alarm's incident is ${status}`, async () =>
        (await world.incidents()).find(
          (incident) => incident.title.includes(bypass.AlarmName) && incident.status === status,
        ),
      );
    await setAlarmState(bypass, "ALARM");
    const { id, service } = await page("triggered");
    assert.equal(service.id, SEED.services.search);
    await setAlarmState(bypass, "OK");
    assert.equal((await page("resolved")).id, id);
    assert.deepEqual(await gate.proposalsOf(id), []);
  });

  it("runs what a reviewer approves, exactly once, from a signed webhook", async () => {
    const incidentId = await raise("primary unreachable", true);
    const { id } = await gate.proposedFor(incidentId);
    assert.deepEqual(await world.invocations(incidentId), []);
    await world.decide(await gate.asked(id), "approved");
    assert.equal((await gate.ended(id)).status, "executed");
    assert.deepEqual(
      (await world.invocations(incidentId)).map(({ action_id }) => action_id),
      [SEED.actions.dbFailover],
    );
    acted.push(incidentId);
  });

  it("refuses a forged webhook", async () => {
    const answer = await localFetch(gate.outputs.webhookUrl, {
      method: "POST",
      headers: { "x-pagerduty-signature": `v1=${"0".repeat(64)}` },
      body: '{"event":{"id":"forged","event_type":"incident.triggered"}}',
    });
    assert.equal(answer.status, 401);
  });

  it("suppresses what a reviewer rejects, and hands the work to people", async () => {
    const incidentId = await raise("slow queries");
    const { id } = await gate.propose({ incident_id: incidentId, ...FAILOVER });
    const incidentsBefore = await world.incidents();
    await world.decide(await gate.asked(id), "rejected");
    const end = await gate.ended(id);
    assert.equal(end.status, "suppressed");
    assert.notEqual(end.manual_task, null);
    assert.deepEqual(await world.invocations(incidentId), []);
    assert.equal((await world.incidents()).length, incidentsBefore.length + 1);
  });

  it("lets a harmless action run without anybody", async () => {
    const incidentId = await raise("slow answers");
    const { id } = await gate.propose({ incident_id: incidentId, ...DIAGNOSTICS });
    assert.equal((await gate.ended(id)).status, "executed");
    // Nobody answers this one: its minute passes while the tests go on.
    const restart = { service: "payments-db", runbook: "restart_primary" };
    const { id: proposalId } = await gate.propose({ incident_id: incidentId, ...restart });
    unanswered = { incidentId, proposalId };
    await gate.asked(proposalId);
  });

  it("gates one more service at once, touching nothing but its own records", async () => {
    const incidentId = await world.openIncident("slow checkout", SEED.services.checkoutApi);
    const request = { incident_id: incidentId, ...RESTART };
    await assert.rejects(
      gate.propose(request),
      /answered 400: .*service \\"checkout-api\\" is not listed in the gating/,
    );
    await gate.project.configure({
      "services.checkout-api.runbooks.restart_api.automationAction": SEED.actions.restartApi,
      "services.checkout-api.rules[0].name": "restart",
      "services.checkout-api.rules[0].decision": "allow",
    });
    assert.deepEqual(await gate.up(), [
      "create gate-checkout-api",
      "create gate-checkout-api",
      "create gate-checkout-api-name",
    ]);
    assert.equal((await gate.ended((await gate.propose(request)).id)).status, "executed");
    assert.deepEqual(
      (await world.invocations(incidentId)).map(({ action_id }) => action_id),
      [SEED.actions.restartApi],
    );
  });

  it("takes a changed rule over at once, touching only that service's record", async () => {
    await gate.project.configure({ "services.payments-db.rules[2].decision": "deny" });
    const report = await gate.project.pulumi(["preview", "--diff"]);
    assert.match(report, /decision\s*: "requireApproval" => "deny"/);
    assert.deepEqual(await gate.up(), ["update gate-payments-db"]);
    const { id } = await gate.propose({ incident_id: await raise("slow again"), ...FAILOVER });
    const end = await gate.ended(id);
    assert.equal(end.rule_decision, "deny");
    assert.equal(end.status, "suppressed");

    await gate.project.configure({ "services.checkout-api.rules[0].decision": "deny" });
    assert.deepEqual(await gate.up(), ["update gate-checkout-api"]);
    const incidentId = await world.openIncident("slow again", SEED.services.checkoutApi);
    const other = await gate.propose({ incident_id: incidentId, ...RESTART });
    const otherEnd = await gate.ended(other.id);
    assert.equal(otherEnd.rule_decision, "deny");
    assert.equal(otherEnd.status, "suppressed");
    assert.deepEqual(await world.invocations(incidentId), []);
  });

  it("refuses a gating that cannot work before anything changes", async () => {
    await gate.project.configure({ "services.payments-db.rules[1].sla": "5 minutes" });
    const report = await gate.project.pulumi(["preview"], true);
    assert.match(report, /services\.payments-db\.rules\[1\].*`sla`.*"5 minutes"/);
    await gate.project.configure({ "services.payments-db.rules[1].sla": "5m" });
  });

  const renewed = {
    pagerdutyToken: "renewed-token-that-nobody-may-see",
    cheqpointConnectionKey: "renewed-connection-key-that-nobody-may-see",
    cheqpointCallbackSecret: "renewed-callback-secret-that-nobody-may-see",
  };

  it("loses no webhook while all its secrets are renewed, and touches no function", async () => {
    const { proposerTokens, operatorTokens } = gate.outputs;
    world.doors.pagerduty.keys.add(renewed.pagerdutyToken);
    world.doors.cheqpoint.keys.add(renewed.cheqpointConnectionKey);
    await gate.project.configure({ webhookSecretSerial: "2", tokenSerial: "2" }, renewed);
    const raised: string[] = [];
    let isOver = false;
    const storm = (async () => {
      while (!isOver) {
        raised.push(await raise(`primary unreachable ${raised.length}`, true));
        await new Promise((resolve) => setTimeout(resolve, 1500));
      }
    })();
    const done = await gate.up().finally(() => {
      isOver = true;
    });
    await storm;
    assert.deepEqual(namesIn(done), [
      "gate-secret-callback",
      "gate-secret-cheqpoint-key",
      "gate-secret-operator-sre",
      "gate-secret-operators",
      "gate-secret-pagerduty-token",
      "gate-secret-proposer-agent",
      "gate-secret-proposers",
      "gate-subscription",
    ]);
    assert.ok(raised.length > 3);
    for (const incidentId of raised) {
      await gate.proposedFor(incidentId);
    }
    const [subscription, ...others] = await world.subscriptions();
    assert.equal(others.length, 0);
    assert.equal(subscription?.active, true);

    const { agent } = gate.outputs.proposerTokens;
    assert.notEqual(agent, proposerTokens.agent);
    assert.notEqual(gate.outputs.operatorTokens.sre, operatorTokens.sre);
    const incidentId = await raise("slow answers once more");
    for (const token of [proposerTokens.agent, agent]) {
      const { id } = await gate.propose({ incident_id: incidentId, ...DIAGNOSTICS }, token);
      assert.ok(id.length > 0);
    }
    // A function that starts now finds the token before as well.
    const kept = JSON.parse(await previousSecret("gate-secret-proposers-")) as unknown;
    assert.deepEqual(kept, proposerTokens);
    await gate.hidesSecrets(...Object.values(renewed), agent, gate.outputs.operatorTokens.sre);
  });

  it("updates one function for a change of its code, which then works with the renewed secrets", async () => {
    const code = join(gate.project.dir, "functions/worker/index.ts");
    appendFileSync(code, "\nexport const build = 2;\n");
    assert.deepEqual(await gate.up(), ["update gate-worker"]);
    world.doors.pagerduty.keys.delete(CREDENTIALS.pagerdutyToken);
    world.doors.cheqpoint.keys.delete(CREDENTIALS.connectionKey);
    await json(`${world.cheqpoint.url}/_emulator/settings`, "POST", {
      webhookSecret: renewed.cheqpointCallbackSecret,
    });
    const incidentId = await raise("primary unreachable once more", true);
    const { id } = await gate.proposedFor(incidentId);
    await world.decide(await gate.asked(id), "approved");
    // Refused callbacks would be made good by reading the approval back: this one is let in by its new signature.
    await until("the callback with the renewed secret is accepted", async () =>
      (await logged())
        .split("\n")
        .some((line) => line.includes("callback accepted") && line.includes(id)),
    );
    assert.equal((await gate.ended(id)).status, "executed");
    assert.equal((await world.invocations(incidentId)).length, 1);
    acted.push(incidentId);
  });

  it("ends what nobody answered as its rule says", async () => {
    const end = await gate.ended(unanswered.proposalId, 240);
    assert.equal(end.status, "suppressed");
    assert.notEqual(end.manual_task, null);
    const invocations = await world.invocations(unanswered.incidentId);
    assert.ok(invocations.every(({ action_id }) => action_id !== SEED.actions.restartDb));
  });

  it("gates a service of another team's stack, and no longer when that stack goes", async () => {
    const example = (file: string) =>
      readFileSync(join(repository, "examples/team-stack", file), "utf8");
    // PagerDuty has another service with the example's name.
    const team = new Project(
      {
        "Pulumi.yaml": example("Pulumi.yaml"),
        "package.json": example("package.json"),
        "index.ts": exampleSource(example("index.ts")).replace('name: "search"', 'name: "jobs"'),
      },
      { PAGERDUTY_API_URL: world.pagerduty.url, PAGERDUTY_TOKEN: world.pagerduty.token },
    );
    team.env["PULUMI_BACKEND_URL"] = gate.project.env["PULUMI_BACKEND_URL"] ?? "";
    try {
      await team.pulumi(["stack", "init", "dev"]);
      await team.configure({
        gateStack: "organization/pagerduty-approval-gate/dev",
        escalationPolicy: SEED.escalationPolicies.platformOnCall,
      });
      await team.up();
      const { serviceId, manualTaskKey } = (await team.outputs()) as {
        serviceId: string;
        manualTaskKey: string;
      };
      assert.ok(manualTaskKey.length >= 16);
      // Both stacks' states lie in one folder.
      const states = gate.project.stateOnDisk();
      assert.match(states, /search-service/);
      assert.ok(!states.includes(manualTaskKey), "the task's key is in the state in clear text");
      const incidentId = await world.openIncident("stale results", serviceId);
      const request = { incident_id: incidentId, service: "jobs", runbook: "hand_over" };
      assert.equal((await gate.ended((await gate.propose(request)).id)).status, "executed");
      assert.deepEqual(await team.planned(), []);
      await team.destroy();
      await assert.rejects(
        gate.propose({ ...request, justification: "once more" }),
        /answered 400: .*service \\"jobs\\" is not listed in the gating/,
      );
    } finally {
      team.remove();
    }
  });

  it("makes a subscription again that somebody removed, and finds nothing else to mend", async () => {
    const [before] = await world.subscriptions();
    await world.removeSubscription(before?.id ?? "");
    // The worker mends it as well, every five minutes; here nobody waits so long.
    await gate.project.configure({ webhookSecretSerial: "3" });
    assert.deepEqual(namesIn(await gate.up()), ["gate-subscription"]);
    await gate.project.refresh();
    await gate.project.pulumi(["preview", "--expect-no-changes"]);
    const [after, ...others] = await world.subscriptions();
    assert.equal(others.length, 0);
    assert.notEqual(after?.id, before?.id);
    assert.equal(after?.active, true);
    await gate.proposedFor(await raise("primary unreachable at last", true));
  });

  it("writes no secret into a log", async () => {
    const lines = await until("the functions' logs are there", async () => {
      const found = await logged();
      return found.includes("callback accepted") && found;
    });
    for (const secret of [...Object.values(CREDENTIALS), ...Object.values(renewed)]) {
      assert.ok(!lines.includes(secret));
    }
  });

  it("has run each approved action once, after minutes of sweeps and redeliveries", async () => {
    assert.equal(acted.length, 2);
    for (const incidentId of acted) {
      assert.equal((await world.invocations(incidentId)).length, 1);
    }
  });

  it("leaves nothing behind", async () => {
    await gate.destroy();
    assert.deepEqual(await world.subscriptions(), []);
    assert.deepEqual(await world.registered(), registeredBefore);
    assert.deepEqual(await inventory(), stockBefore);
  });
});
