import type { FileResult } from "./caseFile.ts";

/** The results as JUnit XML, which CI systems show: a suite for each file, a case for each case. */
export function junitXml(files: readonly FileResult[]): string {
  const results = files.flatMap((file) => file.results);
  const suites = files.map(({ file, results: own }) =>
    [
      `  <testsuite name="${xml(file)}" ${counts(own)}>`,
      ...own.map(({ name, service, problems }) => {
        const open = `    <testcase classname="${xml(service)}" name="${xml(name)}"`;
        return problems.length === 0
          ? `${open}/>`
          : [
              `${open}>`,
              `      <failure message="${xml(problems[0] ?? "")}">${xml(problems.join("\n"))}</failure>`,
              "    </testcase>",
            ].join("\n");
      }),
      "  </testsuite>",
    ].join("\n"),
  );
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="gate gating test" ${counts(results)}>`,
    ...suites,
    "</testsuites>",
    "",
  ].join("\n");
}

function counts(results: FileResult["results"]): string {
  const failed = results.filter(({ problems }) => problems.length > 0).length;
  return `tests="${results.length}" failures="${failed}" errors="0" skipped="0"`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\n": "&#10;",
};

/** As text or value of an attribute; what no XML may hold becomes a mark. */
function xml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[&<>"\n]/g, (sign) => ENTITIES[sign] ?? sign)
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "\uFFFD");
}
