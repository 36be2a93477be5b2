// Drives the inbox page of the Cheqpoint emulator in a real Chromium over real HTTP.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { Bench, SAMPLE, field } from "../emulators/cheqpoint/support.ts";
import { NO_CHROMIUM, Tabs, type TabOptions } from "./tabs.ts";

const GATE_DETAILS = {
  ...SAMPLE.details,
  target: "run PagerDuty automation action 01DF4OBNYKW84FS9CCYVYS1MOS",
  incident_title: "payments-db primary: CPU above 95%",
  incident_url: "https://acme.pagerduty.com/incidents/Q1ABC2DEF3",
  decide_by: "2026-11-23T10:05:00.000Z",
  on_no_answer: "suppressed; the on-call engineer gets a manual task",
  valid_for: "15m after the approval",
  approval_valid_until: "2026-11-23T10:20:00.000Z at the latest",
  risk: 0.9,
  editable: ["max_lag_seconds"],
  max_lag_seconds: 30,
  action_digest: "sha256:4be1",
};
const HIGH = { ...SAMPLE, details: GATE_DETAILS, riskLevel: "high" };
const LOW = { action: "restart_service", summary: "Restart checkout-api", riskLevel: "low" };

describe("Inbox page", function () {
  let tabs: Tabs | undefined;
  let bench = new Bench();
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
    bench = new Bench({ loopWindowMs: 0 });
    await bench.start();
  });
  afterEach(async () => {
    const problems = (await tabs?.leave()) ?? [];
    await bench.stop();
    assert.deepEqual(
      problems.filter((problem) => !tolerated?.test(problem)),
      [],
    );
  });

  async function open(path = "/", options: TabOptions = {}): Promise<Page> {
    assert.ok(tabs !== undefined);
    const page = await tabs.open(bench.emulator.url, path, options);
    await live(page);
    // What it has read is drawn in the next frame, which a busy browser may let wait.
    await page.evaluate("new Promise((done) => requestAnimationFrame(done))");
    return page;
  }

  const live = (page: Page) => page.locator("#connection[data-state=live]").waitFor();

  async function ask(body: object = LOW): Promise<string> {
    return field((await bench.inbound({ details: {}, ...body })).json, "approvalId");
  }

  async function outcome(id: string): Promise<unknown> {
    const { status, decisionNote, modifiedDetails } = Object((await bench.readBack(id)).json);
    return [status, decisionNote, modifiedDetails];
  }

  const text = (page: Page, selector: string) => page.locator(selector).innerText();

  it("says that nothing waits, then shows a new request without reloading", async () => {
    const page = await open();
    assert.equal(await text(page, ".nothing h2"), "Nothing waits for you");
    await page.evaluate("document.body.dataset.kept = 'yes'");
    const id = await ask();
    await page.getByTestId("inbox-item").waitFor();
    assert.equal(await page.getByTestId("inbox-item").getAttribute("data-id"), id);
    assert.equal(await text(page, "#summary"), "Restart checkout-api");
    assert.equal(await page.title(), "(1) Approvals inbox");
    assert.equal(await text(page, "#announcer"), "New request: Restart checkout-api");
    assert.equal(await page.getByTestId("empty").isVisible(), false);
    assert.equal(await page.evaluate("document.body.dataset.kept"), "yes");
  });

  it("puts what can still be decided before what is too late", async () => {
    const dead = { ...HIGH, details: { ...GATE_DETAILS, decide_by: "2026-11-23T09:00:00.000Z" } };
    const ids = [await ask({ ...dead, summary: "dead" })];
    bench.now += 1000;
    ids.push(await ask({ ...dead, summary: "dead too" }));
    const empty = await open();
    await empty.getByTestId("late-item").nth(1).waitFor();
    assert.equal(await text(empty, ".nothing h2"), "Nothing waits for you");
    assert.equal(await empty.title(), "Approvals inbox");
    assert.equal(await empty.getByTestId("approve").count(), 0);

    const waiting = await ask({ ...HIGH, summary: "alive" });
    for (const viewport of [undefined, { width: 360, height: 740 }]) {
      const page = await open("/", viewport === undefined ? {} : { viewport });
      await page.getByTestId("inbox-item").waitFor();
      assert.equal(await page.title(), "(1) Approvals inbox");
      assert.equal(await text(page, "#pending-count"), "1");
      assert.equal(await text(page, "#late-title"), "Too late 2");
      const listed = await page.evaluate(
        "[...document.querySelectorAll('.item')].map((item) => item.dataset.id)",
      );
      assert.deepEqual(listed, [waiting, ...ids.toReversed()]);
      if (viewport === undefined) assert.equal(await text(page, "#summary"), "alive");
    }
  });

  it("moves a request to the late ones when its time runs out, and keeps the focus on it", async () => {
    const page = await open();
    const id = await ask(HIGH);
    await page.getByTestId("inbox-item").focus();
    assert.equal(await page.locator("#late-group").isVisible(), false);
    await bench.pass(400_000);
    await ask({ ...LOW, expiresAt: "2026-11-23T11:00:00Z" });
    await page.getByTestId("late-item").waitFor();
    assert.equal(await page.getByTestId("late-item").getAttribute("data-id"), id);
    assert.equal(await page.evaluate("document.activeElement?.dataset.id"), id);
    assert.equal(await page.title(), "(1) Approvals inbox");
  });

  it("labels what it knows, shows everything else and makes times readable", async () => {
    const page = await open(`/r/${await ask(HIGH)}`);
    const labels = await page.locator(".fact dt").allTextContents();
    const values = await page.locator(".fact dd").allTextContents();
    const shown = new Map(labels.map((label, i) => [label, values[i]]));
    assert.equal(shown.get("Runbook"), "db_failover_primary_to_replica");
    assert.equal(shown.get("Regions"), "us-east-1");
    assert.equal(shown.get("max_lag_seconds"), "30");
    assert.match(shown.get("Decide by") ?? "", /^10:05:00 UTC \(in [45] min\)$|^23 Nov, 10:05:00/);
    assert.match(shown.get("… and ends") ?? "", /10:20:00 UTC \(in (19|20) min\) at the latest$/);
    assert.equal(labels.length, Object.keys(GATE_DETAILS).length);
    assert.match(await text(page, ".clock"), /^4 min \d\d s left to decide|^5 min 00 s left/);
    assert.match(await text(page, ".clock"), /If nobody answers: suppressed/);
    assert.equal(await text(page, ".why p"), SAMPLE.justification);
    const link = page.locator(".fact a");
    assert.equal(await link.getAttribute("href"), GATE_DETAILS.incident_url);
    assert.equal(await link.getAttribute("rel"), "noopener noreferrer");
  });

  it("shows the target before any long text, so that no words push it out of sight", async () => {
    const long = "nothing to see here\n".repeat(150);
    const page = await open(`/r/${await ask({ ...HIGH, justification: long })}`);
    const isFirst = await page.evaluate(`(() => {
      const box = (at) => document.querySelector(at).getBoundingClientRect();
      const target = box("[data-key=target]");
      return target.bottom < innerHeight && target.bottom < box(".why").top;
    })()`);
    assert.equal(isFirst, true);
  });

  it("approves a low risk with one step and tells the result", async () => {
    const id = await ask();
    const page = await open(`/r/${id}`);
    await page.getByTestId("note").fill("Go ahead.");
    await page.getByTestId("approve").click();
    const decided = page.getByTestId("decided");
    await decided.waitFor();
    assert.equal(await decided.getAttribute("data-outcome"), "approved");
    assert.match(await decided.innerText(), /Approved by a reviewer[^]*“Go ahead.”/);
    assert.deepEqual(await outcome(id), ["APPROVED", "Go ahead.", null]);
    assert.equal(await page.evaluate("document.activeElement?.id"), "result");
    assert.equal(await page.getByTestId("decided-item").count(), 1);
    assert.equal(await page.getByTestId("inbox-item").count(), 0);
  });

  it("asks for a second step before it approves a high risk", async () => {
    const id = await ask(HIGH);
    const page = await open(`/r/${id}`);
    await page.getByTestId("approve").click();
    assert.match(await text(page, "#second-text"), /^High risk\. You let run_auto_remediation/);
    assert.equal(await page.getByTestId("approve").isVisible(), false);
    await page.keyboard.press("Enter");
    await page.keyboard.press("Escape");
    await page.getByTestId("approve").waitFor();
    assert.deepEqual(await outcome(id), ["PENDING", null, null]);
    await page.getByTestId("approve").click();
    await page.getByTestId("confirm-approve").click();
    await page.getByTestId("decided").waitFor();
    assert.deepEqual(await outcome(id), ["APPROVED", null, null]);
  });

  it("shows parameters with what would be done, and again in the second step", async () => {
    const page = await open(`/r/${await ask(HIGH)}`);
    const first = page.locator(".facts section").first();
    assert.equal(await first.locator("h3").innerText(), "What would be done");
    assert.equal(await first.locator("[data-key=max_lag_seconds] dd").innerText(), "30");
    await page.getByTestId("approve").click();
    const second = page.locator("#second-text");
    assert.match(
      await second.innerText(),
      /^High risk\. You let run_auto_remediation_runbook run db_failover_primary_to_replica: run PagerDuty automation action 01DF4OBNYKW84FS9CCYVYS1MOS on payments-db\.\s+max_lag_seconds: 30$/,
    );
    await page.keyboard.press("Escape");
    await page.getByTestId("edit-details").click();
    const changed = JSON.stringify({ ...GATE_DETAILS, max_lag_seconds: 60 });
    await page.getByTestId("details-json").fill(changed);
    assert.equal(await text(page, "[data-testid=change-warning]"), "");
    await page.getByTestId("approve").click();
    assert.match(await second.innerText(), /With your changes\.\s+max_lag_seconds: 60 \(was 30\)$/);
  });

  it("warns of a change that the requester does not accept", async () => {
    const id = await ask({
      ...LOW,
      details: { service: "a", replicas: 3, editable: ["replicas"] },
    });
    const page = await open(`/r/${id}`);
    await page.getByTestId("edit-details").click();
    const warned = async (details: object) => {
      await page.getByTestId("details-json").fill(JSON.stringify(details));
      return text(page, "[data-testid=change-warning]");
    };
    const editable = ["replicas"];
    assert.equal(await warned({ service: "a", replicas: 2, editable }), "");
    assert.equal(await warned({ replicas: 2 }), "");
    assert.equal(
      await warned({ service: "b", replicas: 2, editable, region: "us" }),
      "The requester does not accept a change of service, region: approved like this, nothing is carried out.",
    );
    assert.equal(
      await warned({ service: "a", editable }),
      "The requester does not accept a change of replicas: approved like this, nothing is carried out.",
    );
    await page.getByTestId("edit-details").click();
    assert.equal(await page.getByTestId("change-warning").isVisible(), true);
  });

  it("rejects a high risk at once", async () => {
    const id = await ask(HIGH);
    const page = await open(`/r/${id}`);
    await page.getByTestId("reject").click();
    await page.getByTestId("decided").waitFor();
    assert.deepEqual(await outcome(id), ["REJECTED", null, null]);
  });

  it("sends changed details as a whole, and nothing when they are the same", async () => {
    const details = { service: "checkout-api", replicas: 3 };
    const [same, changed] = [await ask({ ...LOW, details }), await ask({ ...LOW, details })];
    const page = await open(`/r/${same}`);
    await page.getByTestId("edit-details").click();
    await page.getByTestId("details-json").fill('{ "replicas": 3, "service": "checkout-api" }');
    assert.equal(await text(page, "#json-state"), "Nothing changed.");
    await page.getByTestId("approve").click();
    await page.getByTestId("decided").waitFor();
    assert.deepEqual(await outcome(same), ["APPROVED", null, null]);

    await page.locator(`[data-id="${changed}"]`).first().click();
    await page.getByTestId("approve").waitFor();
    await page.getByTestId("edit-details").click();
    await page.getByTestId("details-json").fill('{ "service": "checkout-api", "replicas": 2 }');
    assert.equal(await text(page, "[data-testid=approve]"), "Approve with changes");
    await page.getByTestId("approve").click();
    await page.getByTestId("decided").waitFor();
    assert.deepEqual(await outcome(changed), ["APPROVED", null, { ...details, replicas: 2 }]);
    assert.equal(await text(page, ".changes"), "replicas: 3 → 2");
  });

  it("says what is wrong with the JSON and lets nobody decide with it", async () => {
    const page = await open(`/r/${await ask(HIGH)}`);
    await page.getByTestId("edit-details").click();
    assert.equal(
      await text(page, "#json-hint"),
      "The requester accepts changes to: max_lag_seconds.",
    );
    for (const [json, message] of [
      ["{", /^This is not valid JSON: /],
      ["[]", /^The details must be a JSON object: \{ … \}\.$/],
    ] as const) {
      await page.getByTestId("details-json").fill(json);
      assert.match(await text(page, "#json-state"), message);
      assert.equal(await page.getByTestId("approve").isDisabled(), true);
      assert.equal(await page.getByTestId("reject").isDisabled(), true);
    }
    await page.getByText("Undo changes").click();
    assert.equal(await page.getByTestId("approve").isEnabled(), true);
    assert.equal(await page.getByTestId("reject").isEnabled(), true);
  });

  it("keeps what was typed while other requests come and go", async () => {
    const id = await ask();
    const page = await open(`/r/${id}`);
    await page.getByTestId("note").fill("half a sen");
    const other = await ask({ ...LOW, summary: "Other" });
    await page.locator(`[data-id="${other}"]`).waitFor();
    assert.equal(await page.getByTestId("note").inputValue(), "half a sen");
    assert.equal(await page.evaluate("document.activeElement?.id"), "note");
    await page.locator(`[data-id="${other}"]`).click();
    await page.getByRole("heading", { name: "Other" }).waitFor();
    await page.locator(`[data-id="${id}"]`).first().click();
    await page.getByRole("heading", { name: LOW.summary }).waitFor();
    assert.equal(await page.getByTestId("note").inputValue(), "half a sen");
  });

  it("shows what the parameters mean, each in a line of its own, and takes it for no parameter", async () => {
    const details = {
      parameter_descriptions: ["replicas: How many.", "zone: Where\u202e."],
      replicas: 2,
      zone: "a",
      affected_regions: ["eu", "us"],
    };
    const page = await open(`/r/${await ask({ ...LOW, details })}`);
    const fact = (key: string, part: string) => text(page, `[data-key=${key}] ${part}`);
    assert.equal(await fact("parameter_descriptions", "dt"), "What its values mean");
    assert.equal(
      await fact("parameter_descriptions", "dd"),
      "replicas: How many.\nzone: Where[U+202E].",
    );
    assert.equal(await fact("affected_regions", "dd"), "eu, us");
    const keys = await page
      .locator(".fact")
      .evaluateAll((rows) => rows.map((row) => row.getAttribute("data-key")));
    assert.deepEqual(keys, ["affected_regions", "parameter_descriptions", "replicas", "zone"]);
  });

  it("treats everything in a request as text", async () => {
    const markup = "<img src=x onerror=\"document.title='owned'\"><script>1</script>";
    const id = await ask({
      action: markup,
      summary: `${markup}\u202etxt`,
      justification: markup,
      details: { [markup]: markup, incident_url: "javascript:alert(1)", nested: { a: [markup] } },
    });
    const page = await open(`/r/${id}`);
    assert.equal(await text(page, "#summary"), `${markup}[U+202E]txt`);
    assert.equal(await page.locator("main img, main script, main .fact a, nav img").count(), 0);
    assert.equal(await page.title(), "(1) Approvals inbox");
  });

  it("is usable by keyboard, and a stray letter decides nothing", async () => {
    const first = await ask({ ...LOW, summary: "first" });
    bench.now += 1000;
    const second = await ask({ ...LOW, summary: "second" });
    const page = await open();
    assert.equal(await text(page, "#summary"), "first");
    await page.keyboard.press("j");
    await page.getByRole("heading", { name: "second" }).waitFor();
    assert.equal(new URL(page.url()).pathname, `/r/${second}`);
    await page.keyboard.press("ArrowUp");
    await page.getByRole("heading", { name: "first" }).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.getByRole("heading", { name: "second" }).waitFor();
    await page.keyboard.press("k");
    await page.getByRole("heading", { name: "first" }).waitFor();
    await page.keyboard.press("n");
    await page.keyboard.type("aarr");
    await page.keyboard.press("Escape");
    await page.keyboard.press("a");
    await page.keyboard.press("a");
    await page.keyboard.press("r");
    assert.deepEqual(await outcome(first), ["PENDING", null, null]);
    assert.equal(await page.evaluate("document.activeElement?.id"), "reject");
    const outline = "getComputedStyle(document.activeElement).outlineStyle";
    assert.equal(await page.evaluate(outline), "solid");
    await page.keyboard.press("Enter");
    await page.getByTestId("decided").waitFor();
    assert.deepEqual(await outcome(first), ["REJECTED", "aarr", null]);
    await page.keyboard.press("k");
    await page.getByRole("heading", { name: "second" }).waitFor();
    await page.keyboard.press("a");
    await page.keyboard.press("Enter");
    await page.getByTestId("decided").waitFor();
    assert.deepEqual(await outcome(second), ["APPROVED", null, null]);
  });

  it("needs more than a key pressed twice for a high risk", async () => {
    const id = await ask(HIGH);
    const page = await open(`/r/${id}`);
    for (const key of ["a", "Enter", "Enter", "a", "Enter"]) await page.keyboard.press(key);
    assert.deepEqual(await outcome(id), ["PENDING", null, null]);
    await page.getByTestId("confirm-approve").focus();
    await page.keyboard.press("Enter");
    await page.getByTestId("decided").waitFor();
    assert.deepEqual(await outcome(id), ["APPROVED", null, null]);
  });

  it("shows a decision made elsewhere, and an expiry, as they happen", async () => {
    const elsewhere = await ask();
    const page = await open(`/r/${elsewhere}`);
    await bench.decide(elsewhere, { decision: "rejected", note: "From the CLI." });
    assert.match(
      await text(page, "[data-testid=decided]"),
      /Rejected by a reviewer[^]*From the CLI/,
    );
    const expiring = await ask({ ...LOW, expiresAt: "2026-11-23T10:05:00Z" });
    await page.locator(`[data-id="${expiring}"]`).click();
    await page.getByTestId("approve").waitFor();
    await bench.pass(300_000);
    await page.getByTestId("decided").waitFor();
    const shown = await text(page, "[data-testid=decided]");
    assert.match(shown, /Rejected because nobody answered in time/);
  });

  it("says so when somebody else decided the other way a moment earlier", async () => {
    const id = await ask();
    const page = await open(`/r/${id}`);
    tolerated = /409 \(Conflict\)/;
    await page.route("**/decide", async (route) => {
      await bench.decide(id, { decision: "rejected" });
      await route.continue();
    });
    await page.getByTestId("approve").click();
    const told = page.getByTestId("decided").getByRole("alert");
    await told.waitFor();
    assert.equal(
      await told.innerText(),
      `${id} was rejected at 2026-11-23T10:00:00.000Z by a reviewer; it cannot be approved now.`,
    );
  });

  it("tells that the connection is lost and goes on when the emulator is back", async () => {
    const folder = mkdtempSync(join(tmpdir(), "inbox-"));
    await bench.stop();
    bench = new Bench({ dataFile: join(folder, "data.sqlite") });
    await bench.start();
    const { port } = bench.emulator;
    tolerated = /ERR_/;
    const page = await open();
    await bench.stop();
    await page.getByText("Reconnecting…").waitFor();
    bench = new Bench({ dataFile: join(folder, "data.sqlite"), port });
    await bench.start();
    await live(page);
    await ask();
    await page.getByTestId("inbox-item").waitFor();
    rmSync(folder, { recursive: true });
  });

  it("names runbook, service, incident and priority in the list, before what anybody wrote", async () => {
    await ask(HIGH);
    await ask(LOW);
    const page = await open();
    await page.getByTestId("inbox-item").nth(1).waitFor();
    const row = page.locator(".item", { has: page.getByTestId("item-subject") });
    const { runbook, service, incident_id: incident, severity } = SAMPLE.details;
    assert.equal(
      await row.getByTestId("item-subject").innerText(),
      `${runbook} · ${service} · ${incident} · ${severity}`,
    );
    const whole = await row.innerText();
    assert.ok(whole.indexOf(runbook) < whole.indexOf(SAMPLE.summary));
    // A request that names nothing of it is told by its summary.
    const other = page.locator(".item", { hasNot: page.getByTestId("item-subject") });
    assert.equal(await other.locator(".item-summary").innerText(), LOW.summary);
  });

  it("goes on with the next pending request after a decision", async () => {
    for (const name of ["one", "two", "three"]) {
      await ask({ ...LOW, summary: `Restart ${name}` });
    }
    const page = await open();
    const items = page.getByTestId("inbox-item");
    await items.nth(2).waitFor();
    const ids: (string | null)[] = [];
    for (const item of await items.all()) {
      ids.push(await item.getAttribute("data-id"));
    }
    const current = () => page.locator(".item[aria-current]").getAttribute("data-id");
    const decide = async () => {
      await page.getByTestId("approve").click();
      await page.locator("#result").waitFor();
    };
    await items.nth(1).click();
    await decide();
    assert.equal(await current(), ids[1]);
    await page.keyboard.press("j");
    await page.getByTestId("approve").waitFor();
    assert.equal(await current(), ids[2]);
    await decide();
    await page.keyboard.press("j");
    await page.getByTestId("approve").waitFor();
    assert.equal(await current(), ids[0]);
  });

  it("says that a request is unknown", async () => {
    tolerated = /404 \(Not Found\)/;
    const page = await open("/r/req_unknown");
    assert.equal(await text(page, ".nothing h2"), "There is no such request");
  });

  for (const colorScheme of ["light", "dark"] as const) {
    it(`fits a phone of 360 px, list first, in ${colorScheme}`, async () => {
      const id = await ask({ ...HIGH, summary: `Long ${"x".repeat(200)}` });
      const page = await open("/", { viewport: { width: 360, height: 740 }, colorScheme });
      const fits = () => page.evaluate("document.documentElement.scrollWidth <= innerWidth");
      assert.equal(await page.locator("#detail").isVisible(), false);
      assert.equal(await fits(), true);
      await page.getByTestId("inbox-item").click();
      await page.getByTestId("approve").waitFor();
      assert.equal(new URL(page.url()).pathname, `/r/${id}`);
      assert.equal(await fits(), true);
      for (const name of ["approve", "reject"]) {
        const box = await page.getByTestId(name).boundingBox();
        assert.ok(box !== null && box.height >= 44 && box.y + box.height <= 740, name);
      }
      await page.goBack();
      await page.getByTestId("inbox-item").waitFor();
      assert.equal(await page.locator("#detail").isVisible(), false);
    });
  }

  it("allows no inline script, no other origin and no framing", async () => {
    const answer = await fetch(bench.emulator.url);
    assert.equal(
      answer.headers.get("content-security-policy"),
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
    assert.doesNotMatch(await answer.text(), /<script(?![^>]*src=)|<style|\sstyle=|\son\w+=/);
  });
});
