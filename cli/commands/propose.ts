import { Command } from "commander";
import type { ProposalAnswer } from "../answers.ts";
import { usage } from "../errors.ts";
import type { GateAccess } from "../deployed/gateAccess.ts";
import { withStackOptions, type StackOptions } from "../deployed/target.ts";
import { LONGEST_WAIT_SECONDS } from "../gateClient.ts";
import {
  clientOf,
  collect,
  collectPairs,
  printJson,
  withGateOptions,
  wholeNumber,
  type GateOptions,
} from "../options.ts";
import type { Context } from "../context.ts";
import { describe } from "../proposalText.ts";

interface ProposeOptions extends GateOptions, StackOptions {
  service: string;
  runbook: string;
  incident?: string;
  alertKey?: string;
  justification: string;
  evidence?: string[];
  severity?: string;
  region?: string[];
  summary?: string;
  set?: Record<string, string>;
  idempotencyKey?: string;
  wait?: number | true;
}

const DEFAULT_WAIT_SECONDS = 3_600;
const MAX_WAIT_SECONDS = 7 * 86_400;

export function proposeCommand({ io, exitWith }: Context): Command {
  return withStackOptions(
    withGateOptions(new Command("propose"))
      .description("Propose an action on a PagerDuty incident.")
      .requiredOption("--service <name>", "PagerDuty service, by name or id")
      .requiredOption("--runbook <name>", "runbook of the service's gating")
      .option("--incident <id>", "PagerDuty's id of the incident, like Q1A2B3C4D5E6F7")
      .option("--alert-key <key>", "the alert's dedup_key, when the incident is not known yet")
      .requiredOption("--justification <text>", "why; the reviewer reads it")
      .option("--evidence <text>", "what you saw: a text or a link; may be repeated", collect)
      .option("--severity <severity>", 'severity as you rate it, like "P1"')
      .option("--region <region>", "affected region; may be repeated", collect)
      .option("--summary <text>", "one sentence of yours; the reviewer is shown it as a quotation")
      .option("--set <key=value>", "a parameter of the runbook; may be repeated", collectPairs)
      .option("--idempotency-key <key>", "the same key never makes a second proposal")
      .option(
        "--wait [seconds]",
        "wait for the end; exit code 0 only if it was executed (default 3600)",
        wholeNumber("--wait", 1, MAX_WAIT_SECONDS),
      ),
  )
    .addHelpText(
      "after",
      `
Examples:
  $ gate propose --service payments-db --runbook db_failover_primary_to_replica \\
      --incident Q1A2B3C4D5E6F7 --justification "Primary DB CPU at 98% for 8 minutes."
  $ gate propose --service payments-db --runbook db_failover_primary_to_replica \\
      --incident Q1A2B3C4D5E6F7 --justification "…" --set max_replicas=2 --wait 600`,
    )
    .action(async (options: ProposeOptions) => {
      if (options.incident === undefined && options.alertKey === undefined) {
        throw usage("--incident or --alert-key is required");
      }
      // Here `--region` is one that the incident affects.
      const { region: _regions, ...connection } = options;
      const client = clientOf(io, connection);
      const wait = options.wait === true ? DEFAULT_WAIT_SECONDS : (options.wait ?? 0);
      const made = await client.propose(bodyOf(options), {
        idempotencyKey: options.idempotencyKey,
        waitSeconds: Math.min(wait, LONGEST_WAIT_SECONDS),
      });
      const proposal = await waitOn(client, made, wait - LONGEST_WAIT_SECONDS);
      if (wait > 0 && proposal.outcome?.kind !== "executed") {
        exitWith(1);
      }
      if (options.json === true) {
        printJson(io, proposal);
        return;
      }
      if (made.message !== undefined) {
        io.out(`${made.message[0]?.toUpperCase()}${made.message.slice(1)}.\n`);
      }
      io.out(describe(proposal, await client.now()));
      if (!proposal.final) {
        io.out(`\nNext: \`gate watch ${proposal.id}\`\n`);
      }
    });
}

function bodyOf(options: ProposeOptions): unknown {
  return {
    service: options.service,
    runbook: options.runbook,
    incident_id: options.incident,
    alert_key: options.alertKey,
    justification: options.justification,
    evidence: options.evidence,
    severity: options.severity,
    affected_regions: options.region,
    summary: options.summary,
    parameters:
      options.set === undefined
        ? undefined
        : Object.fromEntries(
            Object.entries(options.set).map(([key, value]) => [key, scalarOf(value)]),
          ),
  };
}

/** 3, true and "3": what the runbook takes is checked by the gate. */
function scalarOf(text: string): string | number | boolean {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
      return value;
    }
  } catch {
    // A text without quotes.
  }
  return text;
}

async function waitOn(
  client: GateAccess,
  made: ProposalAnswer,
  seconds: number,
): Promise<ProposalAnswer> {
  let now = made;
  for (let left = seconds; left > 0 && !now.final; left -= LONGEST_WAIT_SECONDS) {
    now = await client.proposal(made.id, Math.min(left, LONGEST_WAIT_SECONDS), "proposer");
  }
  return now;
}
