import { LINES, spelledOut } from "../../text/printable.ts";

const MAX_SHOWN = 60;

/** A value as an error tells it: short, on one line, never the inside of an object. */
export function show(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null (an empty key)";
  if (typeof value === "string") return quote(value);
  if (Array.isArray(value)) {
    return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  }
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** Text in double quotes, cut where it is long, with what nobody would see spelled out. */
export function quote(text: string): string {
  const shown = JSON.stringify(spelledOut(text.slice(0, MAX_SHOWN), LINES));
  return text.length <= MAX_SHOWN ? shown : `${shown}… (${text.length} characters)`;
}

/** "a", "a or b", "a, b or c", quoted; only the first few of many. */
export function anyOf(words: readonly string[], most = 8): string {
  const rest = words.length - most;
  return alternatives([...words.slice(0, most).map(quote), ...(rest > 0 ? [`${rest} more`] : [])]);
}

/** "a", "a or b", "a, b or c". */
export function alternatives(words: readonly string[]): string {
  return words.length < 2
    ? words.join("")
    : `${words.slice(0, -1).join(", ")} or ${words.at(-1) ?? ""}`;
}

/** "; did you mean `x`?" when one of the candidates is close to what was written, else "". */
export function didYouMean(written: string, candidates: readonly string[]): string {
  const found = closest(written, candidates);
  return found === null ? "" : `; did you mean \`${found}\`?`;
}

/** The candidate within a third of its letters of `written`; null: none is that close. */
export function closest(written: string, candidates: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const allowed = Math.floor(candidate.length / 3);
    if (Math.abs(candidate.length - written.length) > allowed) continue;
    const distance = editDistance(written.toLowerCase(), candidate.toLowerCase());
    if (distance <= allowed && distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(least);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
