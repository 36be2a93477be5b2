import { formatDuration } from "../functions/gate/text/duration.ts";
import { spelledOut } from "../functions/gate/text/printable.ts";

/** What others wrote, with everything spelled out that a terminal would not show as it is, or would obey. */
export function plain(value: unknown): string {
  return spelledOut(String(value), "\n");
}

/** As `plain`, in one line. */
export function oneLine(value: unknown): string {
  return plain(String(value).replace(/\s*\n\s*/g, " "));
}

/**
 * Columns as wide as their longest cell; lines are cut where the terminal ends.
 * @param remarks For each row what stands below it, in a line of its own; null: nothing.
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  columns: number | null = null,
  remarks: readonly (string | null)[] = [],
): string {
  const cells = [head, ...rows].map((row) => row.map(oneLine));
  const widths = head.map((_, index) => Math.max(...cells.map((row) => (row[index] ?? "").length)));
  return cells
    .flatMap((row, index) => {
      const line = row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
      const remark = remarks[index - 1] ?? null;
      return [line.trimEnd(), ...(remark === null ? [] : [`  ${oneLine(remark)}`])];
    })
    .map((line) =>
      columns !== null && line.length > columns ? `${line.slice(0, columns - 1)}…` : line,
    )
    .map((line) => `${line}\n`)
    .join("");
}

/** `name   value` lines; a value of several lines is indented. */
export function facts(entries: readonly (readonly [string, string | null])[]): string {
  const shown = entries.filter((entry): entry is readonly [string, string] => entry[1] !== null);
  const width = Math.max(0, ...shown.map(([name]) => name.length)) + 2;
  return shown
    .map(([name, value]) => {
      const lines = plain(value).split("\n");
      return lines
        .map((line, index) => `${(index === 0 ? name : "").padEnd(width)}${line}`.trimEnd())
        .map((line) => `${line}\n`)
        .join("");
    })
    .join("");
}

/** "2026-11-23 17:41:56Z". */
export function instant(iso: string): string {
  return iso.replace("T", " ").replace(/(\.\d+)?Z$/, "Z");
}

/** "in 3m12s", "2h ago". */
export function relative(iso: string, nowMs: number): string {
  const distance = Date.parse(iso) - nowMs;
  const text = formatDuration(Math.abs(distance));
  return text === "0s" ? "now" : distance > 0 ? `in ${text}` : `${text} ago`;
}

export function shortDigest(digest: string): string {
  return digest.replace(/^(sha256:[0-9a-f]{12})[0-9a-f]+$/, "$1…");
}

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** What a status means, in words. */
export function statusText(status: string): string {
  return (
    {
      awaitingDecision: "waits for a decision",
      ending: "ends",
    }[status] ?? status
  );
}
