import { Command, Option } from "commander";
import { withDeployedOptions } from "../deployed/target.ts";
import type { Check } from "../doctor/check.ts";
import { NOT_SEEN, examine } from "../doctor/examine.ts";
import { subjectOf, type DoctorOptions } from "../doctor/parameters.ts";
import { collect, printJson, withJson } from "../options.ts";
import type { Context } from "../context.ts";
import { counted, oneLine, plain } from "../text.ts";

export function doctorCommand({ io, exitWith }: Context): Command {
  return withDeployedOptions(
    withJson(
      new Command("doctor").description(
        "Check a gate from outside, and what can still be run without it. Changes nothing. Exit code 1 when a check fails.",
      ),
    )
      .addOption(new Option("--url <url>", "address of the gate (GATE_URL)"))
      .addOption(
        new Option("--data-dir <folder>", "data folder of a gate on this machine (GATE_DATA_DIR)"),
      ),
  )
    .option("--gating <file>", "examine this file instead of the gating in force")
    .option("--service <name>", "also look at this gated service; may be repeated", collect)
    .option("--pagerduty-api-url <url>", "PagerDuty's REST API (PAGERDUTY_API_URL)")
    .option("--pagerduty-from <email>", "the gate's user in PagerDuty (PAGERDUTY_FROM)")
    .option("--cheqpoint-api-url <url>", "Cheqpoint's address (CHEQPOINT_API_URL)")
    .addHelpText(
      "after",
      `
PAGERDUTY_TOKEN and CHEQPOINT_CONNECTION_KEY hold what the gate itself uses; what is not given is
not tried. They are not needed for a gate that \`npm start\` runs, nor with --stack where the AWS
credentials may read the deployed ones.

Examples:
  $ gate doctor
  $ gate doctor --stack prod
  $ PAGERDUTY_TOKEN=… CHEQPOINT_CONNECTION_KEY=… gate doctor --url https://gate.example.com
  $ gate doctor --outputs outputs.json --json | jq '.checks[] | select(.status == "fail")'`,
    )
    .action(async (options: DoctorOptions) => {
      const found = await examine(io, subjectOf(io, options), options);
      const failed = found.filter(({ status }) => status === "fail").length;
      if (failed > 0) {
        exitWith(1);
      }
      if (options.json === true) {
        printJson(io, { ok: failed === 0, checks: found, notSeen: NOT_SEEN });
        return;
      }
      io.out(checkTable(found));
      io.out(`\n${summary(found)}\n`);
      io.out(
        `\nCannot be seen by API, so not checked:\n${NOT_SEEN.map((one) => `  - ${one}\n`).join("")}`,
      );
    });
}

function checkTable(found: readonly Check[]): string {
  const width = Math.max(...found.map(({ check }) => check.length));
  return found
    .map(({ check, about, status, found: what, todo }) => {
      const head = `${status.padEnd(4)}  ${check.padEnd(width)}  `;
      const more = todo === null ? "" : `${" ".repeat(head.length)}→ ${plain(todo)}\n`;
      return `${head}${oneLine(about === null ? what : `${about}: ${what}`)}\n${more}`;
    })
    .join("");
}

function summary(found: readonly Check[]): string {
  const count = (wanted: Check["status"]): number =>
    found.filter(({ status }) => status === wanted).length;
  return `${counted(found.length, "check")}: ${count("ok")} ok, ${count("warn")} to look at, ${count("fail")} failed`;
}
