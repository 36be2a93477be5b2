// Checks the page's colours as numbers; it does not show how they look.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const CSS = readFileSync(
  new URL("../../../emulators/cheqpoint/page/inbox.css", import.meta.url),
  "utf8",
);
/** Text colours with every ground that they stand on. */
const TEXT = {
  text: ["ground", "surface", "raised", "accent-soft", "good-soft", "bad-soft"],
  quiet: ["ground", "surface", "raised", "accent-soft"],
  accent: ["ground", "surface"],
  good: ["good-soft"],
  bad: ["bad-soft", "ground", "surface", "raised", "accent-soft"],
  warn: ["warn-soft", "ground"],
  "good-fill-text": ["good-fill"],
};
const EDGES = { "line-strong": ["surface", "ground"], focus: ["surface", "ground"] };

describe("Inbox page: colours", () => {
  const [light, dark] = [...CSS.matchAll(/:root \{([^}]*)\}/g)].map(
    ([, block]) =>
      new Map(
        [...(block ?? "").matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, k, v]) => [k, v]),
      ),
  );
  for (const [scheme, colours] of [
    ["light", light],
    ["dark", dark],
  ] as const) {
    it(`have the contrast of WCAG AA in ${scheme}`, () => {
      for (const [pairs, least] of [
        [TEXT, 4.5],
        [EDGES, 3],
      ] as const) {
        for (const [front, grounds] of Object.entries(pairs)) {
          for (const ground of grounds) {
            const found = contrast(colours?.get(front), colours?.get(ground));
            assert.ok(found >= least, `${front} on ${ground}: ${found.toFixed(2)}`);
          }
        }
      }
    });
  }
});

function contrast(a: string | undefined, b: string | undefined): number {
  const [dark = 0, bright = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (bright + 0.05) / (dark + 0.05);
}

function luminance(colour: string | undefined): number {
  assert.ok(colour !== undefined, "A colour is missing.");
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
