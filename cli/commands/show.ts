import { Command } from "commander";
import { verifyChain } from "../../functions/gate/proposal/audit.ts";
import { eventText } from "../../functions/gate/telling/eventText.ts";
import type { TrailAnswer } from "../answers.ts";
import { clientOf, printJson, withAnyGateOptions, type AnyGateOptions } from "../options.ts";
import type { Context } from "../context.ts";
import { describe, explain } from "../proposalText.ts";
import { counted, instant, oneLine, shortDigest } from "../text.ts";

export function showCommand({ io }: Context): Command {
  return withAnyGateOptions(
    new Command("show")
      .description(
        "Show one proposal: where it stands, which rule decided and why, its audit trail.",
      )
      .argument("<id>", "the proposal's id"),
  )
    .addHelpText(
      "after",
      `
Examples:
  $ gate show prop_k23w4hpgmxp397w3
  $ gate show prop_k23w4hpgmxp397w3 --json`,
    )
    .action(async (id: string, options: AnyGateOptions) => {
      const client = clientOf(io, options);
      const proposal = await client.proposal(id);
      const trail = await client.trail(id);
      const problems = verifyChain(id, trail.events, trail.head);
      if (options.json === true) {
        printJson(io, { proposal, head: trail.head, events: trail.events, problems });
        return;
      }
      io.out(describe(proposal, await client.now()));
      io.out(
        `\n${explain({ rule: proposal.rule, decision: proposal.rule_decision, wouldHave: proposal.would_have, trace: proposal.trace })}`,
      );
      io.out(`\nAudit trail\n${trailText(trail)}`);
      io.out(
        problems.length === 0
          ? `  Chain whole: ${counted(trail.events.length, "event")}, ends in ${shortDigest(trail.head.head)}\n`
          : `  CHAIN BROKEN:\n${problems.map((problem) => `  - ${oneLine(problem)}\n`).join("")}`,
      );
    });
}

/** A line an event; equal ones in a row, as a storm of the same proposal makes them, are counted. */
function trailText({ events }: TrailAnswer): string {
  const lines: { at: string; text: string; times: number }[] = [];
  for (const event of events) {
    const text = oneLine(eventText(event).text);
    const last = lines.at(-1);
    if (last?.text === text) {
      last.times += 1;
    } else {
      lines.push({ at: instant(new Date(event.atMs).toISOString()), text, times: 1 });
    }
  }
  return lines
    .map(({ at, text, times }) => `  ${at}  ${text}${times === 1 ? "" : ` (${times} times)`}\n`)
    .join("");
}
