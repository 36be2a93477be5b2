import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { z } from "zod";
import type { Subject } from "../../functions/gate/gating/index.ts";
import { CliError } from "../errors.ts";

/** One proposal as the audit trail tells it, as far as it can be weighed again. */
export interface Recorded {
  service: string;
  serviceId: string;
  serviceName: string | null;
  facts: Subject;
  /** As the proposer passed them; null: they were not asked for. */
  passed: unknown;
  /** What the gating of that time said. */
  rule: string | null;
  decision: string;
  /** When a person decided, and how; null: nobody did. */
  human: { atMs: number; isYes: boolean } | null;
  /** Nobody decided in time. */
  isExpired: boolean;
  endedAtMs: number | null;
}

/** `withoutFacts`: an earlier release wrote it. `notWeighed`: it ended before the rules were looked at. */
export type HistoryItem = Recorded | "withoutFacts" | "notWeighed";

const facts = z.object({
  event: z.string().nullable(),
  action: z.string(),
  runbook: z.string(),
  proposer: z.string(),
  priority: z.string().nullable(),
  severity: z.string().nullable(),
  urgency: z.enum(["high", "low"]).nullable(),
  regions: z.array(z.string()),
  title: z.string(),
  atMs: z.number(),
});

const weighedData = z.object({
  service: z.string(),
  serviceId: z.string(),
  serviceName: z.string().nullable().default(null),
  facts,
  rule: z.string().nullable(),
  decision: z.string(),
});

const receivedData = z.object({ request: z.object({ parameters: z.unknown() }) });
const decisionData = z.object({ by: z.string() });
const eventLine = z.object({
  kind: z.string(),
  proposalId: z.string().optional(),
  atMs: z.number().optional(),
  type: z.string().optional(),
  data: z.record(z.string(), z.unknown()).optional(),
});

export interface TrailEvent {
  type: string;
  atMs: number;
  data: Readonly<Record<string, unknown>>;
}

/** What one proposal's events tell. `passed`: whether what the proposer passed is looked at. */
export function itemOf(events: readonly TrailEvent[]): HistoryItem {
  let found: z.infer<typeof weighedData> | null = null;
  let isWeighed = false;
  let passed: unknown = null;
  let human: Recorded["human"] = null;
  let isExpired = false;
  let endedAtMs: number | null = null;
  for (const { type, atMs, data } of events) {
    if (type === "proposal.weighed") {
      isWeighed = true;
      found = weighedData.safeParse(data).data ?? null;
    } else if (type === "proposal.received") {
      passed = receivedData.safeParse(data).data?.request.parameters ?? null;
    } else if (type.startsWith("outcome.")) {
      endedAtMs = atMs;
    } else if (type.startsWith("decision.")) {
      const by = decisionData.safeParse(data).data?.by;
      if (by === "human") human ??= { atMs, isYes: type === "decision.approved" };
      if (by === "onExpiry" || type === "decision.expired") isExpired = true;
    }
  }
  if (found === null) return isWeighed ? "withoutFacts" : "notWeighed";
  return { ...found, passed, human, isExpired, endedAtMs };
}

const AGAIN = "write one with `gate audit export --out audit.jsonl`";
const CHUNK = 1 << 20;
const NEWLINE = 0x0a;
/** How an export writes an event; of one that is of no interest nothing else is read. */
const HEAD = /^\{"kind":"event","proposalId":"([^"\\]*)","seq":\d+,"atMs":\d+,"type":"([\w.]+)"/;
const HEAD_BYTES = 200;

/**
 * Reads an export of the audit trail, a piece at a time, and hands on proposal after proposal. Only what the bill needs is
 * read of each; `withParameters`: also what was passed.
 */
export function readHistory(
  path: string,
  withParameters: boolean,
  take: (item: HistoryItem) => void,
): void {
  let id: string | null = null;
  let events: TrailEvent[] = [];
  const flush = (): void => {
    if (id !== null) take(itemOf(events));
    id = null;
    events = [];
  };
  const begin = (other: string): void => {
    if (other === id) return;
    flush();
    id = other;
  };
  let number = 0;
  let isExport = false;
  let hasEnd = false;
  eachLine(path, (bytes) => {
    number += 1;
    if (bytes.length === 0) return;
    const head = HEAD.exec(bytes.toString("latin1", 0, Math.min(HEAD_BYTES, bytes.length)));
    const [, subject, type] = head ?? [];
    if (subject !== undefined && type !== undefined && !isWanted(type, withParameters)) {
      if (type === "proposal.received") begin(subject);
      return;
    }
    const line = parsed(bytes, path, number);
    if (number === 1) isExport = line.kind === "export";
    if (!isExport) throw noExport(path, number);
    hasEnd = line.kind === "end";
    if (line.kind !== "event" || line.type === undefined || line.proposalId === undefined) return;
    if (!isWanted(line.type, true)) return;
    begin(line.proposalId);
    events.push({ type: line.type, atMs: line.atMs ?? 0, data: line.data ?? {} });
  });
  flush();
  if (number === 0) throw noExport(path, 1);
  if (!hasEnd) {
    // What is left would pass for all that was proposed.
    throw new CliError(`${path} is cut off: the line that ends an export is missing`, {
      hint: AGAIN,
    });
  }
}

function isWanted(type: string, withParameters: boolean): boolean {
  return (
    type === "proposal.weighed" ||
    type.startsWith("decision.") ||
    type.startsWith("outcome.") ||
    (withParameters && type === "proposal.received")
  );
}

function parsed(bytes: Buffer, path: string, number: number): z.infer<typeof eventLine> {
  try {
    return eventLine.parse(JSON.parse(bytes.toString("utf8")));
  } catch {
    throw noExport(path, number);
  }
}

function noExport(path: string, number: number): CliError {
  return new CliError(`${path}, line ${number}: no line of an audit export`, {
    hint: AGAIN,
  });
}

function eachLine(path: string, take: (line: Buffer) => void): void {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    throw new CliError(`there is no file ${path} that can be read`);
  }
  try {
    if (fstatSync(file).isDirectory()) throw new CliError(`${path} is a folder, not a file`);
    const chunk = Buffer.alloc(CHUNK);
    let rest: Buffer = Buffer.alloc(0);
    for (;;) {
      const length = readSync(file, chunk, 0, CHUNK, null);
      if (length === 0) break;
      let from = 0;
      for (;;) {
        const to = chunk.indexOf(NEWLINE, from);
        if (to < 0 || to >= length) break;
        const line = chunk.subarray(from, to);
        take(rest.length === 0 ? line : Buffer.concat([rest, line]));
        rest = Buffer.alloc(0);
        from = to + 1;
      }
      if (from < length) rest = Buffer.concat([rest, chunk.subarray(from, length)]);
    }
    if (rest.length > 0) take(rest);
  } finally {
    closeSync(file);
  }
}
