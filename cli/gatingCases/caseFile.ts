import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { parseDocument } from "yaml";
import {
  CasesError,
  gatingForUnlisted,
  parseCases,
  reached,
  runCase,
  type CaseResult,
  type Gating,
  type ServiceGating,
} from "../../functions/gate/gating/index.ts";
import { CliError } from "../errors.ts";
import { load } from "../gatingFiles.ts";
import type { Io } from "../io.ts";

const CASE_FILE = /\.test\.ya?ml$/;

/** What became of the cases of one file. */
export interface FileResult {
  /** As seen from where the command runs. */
  file: string;
  gatingFile: string;
  gating: Gating;
  results: CaseResult[];
  services: Coverage[];
}

/** Which of a service's rules the cases reach. */
export interface Coverage {
  service: string;
  own: ServiceGating;
  rules: string[];
  unreached: string[];
}

export function isCaseFile(name: string): boolean {
  return CASE_FILE.test(name);
}

/** The files that are named, or all of the folder that are called so. */
export function caseFiles(io: Io, named: readonly string[]): string[] {
  if (named.length > 0) {
    return named.map((file) => resolve(io.cwd, file));
  }
  const found = readdirSync(io.cwd).filter(isCaseFile).sort();
  if (found.length === 0) {
    throw new CliError(`there is no file with cases in ${io.cwd}`, {
      hint: "write gating.test.yaml beside gating.yaml, or name a file",
    });
  }
  return found.map((name) => join(io.cwd, name));
}

/** Weighs all cases of a file by the gating that it is about. */
export function runFile(io: Io, path: string): FileResult {
  const { gating: named, cases } = readCases(path);
  const gatingPath = named === null ? beside(path) : resolve(dirname(path), named);
  if (!existsSync(gatingPath)) {
    throw new CliError(
      `${path}: there is no gating file ${gatingPath}; write \`gating\` with its name`,
    );
  }
  const gating = load(gatingPath);
  const unlisted = gatingForUnlisted(gating.defaults);
  const results = cases.map((one) => {
    const own = Object.hasOwn(gating.services, one.service) ? gating.services[one.service] : null;
    return runCase(one, own ?? unlisted, own !== null && own !== undefined);
  });
  return {
    file: relative(io.cwd, path),
    gatingFile: relative(io.cwd, gatingPath),
    gating,
    results,
    services: Object.entries(gating.services).map(([service, own]) => {
      const seen = new Set(results.filter((one) => one.service === service).flatMap(reached));
      const rules = own.rules.map(({ name }) => name);
      return { service, own, rules, unreached: rules.filter((name) => !seen.has(name)) };
    }),
  };
}

function beside(path: string): string {
  return path.replace(CASE_FILE, ".yaml");
}

function readCases(path: string) {
  let source: string;
  try {
    source = readFileSync(path, "utf8");
  } catch {
    throw new CliError(`there is no file ${path}`);
  }
  const document = parseDocument(source, { merge: true });
  if (document.errors.length > 0) {
    throw new CliError(
      `${path} is not YAML: ${document.errors.map(({ message }) => message).join("; ")}`,
    );
  }
  try {
    return parseCases(document.toJS());
  } catch (error) {
    if (error instanceof CasesError) {
      throw new CliError(`${path}: ${error.message}`, {
        details: { file: path, problems: error.problems },
      });
    }
    throw error;
  }
}
