import type { Problem } from "../check/errors.ts";
import { reader } from "../check/read.ts";
import { Report } from "../check/report.ts";
import type { Path } from "../check/report.ts";
import { isRecord } from "../schema/fields.ts";
import { show } from "../schema/show.ts";
import { caseReader, casesShell } from "./caseSchema.ts";
import type { CaseInput } from "./caseSchema.ts";

/** A file with cases that was refused, with everything that is wrong with it. */
export class CasesError extends Error {
  override readonly name = "CasesError";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const lines = problems.map((problem) => problem.message);
    super(
      lines.length === 1
        ? lines.join("")
        : `${lines.length} problems in the cases:\n${lines.map((line) => `- ${line}`).join("\n")}`,
    );
    this.problems = problems;
  }
}

export interface Case extends CaseInput {
  atMs: number;
}

export interface Cases {
  /** The gating file, as it is written; null: it is not. */
  gating: string | null;
  cases: Case[];
}

type Fields = { [Key in keyof CaseInput]?: CaseInput[Key] | undefined };

const readFile = reader(casesShell);
const readOne = reader(caseReader);

/** Reads the content of a file with cases; throws a {@link CasesError} with everything that is wrong. */
export function parseCases(input: unknown): Cases {
  const report = new Report("cases");
  const reading = readFile(input, [], report);
  const at = reading?.fields.at;
  const names = new Map<string, number>();
  const cases = (reading?.fields.cases ?? []).flatMap((raw, index): Case[] => {
    const where = ["cases", index];
    if (isRecord(raw) && typeof raw["name"] === "string") report.label(where, raw["name"]);
    const before = report.problems.length;
    const one = readOne(raw, where, report);
    const fields = one?.fields;
    const { name, service, expect } = fields ?? {};
    if (fields === undefined) return [];
    checkName(name, index, names, where, report);
    const moment = fields.at ?? at;
    // What is wrong by itself says nothing about what stands beside it.
    if (!["proposal", "event", "expect"].some((key) => one?.broken.has(key))) {
      checkAcross(fields, where, report);
    }
    const isWrong = (one?.broken.has("at") ?? false) || (reading?.broken.has("at") ?? false);
    if (moment === undefined && !isWrong) {
      report.field(
        [...where, "at"],
        "is required where the file has none, and must be a time with its offset",
      );
    }
    if (
      report.problems.length > before ||
      name === undefined ||
      service === undefined ||
      expect === undefined ||
      moment === undefined
    ) {
      return [];
    }
    return [{ ...fields, name, service, expect, atMs: Date.parse(moment) }];
  });
  if (report.problems.length > 0) throw new CasesError(report.problems);
  return { gating: reading?.fields.gating ?? null, cases };
}

function checkName(
  name: string | undefined,
  index: number,
  names: Map<string, number>,
  at: Path,
  report: Report,
): void {
  if (name === undefined) return;
  const earlier = names.get(name);
  if (earlier === undefined) {
    names.set(name, index);
    return;
  }
  report.field(
    [...at, "name"],
    `must be unique in the file, got ${show(name)}, which cases[${earlier}] has already`,
  );
}

function checkAcross({ proposal, event, expect }: Fields, at: Path, report: Report): void {
  if ((proposal === undefined) === (event === undefined)) {
    const got = proposal === undefined ? "neither" : "both";
    report.whole(at, `must have either \`proposal\` or \`event\`, got ${got}`);
  }
  if (expect === undefined) return;
  if (expect.proposes !== undefined && event === undefined) {
    report.field(
      [...at, "expect", "proposes"],
      `must stand with \`event\`, got ${show(expect.proposes)} without it`,
    );
  }
  const others = Object.keys(expect).filter((key) => key !== "proposes");
  if (expect.proposes === null && others.length > 0) {
    report.field(
      [...at, "expect"],
      `must hold nothing beside \`proposes: null\`: what is not proposed is not answered, got ${others.map((key) => `\`${key}\``).join(", ")}`,
    );
  }
  if (expect.decision === undefined && expect.proposes !== null) {
    report.field(
      [...at, "expect", "decision"],
      "is required and must be allow, deny or requireApproval",
    );
  }
}
