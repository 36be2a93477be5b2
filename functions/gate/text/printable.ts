/**
 * What a reader does not see, takes for a space, or sees in another order, by Unicode's own properties: controls,
 * format and direction marks, unpaired surrogates, fillers, variation selectors, every separator but the space; and the
 * Braille pattern without a dot, which has none of these properties.
 */
const HIDDEN = String.raw`[[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\p{Cs}\p{Z}\u2800]--\x20]`;

const ANY_HIDDEN = new RegExp(HIDDEN, "v");

/** An emoji whole, with the joiners and selectors that it is made of; or what is hidden. */
const EMOJI_OR_HIDDEN = new RegExp(String.raw`\p{RGI_Emoji}|${HIDDEN}`, "gv");

const EMOJI = /^\p{RGI_Emoji}$/v;

/** The letters that tell the flags of regions apart: no emoji needs them where a text is to be read. */
const TAG = /[\u{E0000}-\u{E007F}]/gu;

/** Between words a space stands for these; whatever else is hidden is dropped, so that it parts no word. */
const SPACE = /[\t\n\v\f\r\u0085\p{Z}]/u;

/** Of these, what a text of several lines may hold. */
export const LINES = "\n\t";

/** The first character that would mislead whoever reads the text, as "U+202E"; null: there is none. */
export function hiddenCharacter(text: string, allowed = ""): string | null {
  let first: string | null = null;
  eachHidden(text, allowed, (found) => {
    first ??= codePoint(found);
    return found;
  });
  return first;
}

/** The text without what would mislead its reader, where nobody could be told to mend it. */
export function printable(text: string, allowed = ""): string {
  return eachHidden(text, allowed, (found) => (SPACE.test(found) ? " " : ""));
}

/** As `printable`, of several lines, however their ends are written. */
export function printableLines(text: string): string {
  return printable(text.replaceAll("\r\n", "\n"), LINES);
}

/** The text with its hidden characters spelled out, as "[U+202E]". */
export function spelledOut(text: string, allowed = ""): string {
  return eachHidden(text, allowed, (found) => `[${codePoint(found)}]`);
}

/** Why a text that somebody has typed is refused, to stand after the name of its field; null: it is not. */
export function hiddenProblem(text: string, allowed = ""): string | null {
  const found = hiddenCharacter(text, allowed);
  const besides = allowed === "" ? "" : " other than line breaks and tabs";
  return found === null
    ? null
    : `must be text without invisible and control characters${besides}, got ${found}`;
}

function eachHidden(text: string, allowed: string, replace: (found: string) => string): string {
  // Nearly every text: nothing to look at twice.
  if (!ANY_HIDDEN.test(text)) {
    return text;
  }
  return text.replace(EMOJI_OR_HIDDEN, (found) =>
    EMOJI.test(found)
      ? found.replace(TAG, replace)
      : allowed.includes(found)
        ? found
        : replace(found),
  );
}

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}
