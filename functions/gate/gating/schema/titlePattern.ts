import { RE2JS } from "re2js";

/** Longest title pattern that is accepted. */
export const maxPatternLength = 200;
/** How much of an incident's title is looked at. */
export const maxTitleLength = 1024;
/** RE2's work grows with title length times program size; both are bounded. */
const MAX_PROGRAM = 1000;

/**
 * Title patterns are compiled by RE2, which matches in time linear in the title by construction:
 * it has neither back-references nor look-around, and no pattern makes it backtrack.
 */
type Compiled = { ok: true; pattern: RE2JS } | { ok: false; reason: string };

/** Why the pattern cannot be used; null: it can. */
export function patternProblem(pattern: string): string | null {
  const compiled = compile(pattern);
  return compiled.ok ? null : compiled.reason;
}

/** Whether the pattern is found anywhere in the first 1024 characters of the title. */
export function titleMatches(pattern: string, title: string): boolean {
  const compiled = compile(pattern);
  if (!compiled.ok) throw new Error(`title pattern ${compiled.reason}`);
  return compiled.pattern.matcher(title.slice(0, maxTitleLength)).find();
}

const compiledPatterns = new Map<string, Compiled>();
const MAX_KEPT = 1000;

function compile(pattern: string): Compiled {
  const kept = compiledPatterns.get(pattern);
  if (kept !== undefined) return kept;
  const compiled = compileNow(pattern);
  if (compiledPatterns.size >= MAX_KEPT) compiledPatterns.clear();
  compiledPatterns.set(pattern, compiled);
  return compiled;
}

function compileNow(pattern: string): Compiled {
  if (pattern === "") {
    return { ok: false, reason: "must not be empty, or every title matches: leave it out" };
  }
  if (pattern.length > maxPatternLength) {
    return { ok: false, reason: `must have at most ${maxPatternLength} characters` };
  }
  try {
    const compiled = RE2JS.compile(pattern);
    return compiled.programSize() > MAX_PROGRAM
      ? { ok: false, reason: "must be simpler: its repetitions multiply to a very large pattern" }
      : { ok: true, pattern: compiled };
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    // The cause repeats parts of the pattern, which may hold line breaks.
    const reason = cause.replace(/^error parsing regexp: /, "").replace(/\p{Cc}/gu, "?");
    return {
      ok: false,
      reason: `must be a regular expression of RE2, which has no back-references and no look-around (${reason})`,
    };
  }
}
