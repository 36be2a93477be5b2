import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { Command } from "commander";
import { CliError } from "../errors.ts";
import { caseFiles, runFile, type FileResult } from "../gatingCases/caseFile.ts";
import { junitXml } from "../gatingCases/junit.ts";
import { suggestions, yamlOf, type Suggestion } from "../gatingCases/suggest.ts";
import type { Io } from "../io.ts";
import { printJson, withJson } from "../options.ts";
import type { Context } from "../context.ts";
import { counted, oneLine } from "../text.ts";

interface TestOptions {
  json?: boolean;
  junit?: string;
  suggest?: boolean;
  failUncovered?: boolean;
}

export function testCommand({ io, exitWith }: Context): Command {
  return withJson(
    new Command("test")
      .description(
        "Weigh the cases of files such as gating.test.yaml, offline, and tell which rules none of them reaches. Exit code 1 when one is answered otherwise than expected.",
      )
      .argument("[file...]", "files with cases; without them every *.test.yaml of this folder")
      .option("--junit <file>", "also write the results as JUnit XML")
      .option("--suggest", "print a case for each rule that none reaches, to paste into the file")
      .option("--fail-uncovered", "exit code 1 also when a rule is reached by no case"),
  )
    .addHelpText(
      "after",
      `
Examples:
  $ gate gating test
  $ gate gating test gating.test.yaml --junit report.xml
  $ gate gating test --suggest`,
    )
    .action((named: string[], options: TestOptions) => {
      const files = caseFiles(io, named).map((path) => runFile(io, path));
      const failed = files.flatMap(({ results }) => results.filter(isFailed));
      const uncovered = files.flatMap(({ services }) => services.flatMap((one) => one.unreached));
      if (failed.length > 0 || (options.failUncovered === true && uncovered.length > 0)) {
        exitWith(1);
      }
      if (options.junit !== undefined) {
        write(io, options.junit, junitXml(files));
      }
      const suggested =
        options.suggest === true
          ? files.map((file) => ({ file: file.file, cases: suggestions(file, Date.now()) }))
          : null;
      if (options.json === true) {
        printJson(io, jsonOf(files, suggested));
        return;
      }
      for (const file of files) {
        io.out(textOf(file));
      }
      for (const { file, cases } of suggested ?? []) {
        io.out(suggestedText(file, cases));
      }
      io.out(summary(files));
    });
}

function isFailed({ problems }: FileResult["results"][number]): boolean {
  return problems.length > 0;
}

function textOf({ file, gatingFile, results, services }: FileResult): string {
  const lines = results.flatMap(({ name, problems }) => [
    `  ${problems.length === 0 ? "✓" : "✗"} ${oneLine(name)}`,
    ...problems.map((problem) => `      ${oneLine(problem)}`),
  ]);
  const missing = services
    .filter(({ unreached }) => unreached.length > 0)
    .map(
      ({ service, unreached }) => `  No case reaches ${oneLine(service)}: ${unreached.join(", ")}`,
    );
  return `${[`${file} (${gatingFile})`, ...lines, ...missing].join("\n")}\n`;
}

function summary(files: readonly FileResult[]): string {
  const results = files.flatMap((file) => file.results);
  const failed = results.filter(isFailed).length;
  const rules = files.flatMap(({ services }) => services.flatMap((one) => one.rules)).length;
  const missing = files.flatMap(({ services }) => services.flatMap((one) => one.unreached)).length;
  return `${results.length - failed} passed, ${failed} failed; ${rules - missing} of ${counted(rules, "rule")} reached\n`;
}

function suggestedText(file: string, cases: readonly Suggestion[]): string {
  const written = cases.flatMap((one) => (one.written === null ? [] : [yamlOf(one.written)]));
  const without = cases.filter((one) => one.written === null);
  return [
    written.length === 0 ? "" : `\nFor ${file}, once it says what you want:\n${written.join("")}`,
    ...without.map(
      ({ service, rule }) => `No proposal was found that reaches ${oneLine(service)}: ${rule}\n`,
    ),
    written.length === 0 ? "" : "\n",
  ].join("");
}

function jsonOf(
  files: readonly FileResult[],
  suggested: readonly { file: string; cases: Suggestion[] }[] | null,
): unknown {
  return {
    ok: files.every(({ results }) => !results.some(isFailed)),
    files: files.map(({ file, gatingFile, results, services }) => ({
      file,
      gating: gatingFile,
      cases: results.map(({ name, service, problems, answer }) => ({
        name,
        service,
        ok: problems.length === 0,
        problems,
        proposes: answer?.proposes?.runbook ?? null,
        rule: answer?.evaluation?.rule ?? null,
        decision: answer?.evaluation?.decision ?? null,
      })),
      coverage: services.map(({ service, rules, unreached }) => ({
        service,
        rules: rules.length,
        unreached,
      })),
      ...(suggested === null
        ? {}
        : {
            suggested: (suggested.find((one) => one.file === file)?.cases ?? []).map(
              ({ service, rule, written }) => ({ service, rule, case: written }),
            ),
          }),
    })),
  };
}

function write(io: Io, file: string, content: string): void {
  const path = resolve(io.cwd, file);
  try {
    writeFileSync(path, content);
  } catch (error) {
    throw new CliError(
      `${path} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
