/** Control characters, unpaired surrogates and direction marks: with them a person sees another text than is there. */
const HIDDEN = /[\p{Cc}\p{Cs}\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu;

/** Of these, what a text of several lines may hold. */
export const LINES = "\n\t";

/** The first character that would mislead whoever reads the text, as "U+202E"; null: there is none. */
export function hiddenCharacter(text: string, allowed = ""): string | null {
  for (const [found] of text.matchAll(HIDDEN)) {
    if (!allowed.includes(found)) {
      return `U+${(found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
    }
  }
  return null;
}

/** The text with spaces for what would mislead its reader, where nobody could be told to mend it. */
export function printable(text: string, allowed = ""): string {
  return text.replace(HIDDEN, (found) => (allowed.includes(found) ? found : " "));
}
