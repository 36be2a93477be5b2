import type { Path, Report } from "./report.ts";
import { wrong } from "./read.ts";
import { show } from "../schema/show.ts";
import { instantOf, isLocalTime } from "../../text/localTime.ts";
import type { WindowInput } from "../schema/windowSchema.ts";

/** Reports what is wrong across the fields of one window. */
export function checkWindow(window: WindowInput, at: Path, report: Report): void {
  const weekly = (["days", "from", "to"] as const).filter((key) => window[key] !== undefined);
  const single = (["start", "end"] as const).filter((key) => window[key] !== undefined);
  if (weekly.length > 0 && single.length > 0) {
    report.field(
      at,
      `must be either weekly (\`days\`, \`from\`, \`to\`) or one stretch (\`start\`, \`end\`), got ${[...weekly, ...single].map((key) => `\`${key}\``).join(" and ")}`,
    );
  } else if (weekly.length === 0 && single.length === 0) {
    report.field(
      at,
      "must say when: `days`, `from` and `to` for every week, or `start` and `end`, got only `timeZone`",
    );
  } else if (single.length > 0) {
    checkStretch(window, at, report);
  } else if ((window.from ?? "00:00") === window.to) {
    report.field(
      [...at, "to"],
      `must differ from \`from\`, or the window is empty (a whole day is written "00:00" to "24:00"), got ${show(window.to)} for both`,
    );
  }
}

function checkStretch(window: WindowInput, at: Path, report: Report): void {
  let isWhole = true;
  for (const key of ["start", "end"] as const) {
    const text = window[key];
    if (text !== undefined && isLocalTime(text)) continue;
    report.field([...at, key], wrong("must be a day that the calendar has", text));
    isWhole = false;
  }
  const { start, end, timeZone } = window;
  if (!isWhole || start === undefined || end === undefined) return;
  if (instantOf(start, timeZone) >= instantOf(end, timeZone)) {
    report.field(
      [...at, "end"],
      `must be later than \`start\` (${show(start)}), or the window is empty, got ${show(end)}`,
    );
  }
}
