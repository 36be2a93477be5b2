import { Command } from "commander";
import { targetOf } from "../deployed/target.ts";
import { fileOf, load, named, type FileOptions } from "../gatingFiles.ts";
import { differences, inForceOf } from "../gatingInForce.ts";
import { clientOf, printJson, withAnyGateOptions, type AnyGateOptions } from "../options.ts";
import type { Context } from "../context.ts";
import { counted, plain, table } from "../text.ts";

export function inForceCommand({ io, exitWith }: Context): Command {
  return withAnyGateOptions(
    new Command("in-force")
      .description(
        "Tell which gating a gate uses: where it is from and its digest. Needs an operator's token. Exit code 1 when a file that is named says something else.",
      )
      .argument("[file]", "a file to compare with it, or one at a git revision (main:gating.yaml)")
      .option("--file <file>", "the same as the argument"),
  )
    .addHelpText(
      "after",
      `
The audit trail names gating by the same digests. Of a gate in AWS, services that the file does
not list are left out: other stacks may have deployed them.

Examples:
  $ gate gating in-force
  $ gate gating in-force gating.yaml
  $ gate gating in-force Pulumi.prod.yaml --stack prod`,
    )
    .action(async (argument: string | undefined, options: AnyGateOptions & FileOptions) => {
      // `--stack` is the gate's here.
      const { file: wanted } = named(argument, options);
      const file = wanted === undefined ? null : fileOf(io, { file: wanted });
      const own = file === null ? null : load(file, io.cwd);
      const answer = await clientOf(io, options).gatingInForce();
      const isDeployed = targetOf(io, options) !== null;
      const differs = own === null ? [] : differences(own, inForceOf(answer), isDeployed);
      if (differs.length > 0) {
        exitWith(1);
      }
      if (options.json === true) {
        printJson(io, file === null ? answer : { ...answer, file, differs });
        return;
      }
      const { source, digest, problem, services } = answer;
      const lines = [
        `${counted(services.length, "service")} in force, from ${source}`,
        `Digest ${digest}`,
        ...(problem === null ? [] : [`It was changed since, and is refused: ${problem}`]),
        ...(file === null ? [] : [`${file} ${verdict(differs)}`]),
      ];
      io.out(lines.map((line) => `${plain(line)}\n`).join(""));
      if (services.length > 0) {
        io.out(
          table(
            ["SERVICE", "HASH"],
            services.map(({ listed_as: listedAs, hash }) => [listedAs, hash]),
          ),
        );
      }
    });
}

function verdict(differs: readonly string[]): string {
  return differs.length === 0 ? "says the same" : `differs: ${differs.join(", ")}`;
}
