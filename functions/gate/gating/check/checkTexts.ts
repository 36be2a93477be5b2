import { hiddenCharacter, LINES } from "../../text/printable.ts";
import { isRecord } from "../schema/fields.ts";
import type { Path, Report } from "./report.ts";

/** Texts for people, which may have several lines. */
const OF_LINES = "description";

/**
 * Reports every text and key that holds what nobody sees, unless something else was said of it. Such a pattern never
 * matches, such a name is nobody's, and such a description shows reviewers another text than is there. In double quotes
 * YAML makes such characters of escapes: `"\\bledger"` begins with a backspace.
 */
export function checkTexts(value: unknown, at: Path, report: Report): void {
  if (typeof value === "string") {
    const found = hiddenCharacter(value, at.at(-1) === OF_LINES ? LINES : "");
    if (found !== null) report.hidden(at, found);
  } else if (Array.isArray(value)) {
    value.forEach((item, index) => {
      checkTexts(item, [...at, index], report);
    });
  } else if (isRecord(value)) {
    for (const [key, inside] of Object.entries(value)) {
      const found = hiddenCharacter(key);
      if (found !== null) report.hidden([...at, key], found);
      checkTexts(inside, [...at, key], report);
    }
  }
}
