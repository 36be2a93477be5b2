import { maxTitleLength, titleMatches } from "../schema/titlePattern.ts";

/** How many texts are tried for one title, and kept for one part of a pattern. */
const MAX_TRIED = 2_000;
const MAX_KEPT = 6;
const MAX_REPEATED = 20;
/** Characters of which one is taken for a class such as `[^a-z]` or `\d`. */
const PALETTE = "a0A -_.:/,%#zZ9xX5(){}[]*+?!&=@'\"<>|~^$éßЖ中";
const COMMON = ["", "Incident", "x", "0", "!", "A b", "-"];

/**
 * A title in which all of the one patterns are found and none of the others; null: none was found, though there may be
 * one. Every title is tried out; how it came about does not matter.
 */
export function titleWith(found: readonly string[], absent: readonly string[]): string | null {
  const samples = found.map((pattern) => samplesOf(pattern));
  let tried = 0;
  for (const title of joined(samples)) {
    if (++tried > MAX_TRIED) return null;
    if (title.length > maxTitleLength) continue;
    if (!found.every((pattern) => titleMatches(pattern, title))) continue;
    if (absent.every((pattern) => !titleMatches(pattern, title))) return title;
  }
  return null;
}

/** Each sample alone, then one of each behind one another, in either order. */
function* joined(samples: readonly (readonly string[])[]): Generator<string> {
  if (samples.length === 0) {
    yield* COMMON;
    return;
  }
  for (const text of samples.flat()) yield* [text, `${text} x`, `x ${text}`, `x ${text} x`];
  for (const order of [samples, [...samples].reverse()]) {
    for (const texts of choices(order)) {
      yield texts.join(" ");
      yield texts.join("");
    }
  }
}

function* choices(lists: readonly (readonly string[])[]): Generator<string[]> {
  const [first, ...rest] = lists;
  if (first === undefined) {
    yield [];
    return;
  }
  for (const text of first) {
    for (const others of choices(rest)) yield [text, ...others];
  }
}

/** Texts that the pattern may match; not all of them do, because of anchors and flags. */
function samplesOf(pattern: string): string[] {
  const reader = new PatternReader(pattern);
  return reader.alternatives();
}

/** Reads as much of a regular expression as it takes to write down texts that it matches. */
class PatternReader {
  readonly #pattern: string;
  #at = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  alternatives(): string[] {
    const all = [...this.#sequence()];
    while (this.#take("|")) all.push(...this.#sequence());
    return few(all);
  }

  #sequence(): string[] {
    let texts = [""];
    while (this.#at < this.#pattern.length && !this.#sees("|") && !this.#sees(")")) {
      const atoms = this.#repeated(this.#atom());
      texts = few(texts.flatMap((text) => atoms.map((atom) => text + atom)));
    }
    return texts;
  }

  #repeated(atoms: readonly string[]): string[] {
    let texts = [...atoms];
    for (;;) {
      const found = /^(?:[*+?]|\{(\d+)(?:,(\d*))?\})\??/.exec(this.#pattern.slice(this.#at));
      if (found === null) return texts;
      this.#at += found[0].length;
      const least = found[1] === undefined ? (found[0].startsWith("+") ? 1 : 0) : Number(found[1]);
      const times = texts.map((text) => text.repeat(Math.min(Math.max(least, 1), MAX_REPEATED)));
      texts = least === 0 ? few([...times, ""]) : few(times);
    }
  }

  #atom(): string[] {
    if (this.#take("(")) {
      this.#skip(/^\?(?:P?<\w+>|[a-zA-Z-]*:?)/);
      const inside = this.alternatives();
      this.#take(")");
      return inside;
    }
    if (this.#skip(/^(?:\^|\$|\\[AzbB])/) !== null) return [""];
    const quoted = this.#skip(/^\\Q(?:(?!\\E)[\s\S])*(?:\\E)?/);
    if (quoted !== null) return [quoted.replace(/^\\Q/, "").replace(/\\E$/, "")];
    const several =
      this.#skip(/^\[\^?\]?(?:\[:\^?\w+:\]|\\[\s\S]|[^\]\\])*\]/) ??
      this.#skip(
        /^\\(?:[pP](?:\{\^?\w+\}|\w)|x\{[0-9A-Fa-f]+\}|x[0-9A-Fa-f]{2}|[0-7]{1,3}|[a-zA-Z])/,
      ) ??
      this.#skip(/^\./);
    if (several !== null) {
      const fitting = [...PALETTE].filter((one) => isOneOf(several, one));
      return fitting.slice(0, 2);
    }
    const escaped = this.#skip(/^\\[\s\S]/);
    return [escaped === null ? (this.#skip(/^[\s\S]/u) ?? "") : escaped.slice(1)];
  }

  #sees(text: string): boolean {
    return this.#pattern.startsWith(text, this.#at);
  }

  #take(text: string): boolean {
    if (!this.#sees(text)) return false;
    this.#at += text.length;
    return true;
  }

  #skip(what: RegExp): string | null {
    const found = what.exec(this.#pattern.slice(this.#at));
    if (found === null) return null;
    this.#at += found[0].length;
    return found[0];
  }
}

function isOneOf(characters: string, one: string): boolean {
  try {
    return titleMatches(`^(?:${characters})$`, one);
  } catch {
    return false;
  }
}

function few(texts: readonly string[]): string[] {
  return [...new Set(texts)].slice(0, MAX_KEPT);
}
