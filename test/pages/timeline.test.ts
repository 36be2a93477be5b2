// Drives the timeline page of the embedded gate in a real Chromium over real HTTP, with both emulators.
import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { anIncident, newProposal } from "../contract/proposals.ts";
import type { Page } from "playwright-core";
import { startEmbedded, type Embedded } from "../../local/embedded.ts";
import { withTimeline } from "../../local/timeline/index.ts";
import { DEV_STACK } from "../cli/support.ts";
import { newConnections } from "../harness/connections.ts";
import { NO_CHROMIUM, Tabs, type TabOptions } from "./tabs.ts";

describe("Timeline page", function () {
  let tabs: Tabs | undefined;
  let folder = "";
  let embedded: Embedded;
  /** What the browser logs by itself in a test that has failing calls. */
  let tolerated: RegExp | undefined;

  before(async function () {
    tabs = await Tabs.launch();
    if (tabs === undefined) {
      console.log(`    ${NO_CHROMIUM}`);
      this.skip();
    }
  });
  after(() => tabs?.stop());
  beforeEach(async () => {
    tolerated = undefined;
    folder = mkdtempSync(join(tmpdir(), "timeline-"));
    embedded = await start();
  });
  afterEach(async () => {
    const problems = (await tabs?.leave()) ?? [];
    await embedded.stop();
    rmSync(folder, { recursive: true });
    assert.deepEqual(
      problems.filter((problem) => !tolerated?.test(problem)),
      [],
    );
  });

  function start(gatePort = 0, gatingFile = DEV_STACK): Promise<Embedded> {
    newConnections();
    return startEmbedded(
      withTimeline({
        dataDir: folder,
        gatingFile,
        gatePort,
        pagerDutyPort: 0,
        cheqpointPort: 0,
      }),
    );
  }

  async function open(path = "/", options: TabOptions = {}): Promise<Page> {
    assert.ok(tabs !== undefined);
    const page = await tabs.open(embedded.gate.url, path, options);
    await live(page);
    return page;
  }

  const live = (page: Page) => page.locator("#connection[data-state=live]").waitFor();
  const text = (page: Page, selector: string) => page.locator(selector).innerText();

  /** Proposes what waits for a decision, as an agent would. */
  async function propose(more: object = {}, title = "payments-db refuses connections") {
    const { pagerduty, gate } = embedded.endpoints();
    const made = await fetch(`${pagerduty.url}/incidents`, {
      method: "POST",
      headers: {
        authorization: `Token token=${pagerduty.token}`,
        from: pagerduty.from,
        "content-type": "application/json",
      },
      body: JSON.stringify({
        incident: {
          type: "incident",
          title,
          service: { id: embedded.pagerDuty.seed.services.paymentsDb, type: "service_reference" },
        },
      }),
    });
    const { incident } = Object(await made.json());
    const answer = await fetch(`${gate.url}/proposals`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${gate.proposerToken}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({
        incident_id: incident.id,
        service: "payments-db",
        runbook: "restart_primary",
        justification: "All connections are taken.",
        ...more,
      }),
    });
    const { id } = Object(await answer.json());
    await embedded.gate.queue.idle();
    return { id: String(id), incidentId: String(incident.id) };
  }

  async function decide(id: string, decision: "approved" | "rejected", note: string) {
    const { cheqpoint } = embedded.endpoints();
    const stored = await embedded.gate.ledger.get(id);
    const approvalId = stored?.proposal.approval?.attempts.at(-1)?.approvalId ?? "";
    const answer = await fetch(`${cheqpoint.url}/_emulator/approvals/${approvalId}/decide`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ decision, note }),
    });
    assert.equal(answer.status, 200);
  }

  it("plays the failover: proposed, approved, executed once, all without reloading", async () => {
    const page = await open();
    assert.equal(await page.getByTestId("empty").isVisible(), true);
    await page.evaluate("document.body.dataset.kept = 'yes'");
    await page.getByTestId("scenario-failover").click();
    const report = page.getByTestId("scenario-report");
    await report.waitFor();
    assert.match(await report.innerText(), /Incident INC-4421 was opened on payments-db/);
    const row = page.getByTestId("proposal-row");
    assert.equal(await row.count(), 1);
    assert.match(
      await row.innerText(),
      /^waits for a decision\s+(4 min \d\d s|5 min 00 s)\s+db_failover_primary_to_replica\s+INC-4421 P1 · payments-db · ai-agent\s+Primary DB CPU at 98% for 8 minutes$/,
    );
    const id = (await row.getAttribute("data-id")) ?? "";
    await row.click();
    assert.match(await text(page, "[data-tone=wait].card"), /left to decide[^]*suppressed/);
    const inbox = page.getByRole("link", { name: "Decide in the inbox" });
    assert.match((await inbox.getAttribute("href")) ?? "", /\/r\/req_\w+$/);

    await decide(id, "approved", "On-call confirmed. Run failover.");
    await page.getByTestId("outcome").waitFor();
    assert.match(
      await text(page, "[data-testid=outcome]"),
      /^It ran\s+The runbook ran to its end\. completed\s+Approved by a reviewer\s+The note in Cheqpoint:\s+On-call confirmed\. Run failover\.\s+Invocation 01/,
    );
    assert.equal(await page.locator("#ended [data-status=executed]").count(), 1);
    assert.equal(await page.locator("#open li").count(), 0);
    assert.equal(await page.evaluate("document.body.dataset.kept"), "yes");
    assert.equal(await page.title(), "Approval gate");
  });

  it("shows the whole audit trail, verified, the rule and what is asked", async () => {
    const { id } = await propose({
      affected_regions: ["eu-west-1"],
      evidence: ["https://example.com/graph", "javascript:alert(1)"],
    });
    const page = await open(`/#${id}`, { timezoneId: "Asia/Kolkata" });
    await page.getByTestId("audit-event").first().waitFor();
    assert.match(await text(page, ".card"), /until \d\d:\d\d:\d\d GMT\+5:30 \(in /);
    const facts = await page.locator(".fact dt").allInnerTexts();
    assert.deepEqual(
      facts,
      "Incident,Service,Runbook,Does,Regions,Proposed by,Digest,Proposal".split(","),
    );
    assert.equal(await page.locator(".why a").getAttribute("href"), "https://example.com/graph");
    assert.equal(await page.locator(".why a").count(), 1);
    assert.match(await text(page, ".trace"), /restart runbook holds/);
    const turns = await page.getByTestId("audit-event").count();
    await page.getByRole("button", { name: /^Every step \(\d+ more\)$/ }).click();
    const events = await embedded.gate.ledger.events(id);
    assert.ok(turns < events.length);
    assert.equal(await page.getByTestId("audit-event").count(), events.length);
    assert.equal(await page.evaluate("document.activeElement?.id"), "every-step");
    assert.match(
      await page.getByTestId("audit-event").first().innerText(),
      /^\d\d:\d\d:\d\d GMT\+5:30\s*(just now|\d+ s ago)\s+ai-agent proposed restart_primary for payments-db$/,
    );
    const chain = page.getByTestId("chain");
    assert.equal(await chain.getAttribute("data-whole"), "true");
    assert.match(await chain.innerText(), /^✓ Chain verified: \d+ events, head sha256:\w{12}…$/);
  });

  it("tells why something was suppressed and links the manual task", async () => {
    const { id } = await propose();
    const page = await open(`/#${id}`);
    await page.locator(".card").waitFor();
    await decide(id, "rejected", "Not during the sale.");
    await page.getByTestId("manual-task").waitFor();
    const outcome = await text(page, "[data-testid=outcome]");
    assert.match(outcome, /^Suppressed: nothing ran\s/);
    assert.match(
      outcome,
      / rejected\s+Rejected by a reviewer\s+The note in Cheqpoint:\s+Not during the sale\./,
    );
    assert.equal(await text(page, "#ended .item-why"), "Rejected by a reviewer.");
    const link = page.getByTestId("manual-task").locator("a");
    const { url } = embedded.pagerDuty;
    assert.match(
      (await link.getAttribute("href")) ?? "",
      new RegExp(`^${url}/web/incidents/Q\\w+$`),
    );
    assert.equal((await fetch((await link.getAttribute("href")) ?? "")).status, 200);
  });

  it("lets an expiry be seen at once by moving virtual time on", async () => {
    const { id } = await propose();
    const page = await open(`/#${id}`);
    assert.match(await text(page, "#tryout"), /Moves the clock of the gate and of both emulators/);
    assert.match(await text(page, "#skipped"), /^Nothing skipped yet\.$/);
    await page.getByTestId("clock-skip-1m").click();
    await page.getByTestId("outcome").waitFor();
    assert.match(
      await text(page, "[data-testid=outcome]"),
      /^Suppressed: nothing ran\s+Nobody decided until \d+ \w+ \d{4}, \d\d:\d\d UTC\. expired\s/,
    );
    assert.equal(await text(page, "#skipped"), "Skipped so far: 1 min 00 s.");
    assert.equal(embedded.clock.skippedMs, 60_000);
    await page.getByTestId("clock-skip-15m").click();
    await page.getByText("Skipped so far: 16 min 00 s.").waitFor();
  });

  it("makes a bypass and the kill switch impossible to overlook", async () => {
    const page = await open();
    await page.getByTestId("scenario-bypass").click();
    const alarm = page.getByTestId("alarm");
    await alarm.waitFor();
    assert.equal(await alarm.getAttribute("data-kind"), "bypass");
    assert.match(await alarm.innerText(), /^⚠ Bypass\s+Automation action 01DBFAILOVER was run on/);
    assert.equal(await page.getByTestId("kill-switch").isVisible(), false);
    const reason = "Unclear data loss.";
    await embedded.gate.ledger.setKillSwitch({ on: true, reason, by: "jo", atMs: Date.now() });
    await page.getByTestId("kill-switch").waitFor();
    assert.match(
      await text(page, "[data-testid=kill-switch]"),
      /^Kill switch on: nothing is executed\. Unclear data loss\. Set by jo \d\d:.*\. To end it: npx gate kill-switch off$/,
    );
    await embedded.gate.ledger.setKillSwitch({ on: true, reason: "looking", by: "jo", atMs: 1 });
    await page.getByText("looking. Set by jo").waitFor();
    for (const kind of ["ranTwice", "uncertain", "neverRan"] as const) {
      await embedded.gate.ledger.raise({
        key: kind,
        kind,
        atMs: Date.now() + 1000,
        text: `About ${kind}.`,
        proposalId: null,
        incidentId: null,
      });
    }
    await page.getByRole("button", { name: "Show 1 more alarm" }).click();
    assert.equal(await alarm.count(), 4);
    assert.match(await text(page, "#announcer"), /^Alarm: About /);
  });

  it("tells which service or runbook is held, and folds an alarm that was acknowledged", async () => {
    const page = await open();
    const { ledger } = embedded.gate;
    const state = { on: true, reason: "replica lags", by: "jo", atMs: Date.now() };
    await ledger.setKillSwitch({ ...state, service: "payments-db", runbook: "failover" });
    await page.getByTestId("kill-switch").waitFor();
    assert.match(
      await text(page, "[data-testid=kill-switch]"),
      /^Kill switch on: runbook failover of service payments-db is held\. replica lags\. Set by jo .*\. To end it: npx gate kill-switch off --service payments-db --runbook failover$/,
    );
    await ledger.raise({
      key: "bypass/1",
      kind: "bypass",
      atMs: Date.now(),
      text: "Somebody ran it.",
      proposalId: null,
      incidentId: null,
    });
    await page.getByTestId("alarm").waitFor();
    await ledger.acknowledge("bypass/1", { by: "jo", note: null, atMs: Date.now() });
    await page.getByRole("button", { name: "Show 1 older alarm" }).waitFor();
    assert.equal(await page.getByTestId("alarm").count(), 0);
  });

  it("finds by incident, title and outcome what it shows, and shows older ones", async () => {
    const { ledger } = embedded.gate;
    const made = (i: number) => {
      const { proposal, events } = newProposal(`prop_made${i}`, {
        dedupeKey: `made ${i}`,
        dueAtMs: null,
        receivedAtMs: i,
        closedAtMs: 1_000 + i,
        outcome: {
          kind: i % 2 === 0 ? "executed" : "suppressed",
          reason: i % 2 === 0 ? "completed" : "rejected",
          text: "",
          atMs: 1_000 + i,
        },
        incident: {
          ...anIncident,
          number: 9_000 + i,
          title: i === 3 ? "Disk full on ledger" : "CPU high",
        },
      });
      return ledger.create(proposal, events);
    };
    for (let i = 0; i < 120; i += 1) {
      await made(i);
    }
    const page = await open();
    const rows = page.locator("#ended").getByTestId("proposal-row");
    await rows.nth(49).waitFor();
    assert.equal(await rows.count(), 50);
    assert.equal(await rows.first().locator(".item-title").innerText(), "CPU high");
    await page.getByRole("button", { name: "Older ones" }).click();
    await rows.nth(99).waitFor();
    await page.getByRole("button", { name: "Older ones" }).click();
    await rows.nth(119).waitFor();
    assert.equal(await page.locator("#older").isVisible(), false);

    const shows = async (count: number) => {
      await page.locator("#ended-count", { hasText: new RegExp(`^${count}$`) }).waitFor();
      assert.equal(await rows.count(), count);
    };
    await page.keyboard.press("/");
    await page.keyboard.type("ledger disk");
    await shows(1);
    assert.match(await rows.first().innerText(), /INC-9003/);
    await page.locator("#search").fill("INC-901");
    await shows(10);
    await page.locator("#outcome").selectOption("ran");
    await shows(5);
  });

  it("keeps alarms to a line each on a phone, and folds those of the day before", async () => {
    const raise = (key: string, ageMs: number) =>
      embedded.gate.ledger.raise({
        key,
        kind: "bypass",
        atMs: Date.now() - ageMs,
        text: `${key} was run past the gate. ${"Nobody asked for it. ".repeat(10)}`,
        proposalId: null,
        incidentId: "Q1",
      });
    const hour = 3_600_000;
    for (const [key, hours] of [
      ["a", 1],
      ["b", 23],
      ["c", 25],
      ["d", 900],
    ] as const) {
      await raise(key, hours * hour);
    }
    const page = await open("/", { viewport: { width: 360, height: 740 } });
    const alarm = page.getByTestId("alarm");
    await alarm.nth(1).waitFor();
    assert.equal(await alarm.count(), 2);
    const height = async () => (await alarm.first().boundingBox())?.height ?? 0;
    assert.ok((await height()) <= 48, String(await height()));
    const age = alarm.first().locator(".alarm-age");
    assert.equal(await age.innerText(), "1 h 0 min ago");
    const box = await age.boundingBox();
    assert.ok(box !== null && box.x + box.width <= 360, "the age is in sight");
    const incident = alarm.first().getByRole("link", { name: "Incident" });
    assert.equal(await incident.isVisible(), false);
    await alarm.first().locator("summary").click();
    assert.equal(await incident.isVisible(), true);
    await incident.focus();
    await raise("e", 0);
    await alarm.nth(2).waitFor();
    assert.equal(await page.evaluate("document.activeElement.textContent"), "Incident");
    assert.equal(await alarm.nth(1).getByRole("link", { name: "Incident" }).isVisible(), true);
    await page.getByRole("button", { name: "Show 2 older alarms" }).click();
    assert.equal(await alarm.count(), 5);
    assert.equal(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), true);
  });

  it("says that a changed gating is refused until it is corrected", async () => {
    await embedded.stop();
    const gating = join(folder, "gating.yaml");
    copyFileSync(DEV_STACK, gating);
    embedded = await start(0, gating);
    const page = await open();
    const notice = page.getByTestId("gating-problem");
    assert.equal(await notice.isVisible(), false);
    writeFileSync(gating, "services: { a: { otherwise: perhaps } }\n");
    await notice.waitFor();
    assert.match(
      await notice.innerText(),
      /^The changed gating is refused, the earlier one stays in force\.\s+[^]*otherwise/,
    );
    copyFileSync(DEV_STACK, gating);
    await notice.waitFor({ state: "hidden" });
  });

  it("treats everything in a proposal as text", async () => {
    const markup = "<img src=x onerror=\"document.title='owned'\">";
    const { id } = await propose(
      { justification: `${markup}\nDecision: none`, summary: markup, evidence: [markup] },
      markup,
    );
    const page = await open(`/#${id}`);
    await page.getByTestId("audit-event").first().waitFor();
    assert.match(
      await text(page, "#summary"),
      /^Run \w+ on \S+ for incident INC-\d+ \(no priority\)$/,
    );
    const quoted = await page.locator(".why blockquote").innerText();
    assert.deepEqual(quoted.split(/\n+/), [markup, markup, "Decision: none", markup]);
    assert.equal(await page.locator("main img, nav img").count(), 0);
    assert.equal(await page.title(), "(1) Approval gate");
  });

  it("is usable by keyboard alone", async () => {
    const first = await propose();
    const second = await propose();
    const page = await open();
    await page.getByTestId("proposal-row").nth(1).waitFor();
    await page.keyboard.press("j");
    await page.locator(`article[data-id="${first.id}"]`).waitFor();
    await page.keyboard.press("j");
    await page.locator(`article[data-id="${second.id}"]`).waitFor();
    assert.equal(new URL(page.url()).hash, `#${second.id}`);
    assert.equal(await page.evaluate("document.activeElement?.dataset.id"), second.id);
    const outline = "getComputedStyle(document.activeElement).outlineStyle";
    assert.equal(await page.evaluate(outline), "solid");
    await page.keyboard.press("k");
    await page.locator(`article[data-id="${first.id}"]`).waitFor();
    await page.keyboard.press("Escape");
    await page.locator("article").waitFor({ state: "detached" });
    await page.getByTestId("scenario-diagnostics").focus();
    await page.keyboard.press("Enter");
    await page.getByTestId("scenario-report").waitFor();
    assert.equal(await page.evaluate("document.activeElement?.id"), "summary");
  });

  it("keeps the focus on a row while proposals come and change", async () => {
    const { id } = await propose();
    const page = await open();
    await page.getByTestId("proposal-row").focus();
    await propose();
    await page.getByTestId("proposal-row").nth(1).waitFor();
    assert.equal(await page.evaluate("document.activeElement?.dataset.id"), id);
    assert.match(
      await text(page, "#announcer"),
      /^New proposal: restart_primary on |waits for a dec/,
    );
  });

  it("keeps focus and selection in a proposal that goes on, and never loses the focus", async () => {
    const { id } = await propose();
    const page = await open(`/#${id}`);
    const facts = page.locator(".facts a");
    await facts.waitFor();
    await page.evaluate("getSelection().selectAllChildren(document.querySelector('.trail li'))");
    const selected = () => page.evaluate("getSelection().toString()");
    assert.match(String(await selected()), /proposed restart_primary/);
    await facts.focus();
    await page.evaluate("document.activeElement.mine = 'yes'");
    await decide(id, "approved", "Go.");
    await page.getByTestId("outcome").waitFor();
    assert.equal(await page.evaluate("document.activeElement.mine"), "yes");
    assert.match(String(await selected()), /proposed restart_primary/);

    const next = await propose();
    await page.goto(`${embedded.gate.url}/#${next.id}`);
    await page.getByRole("link", { name: "Decide in the inbox" }).focus();
    await decide(next.id, "rejected", "No.");
    await page.getByTestId("outcome").waitFor();
    assert.equal(await page.evaluate("document.activeElement.id"), "summary");
  });

  it("tells that the connection is lost and goes on when the gate is back", async () => {
    tolerated = /ERR_|502|Failed to fetch/;
    const page = await open();
    const { port } = embedded.gate;
    const stale = page.getByTestId("stale");
    assert.equal(await stale.isVisible(), false);
    await embedded.stop();
    await page.getByText("Reconnecting…").waitFor();
    assert.match(
      await stale.innerText(),
      /^Not live since \d\d:\d\d:\d\d \w+ \(.*\): the gate does not answer\./,
    );
    embedded = await start(port);
    await live(page);
    assert.equal(await stale.isVisible(), false);
    await propose();
    await page.getByTestId("proposal-row").waitFor();
  });

  it("says what went wrong with a scenario, and that a proposal is unknown", async () => {
    tolerated = /502|404/;
    const page = await open("/#prop_unknown");
    assert.equal(await text(page, ".nothing h2"), "There is no such proposal");
    await fetch(`${embedded.pagerDuty.url}/_emulator/faults`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ call: "POST /incidents", status: 500 }),
    });
    await page.getByTestId("scenario-restart").click();
    await page.getByText(/POST http:\/\/127\.0\.0\.1:\d+\/incidents answered 500/).waitFor();
  });

  for (const colorScheme of ["light", "dark"] as const) {
    it(`fits a phone of 360 px and has enough contrast in ${colorScheme}`, async () => {
      const { id } = await propose({ summary: `Long ${"x".repeat(200)}` });
      await propose();
      const page = await open("/", { viewport: { width: 360, height: 740 }, colorScheme });
      const fits = () => page.evaluate("document.documentElement.scrollWidth <= innerWidth");
      const row = page.locator(`[data-testid=proposal-row][data-id="${id}"]`);
      await row.waitFor();
      assert.equal(await page.locator("#detail").isVisible(), false);
      assert.equal(await fits(), true);
      for (const name of ["scenario-failover", "clock-skip-5m"]) {
        const box = await page.getByTestId(name).boundingBox();
        assert.ok(box !== null && box.height >= 44 && box.width >= 44, name);
      }
      assert.deepEqual(await page.evaluate(POOR_CONTRAST), []);
      await row.click();
      await page.getByTestId("audit-event").first().waitFor();
      assert.equal(await fits(), true);
      assert.equal(await page.evaluate("document.activeElement?.id"), "summary");
      assert.deepEqual(await page.evaluate(POOR_CONTRAST), []);
      await page.goBack();
      await row.waitFor();
      assert.equal(await page.locator("#detail").isVisible(), false);
    });
  }
});

/** In the page: texts whose contrast with what is behind them is below 4.5, as WCAG AA asks for. */
const POOR_CONTRAST = `(() => {
  const rgb = (color) => color.match(/[\\d.]+/g).map(Number);
  const channel = (value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  };
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const color = rgb(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement;
    if (node.data.trim() === "" || !element.checkVisibility()) continue;
    const [a, b] = [luminance(rgb(getComputedStyle(element).color)), luminance(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(node.data.trim() + " " + ratio.toFixed(2));
  }
  return poor;
})()`;
