import { chromium, type Browser, type Page } from "playwright-core";
import { existsSync } from "node:fs";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const ARGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const BLANK = "about:blank";

/** Why a page test is skipped where this finds no browser. */
export const NO_CHROMIUM =
  "skipped: no Chromium (set CHROMIUM_PATH, or install it in " + `${PLACES.join(", ")})`;

/** The browser that `CHROMIUM_PATH` names, else the system's; undefined when there is none. */
function findChromium(): string | undefined {
  const named = process.env["CHROMIUM_PATH"];
  const places = named === undefined || named === "" ? PLACES : [named];
  return places.find((place) => existsSync(place));
}

export interface TabOptions {
  /** UTC unless given. */
  timezoneId?: string;
  /** A desktop's unless given. */
  viewport?: { width: number; height: number };
  /** Light unless given. */
  colorScheme?: "light" | "dark";
}

interface Tab {
  page: Page;
  timezoneId: string;
  /** The only address that its page may ask. */
  origin: string;
}

/**
 * The tabs of one headless browser. A test that is through gives its tabs back for the next one, whose server has
 * another port and so another origin: opening a new one costs as much as everything else that a test does.
 */
export class Tabs {
  readonly #browser: Browser;
  #free: Tab[] = [];
  #used: Tab[] = [];
  #problems: string[] = [];

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** Undefined where there is no browser. */
  static async launch(): Promise<Tabs | undefined> {
    const executablePath = findChromium();
    if (executablePath === undefined) return undefined;
    return new Tabs(await chromium.launch({ executablePath, args: ARGS }));
  }

  async stop(): Promise<void> {
    await this.#browser.close();
  }

  async open(origin: string, path = "/", options: TabOptions = {}): Promise<Page> {
    const {
      timezoneId = "UTC",
      viewport = { width: 1280, height: 720 },
      colorScheme = "light",
    } = options;
    const free = this.#free.find((tab) => tab.timezoneId === timezoneId);
    this.#free = this.#free.filter((tab) => tab !== free);
    const tab = free ?? (await this.#add(timezoneId));
    this.#used.push(tab);
    tab.origin = origin;
    const { page } = tab;
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    await page.goto(origin + path);
    return page;
  }

  /** Leaves every page. Gives what went wrong on them: errors, and calls of other addresses than their own. */
  async leave(): Promise<string[]> {
    for (const tab of this.#used) {
      await tab.page.unrouteAll();
      await tab.page.goto(BLANK);
    }
    this.#free.push(...this.#used);
    this.#used = [];
    const problems = this.#problems;
    this.#problems = [];
    return problems;
  }

  async #add(timezoneId: string): Promise<Tab> {
    // A window of its own: of several tabs in one window only that in front is drawn in time.
    const context = await this.#browser.newContext({ timezoneId, locale: "en-GB" });
    context.setDefaultTimeout(15_000);
    const tab: Tab = { page: await context.newPage(), timezoneId, origin: BLANK };
    tab.page.on("pageerror", (error) => this.#problems.push(error.message));
    tab.page.on("console", (message) => {
      if (message.type() === "error") this.#problems.push(message.text());
    });
    tab.page.on("request", (request) => {
      const url = request.url();
      if (url !== BLANK && !url.startsWith(tab.origin)) this.#problems.push(url);
    });
    return tab;
  }
}
