import { existsSync } from "node:fs";
import { chromium } from "playwright-core";
import type { Browser } from "playwright-core";

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

/** Why a page test is skipped where this finds no browser. */
export const NO_CHROMIUM =
  "skipped: no Chromium (set CHROMIUM_PATH, or install it in " + `${PLACES.join(", ")})`;

/** The browser that `CHROMIUM_PATH` names, else the system's; undefined when there is none. */
function findChromium(): string | undefined {
  const named = process.env["CHROMIUM_PATH"];
  const places = named === undefined || named === "" ? PLACES : [named];
  return places.find((place) => existsSync(place));
}

/** A headless browser, or undefined where there is none. */
export async function launchChromium(): Promise<Browser | undefined> {
  const executablePath = findChromium();
  if (executablePath === undefined) return undefined;
  return chromium.launch({ executablePath, args: ARGS });
}
