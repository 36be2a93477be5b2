import { channel } from "node:diagnostics_channel";

/** One call to the account and what it was answered. */
export interface Exchange {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: Headers;
  /** The body that came in: parsed, or the text where it is not JSON. */
  sent: unknown;
  status: number;
  answered: unknown;
  /** Whether a fault that was asked for stands in place of the answer. */
  isFault: boolean;
}

/** Where every exchange is told, for whoever in this process compares them with PagerDuty's documents. */
export const EXCHANGES = "pagerduty-emulator/exchanges";

export const exchanges = channel(EXCHANGES);
