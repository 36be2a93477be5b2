import { Command } from "commander";
import type { AlarmAnswer } from "../answers.ts";
import {
  clientOf,
  printJson,
  visibleText,
  withAnyGateOptions,
  wholeNumber,
  type AnyGateOptions,
} from "../options.ts";
import type { Context } from "../context.ts";
import { instant, plain } from "../text.ts";

interface ListOptions extends AnyGateOptions {
  limit: number;
  open?: boolean;
}

export function alarmsCommand(context: Context): Command {
  const { io } = context;
  return withAnyGateOptions(
    new Command("alarms")
      .description(
        "List alarms, newest first: bypasses, actions that ran twice, what nobody can tell. Needs an operator's token.",
      )
      .option("--open", "only those that nobody has acknowledged")
      .option("--limit <count>", "how many at most", wholeNumber("--limit", 1, 1000), 20),
  )
    .addHelpText(
      "after",
      `
Examples:
  $ gate alarms --open
  $ gate alarms ack bypass/01INVOCATION --note "a drill, agreed with Jo"
  $ gate alarms --json | jq '.alarms[] | select(.kind == "bypass")'`,
    )
    .addCommand(ackCommand(context))
    .action(async (options: ListOptions) => {
      const found = await clientOf(io, options).alarms(options.limit);
      const alarms = found.filter(
        ({ acknowledged }) => options.open !== true || acknowledged === null,
      );
      if (options.json === true) {
        printJson(io, { alarms });
        return;
      }
      if (alarms.length === 0) {
        io.out(options.open === true && found.length > 0 ? "No open alarms.\n" : "No alarms.\n");
        return;
      }
      io.out(alarms.map(alarmText).join(""));
    });
}

function ackCommand({ io }: Context): Command {
  return withAnyGateOptions(
    new Command("ack")
      .description(
        "Say that somebody has taken care of an alarm. Who, when and the note go into the audit trail. Needs an operator's token.",
      )
      .argument("<key>", "the alarm's key, as `gate alarms` prints it")
      .option("--note <text>", "what was found", visibleText("--note")),
  ).action(async (key: string, _: unknown, command: Command) => {
    const options = command.optsWithGlobals<AnyGateOptions & { note?: string }>();
    const alarm = await clientOf(io, options).acknowledge(key, options.note ?? null);
    if (options.json === true) {
      printJson(io, alarm);
      return;
    }
    io.out(alarmText(alarm));
  });
}

function alarmText({ at, key, kind, text, proposal, acknowledged }: AlarmAnswer): string {
  const about = proposal === null ? "" : `  (${proposal})`;
  const note = acknowledged === null || acknowledged.note === null ? "" : `: ${acknowledged.note}`;
  const standing =
    acknowledged !== null
      ? `  acknowledged ${instant(acknowledged.at)} by ${acknowledged.by}${note}\n`
      : key === null
        ? ""
        : `  open: gate alarms ack ${key}\n`;
  return `${instant(at)}  ${kind}${about}\n  ${plain(text)}\n${plain(standing)}`;
}
