import { spelledOut } from "../../text/printable.ts";
import type { Problem } from "./errors.ts";

/** Keys and indexes from the root of the gating. */
export type Path = readonly (string | number)[];

/** Collects what is wrong, each as one line that begins with the service and rule it is about. */
export class Report {
  readonly problems: Problem[] = [];
  readonly #labels = new Map<string, string>();
  readonly #whole: string;

  /** @param whole What the file as a whole is called. */
  constructor(whole = "gating") {
    this.#whole = whole;
  }

  /** Shows `name` in brackets after the place, in every problem inside it. */
  label(at: Path, name: string): void {
    this.#labels.set(placeOf(at), name);
  }

  /** A problem of the field at `at`. */
  field(at: Path, text: string): void {
    if (at.length === 0) {
      this.whole(at, text);
      return;
    }
    const depth = unitDepth(at);
    const place = this.#place(at.slice(0, depth));
    this.problems.push({
      path: placeOf(at),
      message: `${place}: \`${placeOf(at.slice(depth))}\` ${text}`,
    });
  }

  /** A text or key with a hidden character; where something else is wrong with it, that is told already. */
  hidden(at: Path, found: string): void {
    if (this.problems.some(({ path }) => path === placeOf(at))) return;
    this.field(
      at,
      `must be text without invisible and control characters, got ${found}; in double quotes YAML makes such a character of an escape like \`\\b\`: write it in single quotes`,
    );
  }

  /** A problem of the whole rule, runbook or service at `at`. */
  whole(at: Path, text: string): void {
    this.problems.push({ path: placeOf(at), message: `${this.#place(at)}: ${text}` });
  }

  #place(at: Path): string {
    const place = at.length === 0 ? this.#whole : placeOf(at);
    const name = this.#labels.get(place);
    return name === undefined ? place : `${place} (${name})`;
  }
}

/** Path segments as they are read: `services.payments-db.rules[2].match.priority[0]`. */
function placeOf(at: Path): string {
  return at.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    if (!/^[A-Za-z0-9_-]{1,100}$/.test(key))
      return `${text}[${JSON.stringify(spelledOut(key.slice(0, 100)))}]`;
    return text === "" ? key : `${text}.${key}`;
  }, "");
}

/** How many segments name the thing that a reader looks for; the rest names a field in it. */
function unitDepth(at: Path): number {
  const start = at[0] === "services" ? 2 : at[0] === "defaults" ? 1 : 0;
  const isListed = ["rules", "runbooks", "cases"].some((list) => at[start] === list);
  const depth = isListed && at.length > start + 2 ? start + 2 : start;
  return at.length > depth ? depth : Math.max(0, at.length - 1);
}
