/**
 * What the gate says to people has one form wherever they read it: first its own lines, then the other voices, each named
 * by the gate, with a mark before every line of theirs. So no line of a proposer or reviewer can pass for the gate's.
 */

const MARK = "> ";

/** Somebody else's words: who says them, as the gate knows them, and the words marked line by line. */
export function quotation(voice: string, words: string): string {
  return `${voice}:\n${marked(words)}`;
}

/** Somebody else's words in a field that is named for them. */
export function marked(words: string): string {
  return words
    .split("\n")
    .map((line) => `${MARK}${line}`.trimEnd())
    .join("\n");
}

/** Somebody else's name for a thing: as it is where it can be nothing but a name, else quoted. */
export function asName(word: string): string {
  return /^[\w.:/-]+$/.test(word) ? word : inLine(word);
}

/** Somebody else's words inside one of the gate's lines: in one line, in quotation marks of its own. */
export function inLine(words: string): string {
  return `“${flat(words).replaceAll(/[“”]/g, '"')}”`;
}

/** A line of the gate's own stays one, whatever it repeats. */
export function flat(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, " ");
}

/** The gate's lines, then the voices; what is absent or empty is left out. */
export function told(
  lines: readonly (string | null | undefined)[],
  voices: readonly (string | null | undefined)[] = [],
): string {
  return [...present(lines).map(flat), ...present(voices)].join("\n");
}

function present(texts: readonly (string | null | undefined)[]): string[] {
  return texts.flatMap((text) =>
    text === null || text === undefined || text === "" ? [] : [text],
  );
}
