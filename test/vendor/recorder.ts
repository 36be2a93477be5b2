// Loaded before anything else in a child process of the tests: writes down every exchange of a stand-in for PagerDuty
// that runs there, for the witness of the process that started it.
import { subscribe } from "node:diagnostics_channel";
import { appendFileSync } from "node:fs";
import { EXCHANGES, type Exchange } from "../../emulators/pagerduty/http/exchanges.ts";

/** One line of the record. */
export type RecordedExchange = Omit<Exchange, "query" | "headers"> & {
  query: string;
  headers: [string, string][];
};

export const RECORD_VARIABLE = "PAGERDUTY_EXCHANGES_FILE";

const file = process.env[RECORD_VARIABLE];
if (file !== undefined) {
  subscribe(EXCHANGES, (message) => {
    const exchange = message as Exchange;
    const line: RecordedExchange = {
      ...exchange,
      query: exchange.query.toString(),
      headers: [...exchange.headers],
    };
    // At once: the process may be killed.
    appendFileSync(file, `${JSON.stringify(line)}\n`);
  });
}

export function read(line: string): Exchange {
  const recorded = JSON.parse(line) as RecordedExchange;
  return {
    ...recorded,
    // What was undefined is left out of JSON.
    sent: recorded.sent,
    answered: recorded.answered,
    query: new URLSearchParams(recorded.query),
    headers: new Headers(recorded.headers),
  };
}
