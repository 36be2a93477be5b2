// Compares every call to PagerDuty's stand-in with PagerDuty's own document, in every test that starts one, in its
// process or in a child: what the stand-in answers, and what the gate's clients ask.
import { subscribe } from "node:diagnostics_channel";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { EXCHANGES, type Exchange } from "../../emulators/pagerduty/http/exchanges.ts";
import { isUndocumented } from "./deviations.ts";
import { VendorDocument } from "./document.ts";
import type { JsonObject } from "./jsonSchemas.ts";
import { RECORD_VARIABLE, read } from "./recorder.ts";

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
  subscribe(EXCHANGES, (message) => judge(message as Exchange, running));
}

function judge(exchange: Exchange, test: string): void {
  for (const problem of problemsOf(exchange)) {
    if (!found.has(problem)) {
      found.set(problem, test);
    }
  }
}

/** What child processes write down. */
const RECORD = join(tmpdir(), `pagerduty-exchanges-${process.pid}.jsonl`);

/** Environment of a child process whose stand-in for PagerDuty is to be compared as well. */
export function witnessed(record = RECORD): Record<string, string> {
  const recorder = pathToFileURL(join(import.meta.dirname, "recorder.ts"));
  return { NODE_OPTIONS: `--import ${recorder.href}`, [RECORD_VARIABLE]: record };
}

export function recorded(record = RECORD): Exchange[] {
  const lines = existsSync(record) ? readFileSync(record, "utf8").split("\n") : [];
  rmSync(record, { force: true });
  // The last line ends with a line break, unless the process was killed while it wrote.
  return lines.slice(0, -1).map(read);
}

/** Told at the end of a file, so that one problem does not hide the tests after it. */
export const mochaHooks = {
  beforeEach(this: Mocha.Context): void {
    running = this.currentTest?.fullTitle() ?? "";
  },
  afterAll(): void {
    const ofChildren = recorded();
    if (hasDocument) {
      ofChildren.forEach((exchange) => judge(exchange, "a child process"));
    }
    const told = [...found].map(([problem, test]) => `${problem}\n    first in: ${test}`);
    found.clear();
    if (told.length > 0) {
      throw new Error(
        `PagerDuty's own document (${DOCUMENT_FILE}) does not allow:\n  ${told.join("\n  ")}`,
      );
    }
  },
};
