// The case that the product was made for, as a person sees it: both pages in a real Chromium, the gate and both
// emulators over real HTTP, time moved on by the page's own buttons. PagerDuty and Cheqpoint are emulated.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import * as z from "zod";
import { startEmbedded, type Embedded } from "../../local/embedded.ts";
import { withTimeline } from "../../local/timeline/index.ts";
import { DEV_STACK } from "../cli/support.ts";
import { NO_CHROMIUM, Tabs } from "./tabs.ts";

const invocations = z.object({
  invocations: z.array(
    z.object({ id: z.string(), action_id: z.string(), state: z.string() }).loose(),
  ),
});
const incidents = z.object({
  incidents: z.array(
    z
      .object({
        id: z.string(),
        title: z.string(),
        status: z.string(),
        incident_key: z.string().nullish(),
        escalation_policy: z.object({ id: z.string() }).loose(),
      })
      .loose(),
  ),
});
const notes = z.object({ notes: z.array(z.object({ content: z.string() }).loose()) });
const requests = z.object({
  requests: z.array(z.object({ method: z.string(), path: z.string(), body: z.unknown() }).loose()),
});

describe("INC-4421 in a browser", function () {
  let tabs: Tabs | undefined;
  let folder: string;
  let embedded: Embedded;
  let timeline: Page;
  let inbox: Page;

  before(async function () {
    tabs = await Tabs.launch();
    if (tabs === undefined) {
      console.log(`    ${NO_CHROMIUM}`);
      this.skip();
    }
  });
  after(() => tabs?.stop());

  beforeEach(async () => {
    assert.ok(tabs !== undefined);
    folder = mkdtempSync(join(tmpdir(), "case-"));
    embedded = await startEmbedded(
      withTimeline({
        dataDir: folder,
        gatingFile: DEV_STACK,
        gatePort: 0,
        pagerDutyPort: 0,
        cheqpointPort: 0,
      }),
    );
    timeline = await tabs.open(embedded.gate.url);
    inbox = await tabs.open(embedded.cheqpoint.url);
  });
  afterEach(async () => {
    const problems = (await tabs?.leave()) ?? [];
    await embedded.stop();
    rmSync(folder, { recursive: true });
    assert.deepEqual(problems, []);
  });

  /** What PagerDuty says, asked as an operator would. */
  async function pagerDuty<T extends z.ZodType>(path: string, shape: T): Promise<z.output<T>> {
    const { url, token } = embedded.pagerDuty;
    const answer = await fetch(`${url}${path}`, {
      headers: { authorization: `Token token=${token}` },
    });
    assert.equal(answer.status, 200, path);
    return shape.parse(await answer.json());
  }
  const runs = async () =>
    (await pagerDuty("/automation_actions/invocations", invocations)).invocations;
  const tasks = async () =>
    (await pagerDuty("/incidents?date_range=all&limit=100", incidents)).incidents.filter(
      ({ incident_key: key }) => key?.startsWith("pagerduty-approval-gate/task/") ?? false,
    );
  const notesOfTheIncident = async () => {
    const listed = await pagerDuty("/incidents?date_range=all&limit=100", incidents);
    const id = listed.incidents.find(({ title }) => title.includes("CPU"))?.id ?? "";
    return (await pagerDuty(`/incidents/${id}/notes`, notes)).notes.map(({ content }) => content);
  };
  const click = (page: Page, testId: string) => page.getByTestId(testId).click();
  const outcome = async () => {
    const card = timeline.getByTestId("outcome");
    await card.waitFor();
    return (await card.innerText()).replace(/\s+/g, " ");
  };

  async function startFailover(): Promise<void> {
    await click(timeline, "scenario-failover");
    await timeline.getByTestId("proposal-row").click();
    await inbox.getByTestId("inbox-item").waitFor();
  }

  it("tells a reviewer whose request was open before that the kill switch is on, and no longer once it is off", async () => {
    await startFailover();
    const notice = inbox.locator("#notice");
    assert.equal(await notice.isVisible(), false);
    const state = { reason: null, by: "jo", atMs: 1 };
    const { ledger } = embedded.gate;
    await ledger.setKillSwitch({ ...state, on: true, service: "payments-db" });
    await notice.waitFor();
    assert.equal(
      await notice.innerText(),
      "The gate's kill switch holds service payments-db: what you approve of that waits until it is off.",
    );
    await ledger.setKillSwitch({ ...state, on: true });
    await inbox.getByText("kill switch holds everything").waitFor();
    await ledger.setKillSwitch({ ...state, on: false });
    await ledger.setKillSwitch({ ...state, on: false, service: "payments-db" });
    await notice.waitFor({ state: "hidden" });
  });

  it("shows the reviewer the recipe's payload, and a yes runs the failover once", async () => {
    await startFailover();

    const answer = await fetch(`${embedded.cheqpoint.url}/_emulator/requests`);
    const { requests: received } = requests.parse(await answer.json());
    const submitted = received.filter(({ path }) => path === "/api/webhooks/inbound");
    assert.equal(submitted.length, 1);
    const { action, summary, details, justification } = z
      .object({
        action: z.string(),
        summary: z.string(),
        details: z
          .object({
            incident_id: z.string(),
            service: z.string(),
            runbook: z.string(),
            severity: z.string(),
            affected_regions: z.array(z.string()),
          })
          .strip(),
        justification: z.string(),
      })
      .strip()
      .parse(submitted[0]?.body);
    assert.deepEqual(
      { action, summary, details, justification },
      {
        action: "run_auto_remediation_runbook",
        summary: "Run db_failover_primary_to_replica on payments-db for incident INC-4421 (P1)",
        details: {
          incident_id: "INC-4421",
          service: "payments-db",
          runbook: "db_failover_primary_to_replica",
          severity: "P1",
          affected_regions: ["us-east-1"],
        },
        justification:
          "ai-agent wrote:\n> Primary DB CPU at 98% for 8 minutes. Automated diagnosis suggests failover.",
      },
    );
    const shown = await inbox.locator("main").innerText();
    const own = "ai-agent says: “AI requesting automated DB failover for incident INC-4421”";
    for (const text of [summary, own, "INC-4421", "payments-db", "us-east-1", justification]) {
      assert.ok(shown.includes(text), `the inbox shows ${text}`);
    }
    assert.deepEqual(await runs(), []);

    await inbox.getByTestId("note").fill("On-call confirmed. Run failover.");
    await click(inbox, "approve");
    assert.deepEqual(await runs(), [], "the first click of a high-risk approval decides nothing");
    await click(inbox, "confirm-approve");
    assert.match(await outcome(), /^It ran .*On-call confirmed\. Run failover\./);

    const [run, ...more] = await runs();
    assert.deepEqual(more, []);
    assert.equal(run?.action_id, "01DBFAILOVER");
    assert.equal(run.state, "completed");
    assert.deepEqual(await tasks(), []);
    const [proposed = "", decided = "", ended = ""] = await notesOfTheIncident();
    assert.match(
      proposed,
      /ai-agent proposes to db_failover_primary_to_replica[^]*Review it in Cheqpoint: request req_/,
    );
    assert.match(decided, /Approved by a reviewer[^]*> On-call confirmed\. Run failover\./);
    assert.match(ended, new RegExp(`Executed[^]*Invocation: ${run.id} \\(completed\\)`));
  });

  it("runs nothing after a no, and makes one manual task", async () => {
    await startFailover();
    await inbox.getByTestId("note").fill("Not during the sale.");
    await click(inbox, "reject");
    assert.match(await outcome(), /^Suppressed: nothing ran .*Not during the sale\./);
    await timeline.getByTestId("manual-task").waitFor();
    assert.deepEqual(await runs(), []);
    const made = await tasks();
    assert.deepEqual(
      made.map(({ title }) => title),
      ["[Not run] db_failover_primary_to_replica on INC-4421"],
    );
  });

  it("pages when nobody decides, and hands the work over when the time is up", async () => {
    await startFailover();
    await click(timeline, "clock-skip-1m");
    await click(timeline, "clock-skip-1m");
    const paged = timeline
      .getByTestId("audit-event")
      .filter({ hasText: /Escalation, because nobody had decided/ });
    await paged.first().waitFor();
    const listed = await pagerDuty("/incidents?statuses[]=triggered&limit=100", incidents);
    const page = listed.incidents.find(({ title }) => title.startsWith("[Decide]"));
    assert.equal(page?.escalation_policy.id, "PEP0002");

    await click(timeline, "clock-skip-5m");
    assert.match(await outcome(), /^Suppressed: nothing ran Nobody decided until .* expired/);
    await timeline.getByTestId("manual-task").waitFor();
    assert.deepEqual(await runs(), []);
    assert.equal((await tasks()).length, 1);
  });

  it("expires a restart whose SLA is one minute", async () => {
    await click(timeline, "scenario-restart");
    await timeline.getByTestId("proposal-row").click();
    await inbox.getByTestId("inbox-item").waitFor();
    await click(timeline, "clock-skip-1m");
    assert.match(await outcome(), /^Suppressed: nothing ran Nobody decided until/);
    await timeline.getByTestId("manual-task").waitFor();
    assert.deepEqual(await runs(), []);
    assert.equal((await tasks()).length, 1);
  });
});
