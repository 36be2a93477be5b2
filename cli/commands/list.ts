import { Command, Option } from "commander";
import { WOULD_HAVE } from "../../functions/gate/proposal/listing.ts";
import {
  clientOf,
  printJson,
  withAnyGateOptions,
  wholeNumber,
  type AnyGateOptions,
} from "../options.ts";
import type { Context } from "../context.ts";
import { deadlineText, incidentLabel, standing, whyNot } from "../proposalText.ts";
import { plain, relative, table } from "../text.ts";

interface ListOptions extends AnyGateOptions {
  open?: boolean;
  service?: string;
  incident?: string;
  wouldHave?: string;
  limit: number;
  cursor?: string;
}

export function listCommand({ io }: Context): Command {
  return withAnyGateOptions(
    new Command("list")
      .description(
        "List proposals, newest first; below those that did not run, why. Needs an operator's token.",
      )
      .option("--open", "only those that have not ended")
      .option("--service <name>", "only those of one service, by the gating's key")
      .option("--incident <id>", "only those of one incident, by PagerDuty's id")
      .addOption(
        new Option(
          "--would-have <answer>",
          "only those of which a rule in a dry run would have said that",
        ).choices(Object.keys(WOULD_HAVE)),
      )
      .option("--limit <count>", "how many at most", wholeNumber("--limit", 1, 200), 20)
      .option("--cursor <cursor>", "go on where an earlier list ended"),
  )
    .addHelpText(
      "after",
      `
Examples:
  $ gate list --open
  $ gate list --service payments-db --json
  $ gate list --would-have denied      what the rules in a dry run would have stopped`,
    )
    .action(async (options: ListOptions) => {
      const client = clientOf(io, options);
      const { open, service, incident, wouldHave, limit, cursor } = options;
      const page = await client.page({
        limit,
        ...(open === undefined ? {} : { open }),
        ...(service === undefined ? {} : { service }),
        ...(incident === undefined ? {} : { incident }),
        ...(wouldHave === undefined ? {} : { wouldHave }),
        ...(cursor === undefined ? {} : { cursor }),
      });
      if (options.json === true) {
        printJson(io, page);
        return;
      }
      if (page.proposals.length === 0) {
        io.out(open === true ? "Nothing is open.\n" : "No proposals.\n");
        if (page.message !== undefined) {
          io.out(`${plain(page.message)}\n`);
        }
        return;
      }
      const nowMs = await client.now();
      io.out(
        table(
          ["PROPOSAL", "STATUS", "TIME LEFT", "INCIDENT", "SERVICE", "RUNBOOK", "PROPOSED"],
          page.proposals.map((proposal) => [
            proposal.id,
            standing(proposal),
            deadlineText(proposal, nowMs),
            incidentLabel(proposal.incident),
            proposal.service,
            proposal.runbook,
            `${relative(proposal.received_at, nowMs)} by ${proposal.proposer}`,
          ]),
          io.columns,
          page.proposals.map(whyNot),
        ),
      );
      if (page.cursor !== null) {
        io.out(`More: --cursor ${page.cursor}\n`);
      }
    });
}
