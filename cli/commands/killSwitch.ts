import { Argument, Command } from "commander";
import { scopeText } from "../../functions/gate/ledger/killSwitch.ts";
import type { KillSwitchAnswer } from "../answers.ts";
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
  service?: string;
  runbook?: string;
  unlisted?: boolean;
}

export function killSwitchCommand({ io }: Context): Command {
  return withAnyGateOptions(
    new Command("kill-switch")
      .description(
        "Hold every execution at once, or only those of a service or a runbook, or let them go on. Approvals keep their validity: one that is held too long lapses. Needs an operator's token.",
      )
      .addArgument(
        new Argument("[state]", "what to do").choices(["on", "off", "status"]).default("status"),
      )
      .option("--reason <text>", "why, for everybody who asks", visibleText("--reason"))
      .option("--service <name>", "only this service, by the gating's key, PagerDuty's id or name")
      .option("--runbook <name>", "only this runbook, of every service unless --service is given")
      .option(
        "--unlisted",
        "also what the gating does not list: a runbook or service that is about to be",
      ),
  )
    .addHelpText(
      "after",
      `
Each switch is a switch of its own: off lets go on what no other one holds. What the gating does not list is refused: it may
be mistyped. A second on keeps the time and reason of the first, and adds its own.

Examples:
  $ gate kill-switch on --reason "Unclear data loss, nothing runs until we know"
  $ gate kill-switch on --service payments-db --runbook db_failover
  $ gate kill-switch off`,
    )
    .action(async (state: string, options: KillSwitchOptions) => {
      const { reason, service, runbook, unlisted } = options;
      const asksFor = [
        ["--reason", reason],
        ["--service", service],
        ["--runbook", runbook],
        ["--unlisted", unlisted],
      ].find(([, value]) => value !== undefined);
      if (state === "status" && asksFor !== undefined) {
        throw usage(`${asksFor[0]} goes with on or off`);
      }
      const client = clientOf(io, options);
      const now =
        state === "status"
          ? await client.killSwitch()
          : await client.setKillSwitch(state === "on", reason ?? null, {
              ...(service === undefined ? {} : { service }),
              ...(runbook === undefined ? {} : { runbook }),
              ...(unlisted === true ? { unlisted } : {}),
            });
      if (options.json === true) {
        printJson(io, now);
        return;
      }
      io.out(statusText(now));
    });
}

function statusText({ narrower, message, ...all }: KillSwitchAnswer): string {
  const lines = [
    all.on
      ? `The kill switch is ON${since(all)}\nNothing is executed until \`gate kill-switch off\`.\n`
      : `The kill switch is off${since(all)}\n`,
    ...narrower.map(({ service, runbook, ...one }) => {
      const scope = {
        ...(service === null ? {} : { service }),
        ...(runbook === null ? {} : { runbook }),
      };
      return `HELD: ${plain(scopeText(scope))}${since(one)}\n`;
    }),
    ...(message === undefined ? [] : [`Note: ${plain(message)}\n`]),
  ];
  return lines.join("");
}

function since(one: Pick<KillSwitchAnswer, "since" | "by" | "reason">): string {
  const when = one.since === null ? "" : `, since ${instant(one.since)} by ${plain(one.by ?? "?")}`;
  return `${when}${one.reason === null ? "" : `: ${plain(one.reason)}`}`;
}
