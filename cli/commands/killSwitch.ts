import { Argument, Command } from "commander";
import { usage } from "../errors.ts";
import {
  clientOf,
  printJson,
  visibleText,
  withAnyGateOptions,
  type AnyGateOptions,
} from "../options.ts";
import type { Context } from "../context.ts";
import { instant, plain } from "../text.ts";

interface KillSwitchOptions extends AnyGateOptions {
  reason?: string;
}

export function killSwitchCommand({ io }: Context): Command {
  return withAnyGateOptions(
    new Command("kill-switch")
      .description(
        "Hold every execution at once, or let them go on. Approvals keep their validity: one that is held too long lapses. Needs an operator's token.",
      )
      .addArgument(
        new Argument("[state]", "what to do").choices(["on", "off", "status"]).default("status"),
      )
      .option("--reason <text>", "why, for everybody who asks", visibleText("--reason")),
  )
    .addHelpText(
      "after",
      `
Examples:
  $ gate kill-switch on --reason "Unclear data loss, nothing runs until we know"
  $ gate kill-switch off`,
    )
    .action(async (state: string, options: KillSwitchOptions) => {
      const { reason } = options;
      if (state === "status" && reason !== undefined) {
        throw usage("--reason goes with on or off");
      }
      const client = clientOf(io, options);
      const now =
        state === "status"
          ? await client.killSwitch()
          : await client.setKillSwitch(state === "on", reason ?? null);
      if (options.json === true) {
        printJson(io, now);
        return;
      }
      const since = now.since === null ? "" : `, since ${instant(now.since)} by ${now.by ?? "?"}`;
      const why = now.reason === null ? "" : `: ${plain(now.reason)}`;
      io.out(
        now.on
          ? `The kill switch is ON${since}${why}\nNothing is executed until \`gate kill-switch off\`.\n`
          : `The kill switch is off${since}${why}\n`,
      );
    });
}
