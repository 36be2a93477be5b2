import { Command } from "commander";
import {
  clientOf,
  printJson,
  withAnyGateOptions,
  wholeNumber,
  type AnyGateOptions,
} from "../options.ts";
import type { Context } from "../context.ts";
import { instant, plain } from "../text.ts";

export function alarmsCommand({ io }: Context): Command {
  return withAnyGateOptions(
    new Command("alarms")
      .description(
        "List alarms, newest first: bypasses, actions that ran twice, what nobody can tell. Needs an operator's token.",
      )
      .option("--limit <count>", "how many at most", wholeNumber("--limit", 1, 1000), 20),
  )
    .addHelpText(
      "after",
      `
Examples:
  $ gate alarms
  $ gate alarms --json | jq '.alarms[] | select(.kind == "bypass")'`,
    )
    .action(async (options: AnyGateOptions & { limit: number }) => {
      const alarms = await clientOf(io, options).alarms(options.limit);
      if (options.json === true) {
        printJson(io, { alarms });
        return;
      }
      if (alarms.length === 0) {
        io.out("No alarms.\n");
        return;
      }
      io.out(
        alarms
          .map(({ at, kind, text, proposal }) => {
            const about = proposal === null ? "" : `  (${proposal})`;
            return `${instant(at)}  ${kind}${about}\n  ${plain(text)}\n`;
          })
          .join(""),
      );
    });
}
