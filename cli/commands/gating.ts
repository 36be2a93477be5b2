import { Command } from "commander";
import { gatingWarnings } from "../../functions/gate/gating/index.ts";
import { fileOf, load, type FileOptions } from "../gatingFiles.ts";
import { printJson, withJson } from "../options.ts";
import type { Context } from "../context.ts";
import { counted, oneLine, table } from "../text.ts";
import { explainCommand } from "./gatingExplain.ts";
import { inForceCommand } from "./gatingInForce.ts";
import { testCommand } from "./gatingTest.ts";

export function gatingCommand(context: Context): Command {
  return new Command("gating")
    .description("Check, explain and test gating files, offline; tell which gating a gate uses.")
    .addCommand(checkCommand(context))
    .addCommand(explainCommand(context))
    .addCommand(testCommand(context))
    .addCommand(inForceCommand(context));
}

function checkCommand({ io }: Context): Command {
  return withJson(
    new Command("check")
      .description("Check the gating in a stack file, or in a file with `services` at its top.")
      .argument("[file]", "the file; without it that of --stack")
      .option("--stack <name>", "Pulumi stack whose file is checked (default dev)"),
  )
    .addHelpText(
      "after",
      `
Examples:
  $ gate gating check
  $ gate gating check --stack prod
  $ gate gating check gating.yaml --json`,
    )
    .action((file: string | undefined, options: FileOptions) => {
      const path = fileOf(io, { ...options, ...(file === undefined ? {} : { file }) });
      const gating = load(path);
      const services = Object.entries(gating.services);
      const warnings = services.flatMap(([name, service]) => gatingWarnings(name, service));
      if (options.json === true) {
        printJson(io, {
          file: path,
          ok: true,
          warnings,
          services: Object.fromEntries(
            services.map(([name, { runbooks, rules, otherwise }]) => [
              name,
              {
                runbooks: Object.keys(runbooks),
                rules: rules.map((rule) => rule.name),
                otherwise,
              },
            ]),
          ),
        });
        return;
      }
      io.out(`${path}: ${counted(services.length, "service")}, nothing wrong\n`);
      if (services.length > 0) {
        io.out(
          table(
            ["SERVICE", "RUNBOOKS", "RULES", "OTHERWISE"],
            services.map(([name, { runbooks, rules, otherwise }]) => [
              name,
              String(Object.keys(runbooks).length),
              String(rules.length),
              otherwise,
            ]),
          ),
        );
      }
      for (const warning of warnings) {
        io.out(`warning: ${oneLine(warning)}\n`);
      }
    });
}
