import { Command } from "commander";
import { gatingWarnings } from "../../functions/gate/gating/index.ts";
import {
  FILE_ARGUMENT,
  fileOf,
  load,
  named,
  withFileOptions,
  type FileOptions,
} from "../gatingFiles.ts";
import { compareCommand } from "./gatingCompare.ts";
import { printJson, withJson } from "../options.ts";
import type { Context } from "../context.ts";
import { counted, oneLine, table } from "../text.ts";
import { explainCommand } from "./gatingExplain.ts";
import { inForceCommand } from "./gatingInForce.ts";
import { replayCommand } from "./gatingReplay.ts";
import { reviewCommand } from "./gatingReview.ts";
import { testCommand } from "./gatingTest.ts";

export function gatingCommand(context: Context): Command {
  return new Command("gating")
    .description(
      "Check, explain, test and compare gating files, offline; tell which gating a gate uses.",
    )
    .addCommand(checkCommand(context))
    .addCommand(explainCommand(context))
    .addCommand(testCommand(context))
    .addCommand(replayCommand(context))
    .addCommand(reviewCommand(context))
    .addCommand(compareCommand(context))
    .addCommand(inForceCommand(context));
}

function checkCommand({ io }: Context): Command {
  return withJson(
    withFileOptions(new Command("check"))
      .description("Check the gating in a stack file, or in a file with `services` at its top.")
      .argument(...FILE_ARGUMENT),
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
      const path = fileOf(io, named(file, options));
      const gating = load(path, io.cwd);
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
