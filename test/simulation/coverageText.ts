import { REMOTE_FAULTS, STORE_FAULTS } from "./engine/faults.ts";
import { DEEDS } from "./plan.ts";

export const STATES = [
  "received",
  "awaitingDecision",
  "approved",
  "executing",
  "running",
  "ending",
] as const;

/** How often each state met each event and each fault; a dot is what no history has reached. */
export function coverageText(counts: Readonly<Record<string, number>>): string {
  const rows = new Map<string, Map<string, number>>(
    [
      ...DEEDS.map((deed) => `event ${deed}`),
      ...[...REMOTE_FAULTS, ...STORE_FAULTS].map((fault) => `fault ${fault}`),
    ].map((row) => [row, new Map<string, number>()]),
  );
  for (const [key, count] of Object.entries(counts)) {
    const [state = "", event = "", fault = ""] = key.split(" × ");
    const row = fault === "none" ? `event ${event}` : `fault ${fault}`;
    const cells = rows.get(row) ?? new Map<string, number>();
    cells.set(state, (cells.get(state) ?? 0) + count);
    rows.set(row, cells);
  }
  const width = Math.max(0, ...[...rows.keys()].map(({ length }) => length));
  const lines = [...rows]
    .sort(([one], [other]) => one.localeCompare(other))
    .map(
      ([row, cells]) =>
        `${row.padEnd(width)}  ${STATES.map((state) => String(cells.get(state) ?? "·").padStart(state.length)).join("  ")}`,
    );
  const triples = Object.keys(counts).length;
  const never = [...rows].flatMap(([row, cells]) => (cells.size === 0 ? [row] : []));
  return [
    `${triples} different triples of state, place and fault or event:`,
    `${"".padEnd(width)}  ${STATES.join("  ")}`,
    ...lines,
    `Never met while a proposal was open: ${never.length === 0 ? "nothing" : never.join(", ")}.`,
  ].join("\n");
}
