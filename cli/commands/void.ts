import { Command } from "commander";
import {
  clientOf,
  printJson,
  visibleText,
  withAnyGateOptions,
  type AnyGateOptions,
} from "../options.ts";
import type { Context } from "../context.ts";
import { plain } from "../text.ts";

interface VoidOptions extends AnyGateOptions {
  reason: string;
}

export function voidCommand({ io }: Context): Command {
  return withAnyGateOptions(
    new Command("void")
      .description(
        "Withdraw an open proposal that has not been claimed: nothing runs, no answer to its request counts any more, and nobody gets a manual task. A note on the incident says who did it and why. Needs an operator's token.",
      )
      .argument("<id>", "the proposal")
      .requiredOption(
        "--reason <text>",
        "why, for the incident and the audit trail",
        visibleText("--reason", 300),
      ),
  )
    .addHelpText(
      "after",
      `
Refused, with its state, when PagerDuty was asked to run it already, or when it has ended.

Examples:
  $ gate void prop_gsgzqnzxdsjtwdd8 --reason "restored from a backup, it has run since"`,
    )
    .action(async (id: string, options: VoidOptions) => {
      const proposal = await clientOf(io, options).withdraw(id, options.reason);
      if (options.json === true) {
        printJson(io, proposal);
        return;
      }
      io.out(
        proposal.outcome === null
          ? `${plain(proposal.id)}: noted. It is withdrawn when the gate looks at it next, within three minutes, unless it is claimed first: \`gate show ${plain(proposal.id)}\` tells.\n`
          : `${plain(proposal.id)} is withdrawn: ${plain(proposal.outcome.text)}\n`,
      );
    });
}
