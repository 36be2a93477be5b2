import { Command } from "commander";
import type { ProposalAnswer } from "../answers.ts";
import type { GateAccess } from "../deployed/gateAccess.ts";
import type { Io } from "../io.ts";
import {
  clientOf,
  printJsonLine,
  withAnyGateOptions,
  wholeNumber,
  type AnyGateOptions,
} from "../options.ts";
import type { Context } from "../context.ts";
import { incidentLabel, standing } from "../proposalText.ts";
import { instant, oneLine } from "../text.ts";

interface WatchOptions extends AnyGateOptions {
  every: number;
}

export function watchCommand({ io }: Context): Command {
  return withAnyGateOptions(
    new Command("watch")
      .description(
        "Print a line whenever a proposal changes: of one until it ends, of all until Ctrl-C.",
      )
      .argument("[id]", "the proposal's id; all without it")
      .option("--every <seconds>", "how often to look", wholeNumber("--every", 1, 3600), 2),
  )
    .addHelpText(
      "after",
      `
Examples:
  $ gate watch
  $ gate watch prop_k23w4hpgmxp397w3 --json      one JSON object a line`,
    )
    .action(async (id: string | undefined, options: WatchOptions) => {
      const client = clientOf(io, options);
      const look = lookOf(io, client, id, options.json === true);
      try {
        while (!(await look()) && !io.stopping.aborted) {
          await io.sleep(options.every * 1000);
        }
      } catch (error) {
        // Ctrl-C is how watching ends.
        if (!io.stopping.aborted) {
          throw error;
        }
      }
    });
}

/** Looks once and prints what changed; tells whether nothing will change any more. */
function lookOf(
  io: Io,
  client: GateAccess,
  id: string | undefined,
  asJson: boolean,
): () => Promise<boolean> {
  const seen = new Map<string, { version: number; told: string }>();
  let isFirst = true;
  return async () => {
    const found = id === undefined ? await newest(client) : [await client.proposal(id)];
    const at = instant(new Date(await client.now()).toISOString());
    for (const proposal of found) {
      const before = seen.get(proposal.id);
      const told = lineOf(proposal);
      seen.set(proposal.id, { version: proposal.version, told });
      if (asJson) {
        if (before?.version !== proposal.version) {
          printJsonLine(io, proposal);
        }
      } else if (before?.told !== told && !(isFirst && id === undefined && proposal.final)) {
        io.out(`${at}  ${told}\n`);
      }
    }
    isFirst = false;
    return id !== undefined && found.every((proposal) => proposal.closed_at !== null);
  };
}

/** Oldest first, as one reads them. */
async function newest(client: GateAccess): Promise<ProposalAnswer[]> {
  const open = await client.page({ open: true, limit: 200 });
  const recent = await client.page({ limit: 50 });
  const byId = new Map(
    [...recent.proposals, ...open.proposals].map((proposal) => [proposal.id, proposal]),
  );
  return [...byId.values()].sort((a, b) => (a.received_at < b.received_at ? -1 : 1));
}

function lineOf(proposal: ProposalAnswer): string {
  const { outcome, decision } = proposal;
  const more =
    outcome !== null
      ? `: ${outcome.text}`
      : proposal.status === "awaitingDecision" && proposal.review_url !== null
        ? `: ${proposal.review_url}`
        : typeof decision?.note === "string"
          ? `: “${decision.note}”`
          : "";
  return oneLine(
    `${proposal.id}  ${incidentLabel(proposal.incident)} ${proposal.service} ${proposal.runbook}  ${standing(proposal)}${more}`,
  );
}
