// Compares every call to PagerDuty's stand-in with PagerDuty's own document, in every test that starts one in its
// process: what the stand-in answers, and what the gate's clients ask.
import { subscribe } from "node:diagnostics_channel";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { EXCHANGES, type Exchange } from "../../emulators/pagerduty/http/exchanges.ts";
import { isUndocumented } from "./deviations.ts";
import { VendorDocument } from "./document.ts";
import type { JsonObject } from "./jsonSchemas.ts";

const DIRECTORY = process.env["VENDOR_DIR"] ?? join(import.meta.dirname, "../../../shared/vendor");

/** PagerDuty's file: never part of the project. */
export const DOCUMENT_FILE = join(DIRECTORY, "pagerduty-openapi.json");
export const hasDocument = existsSync(DOCUMENT_FILE);

/** What gate, provider and doctor call themselves. */
const OF_THE_GATE = /^pagerduty-approval-gate(\/|$)/;

const found = new Map<string, string>();
let running = "";
let opened: VendorDocument | undefined;

export function published(): JsonObject {
  return JSON.parse(readFileSync(DOCUMENT_FILE, "utf8")) as JsonObject;
}

export function vendorDocument(): VendorDocument {
  opened ??= new VendorDocument(published());
  return opened;
}

/** What PagerDuty's document does not allow of a call; nothing for what is not its own to say. */
export function problemsOf(exchange: Exchange): string[] {
  if (isUndocumented(exchange)) {
    return [];
  }
  const document = vendorDocument();
  const operation = document.operation(exchange);
  const name = operation ?? `${exchange.method} ${exchange.path}`;
  const isOfTheGate = OF_THE_GATE.test(exchange.headers.get("user-agent") ?? "");
  const asked = isOfTheGate ? document.problemsOfRequest(exchange) : [];
  const isNowhere = operation === null && exchange.status === 404;
  const answered = exchange.isFault || isNowhere ? [] : document.problemsOfAnswer(exchange);
  return [
    ...asked.map((problem) => `${name}, asked: ${problem}`),
    ...answered.map((problem) => `${name}, answered ${exchange.status}: ${problem}`),
  ];
}

if (hasDocument) {
  subscribe(EXCHANGES, (message) => {
    for (const problem of problemsOf(message as Exchange)) {
      if (!found.has(problem)) {
        found.set(problem, running);
      }
    }
  });
}

/** Told at the end of a file, so that one problem does not hide the tests after it. */
export const mochaHooks = {
  beforeEach(this: Mocha.Context): void {
    running = this.currentTest?.fullTitle() ?? "";
  },
  afterAll(): void {
    const told = [...found].map(([problem, test]) => `${problem}\n    first in: ${test}`);
    found.clear();
    if (told.length > 0) {
      throw new Error(
        `PagerDuty's own document (${DOCUMENT_FILE}) does not allow:\n  ${told.join("\n  ")}`,
      );
    }
  },
};
