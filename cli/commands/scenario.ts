import { Command } from "commander";
import { runScenario, ScenarioError, scenarios } from "../../local/scenarios/index.ts";
import { CliError, usage } from "../errors.ts";
import { embeddedOf, printJson, withGateOptions, type GateOptions } from "../options.ts";
import type { Context } from "../context.ts";
import { plain, table } from "../text.ts";

export function scenarioCommand({ io }: Context): Command {
  const names = scenarios.map(({ name }) => name).join(", ");
  return withGateOptions(
    new Command("scenario")
      .description("Play a scenario on a gate that `npm start` runs; without a name, list them.")
      .argument("[name]", names),
  )
    .addHelpText(
      "after",
      `
Scenarios:
${scenarios.map(({ name, shows }) => `  ${name.padEnd(12)} ${shows}`).join("\n")}

Examples:
  $ gate scenario failover`,
    )
    .action(async (name: string | undefined, options: GateOptions) => {
      if (name === undefined) {
        if (options.json === true) {
          printJson(
            io,
            scenarios.map(({ name: one, title, shows }) => ({ name: one, title, shows })),
          );
        } else {
          io.out(
            table(
              ["SCENARIO", "WHAT IT SHOWS"],
              scenarios.map(({ name: one, shows }) => [one, shows]),
            ),
          );
        }
        return;
      }
      if (!scenarios.some((scenario) => scenario.name === name)) {
        throw usage(`there is no scenario "${name}"; there are: ${names}`);
      }
      const { endpoints } = embeddedOf(
        io,
        options,
        (url) =>
          new CliError(`the gate at ${url} is not an embedded one; scenarios need its emulators`, {
            hint: "start one with `npm start`",
          }),
      );
      try {
        const report = await runScenario(name, endpoints);
        if (options.json === true) {
          printJson(io, report);
          return;
        }
        io.out(report.happened.map((line) => `${plain(line)}\n`).join(""));
        io.out(`\nNext:\n${report.lookAt.map((line) => `  ${plain(line)}\n`).join("")}`);
      } catch (error) {
        if (error instanceof ScenarioError) {
          throw new CliError(`scenario ${name} did not go as it should: ${error.message}`);
        }
        throw error;
      }
    });
}
