import assert from "node:assert/strict";
import {
  hiddenCharacter,
  hiddenProblem,
  LINES,
  printable,
  printableLines,
  spelledOut,
} from "../../../functions/gate/text/printable.ts";

/** What a reader does not see, or takes for a space, and what is left where nobody could be told to mend it. */
const HIDDEN: readonly (readonly [name: string, character: string, left: string])[] = [
  ["null", "\u0000", ""],
  ["bell", "\u0007", ""],
  ["backspace", "\b", ""],
  ["escape", "\u001B", ""],
  ["C1 control", "\u009B", ""],
  ["line feed", "\n", " "],
  ["carriage return", "\r", " "],
  ["tab", "\t", " "],
  ["next line", "\u0085", " "],
  ["no-break space", "\u00A0", " "],
  ["narrow no-break space", "\u202F", " "],
  ["ideographic space", "\u3000", " "],
  ["line separator", "\u2028", " "],
  ["paragraph separator", "\u2029", " "],
  ["soft hyphen", "\u00AD", ""],
  ["combining grapheme joiner", "\u034F", ""],
  ["Arabic letter mark", "\u061C", ""],
  ["Hangul choseong filler", "\u115F", ""],
  ["Hangul jungseong filler", "\u1160", ""],
  ["Khmer inherent vowel", "\u17B4", ""],
  ["Mongolian vowel separator", "\u180E", ""],
  ["zero width space", "\u200B", ""],
  ["zero width non-joiner", "\u200C", ""],
  ["zero width joiner", "\u200D", ""],
  ["left-to-right mark", "\u200E", ""],
  ["right-to-left mark", "\u200F", ""],
  ["right-to-left override", "\u202E", ""],
  ["word joiner", "\u2060", ""],
  ["invisible times", "\u2062", ""],
  ["isolate", "\u2066", ""],
  ["inhibit symmetric swapping", "\u206A", ""],
  ["Braille blank", "\u2800", ""],
  ["Hangul filler", "\u3164", ""],
  ["variation selector 16", "\uFE0F", ""],
  ["byte order mark", "\uFEFF", ""],
  ["halfwidth Hangul filler", "\uFFA0", ""],
  ["interlinear annotation", "\uFFF9", ""],
  ["musical beam", "\u{1D173}", ""],
  ["tag letter", "\u{E0041}", ""],
  ["variation selector 17", "\u{E0100}", ""],
  ["unpaired surrogate", "\uD83D", ""],
];

/** What everybody sees as it is. */
const VISIBLE: readonly string[] = [
  "Primary DB CPU at 98 % — “why?”",
  "Ångström, naïve, é",
  "データベース障害",
  "قاعدة البيانات",
  "फ़ेलओवर",
  "1️⃣ ❤️ ☎️ 👩‍💻 🏳️‍🌈 👍🏽 🇩🇪",
];

describe("printable", () => {
  for (const [name, character, left] of HIDDEN) {
    it(`tells a ${name}, and leaves ${JSON.stringify(left)} of it`, () => {
      const point = `U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0")}`;
      const text = `led${character}ger`;
      assert.equal(hiddenCharacter(text), point);
      assert.equal(printable(text), `led${left}ger`);
      assert.equal(spelledOut(text), `led[${point}]ger`);
      assert.equal(
        hiddenProblem(text),
        `must be text without invisible and control characters, got ${point}`,
      );
    });
  }

  for (const text of VISIBLE) {
    it(`leaves ${text} as it is`, () => {
      assert.equal(hiddenCharacter(text), null);
      assert.equal(printable(text), text);
      assert.equal(spelledOut(text), text);
      assert.equal(hiddenProblem(text), null);
    });
  }

  it("goes by what a character is, not by a list: every one that Unicode calls hidden is found", () => {
    const missed: string[] = [];
    for (let point = 0; point <= 0x10ffff; point += 1) {
      const character = String.fromCodePoint(point);
      const isHidden =
        /\p{Default_Ignorable_Code_Point}|\p{Cf}|\p{Cc}|\p{Cs}|\p{Z}/u.test(character) &&
        character !== " ";
      if (isHidden !== (hiddenCharacter(`a${character}b`) !== null) && point !== 0x2800) {
        missed.push(point.toString(16));
      }
    }
    assert.deepEqual(missed, []);
  });

  it("takes a joiner or a selector only as part of an emoji", () => {
    assert.equal(hiddenCharacter("👩‍💻"), null);
    assert.equal(hiddenCharacter("👩‍"), "U+200D");
    assert.equal(hiddenCharacter("‍💻"), "U+200D");
    assert.equal(hiddenCharacter("💻💻‍a"), "U+200D");
    assert.equal(hiddenCharacter("ledger\uFE0F"), "U+FE0F");
    assert.equal(printable("le👩‍💻d‍ger\uFE0F"), "le👩‍💻dger");
  });

  it("takes no text in flags for an emoji", () => {
    const flag = "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}";
    assert.equal(hiddenCharacter(flag), "U+E0067");
    assert.equal(printable(flag), "🏴");
  });

  it("allows line breaks and tabs where they are asked for", () => {
    assert.equal(hiddenCharacter("a\n\tb", LINES), null);
    assert.equal(hiddenCharacter("a\n\r\tb", LINES), "U+000D");
    assert.equal(printableLines("a\r\n\tb\u200Bc"), "a\n\tbc");
    assert.equal(
      hiddenProblem("a\u200Bb", LINES),
      "must be text without invisible and control characters other than line breaks and tabs, got U+200B",
    );
  });
});
