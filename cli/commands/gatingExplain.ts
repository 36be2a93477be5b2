import { Command, Option } from "commander";
import {
  evaluate,
  eventType,
  explainProposing,
  findRunbook,
  gatingForUnlisted,
  incidentAppearsWithinMs,
  isEventName,
  proposedRunbook,
  proposingEvents,
  type Gating,
  type RuleDecision,
  type ServiceGating,
  type Subject,
  type TraceEntry,
} from "../../functions/gate/gating/index.ts";
import { CliError, usage } from "../errors.ts";
import {
  FILE_ARGUMENT,
  fileOf,
  load,
  named,
  withFileOptions,
  type FileOptions,
} from "../gatingFiles.ts";
import { runbookText, termsText } from "../gatingTerms.ts";
import type { Io } from "../io.ts";
import { collect, printJson, withJson } from "../options.ts";
import type { Context } from "../context.ts";
import { explain, traceText } from "../proposalText.ts";
import { oneLine } from "../text.ts";

interface ExplainOptions extends FileOptions {
  service: string;
  runbook?: string;
  event?: string;
  priority?: string;
  severity?: string;
  urgency?: "high" | "low";
  region?: string[];
  proposer?: string;
  title: string;
  at?: string;
  expect?: RuleDecision | "nothing";
}

export function explainCommand({ io, exitWith }: Context): Command {
  return withJson(
    withFileOptions(new Command("explain"))
      .description("Tell what a gating file says about a proposal, or about a PagerDuty event.")
      .argument(...FILE_ARGUMENT)
      .requiredOption("--service <name>", "service, by the gating's key")
      .option(
        "--runbook <name>",
        "runbook that is proposed; without it, the one that --event proposes",
      )
      .option("--event <type>", "PagerDuty event that proposes, like incident.triggered")
      .option("--priority <priority>", 'priority of the incident, like "P1"')
      .option("--severity <severity>", "severity as the proposer rates it")
      .addOption(
        new Option("--urgency <urgency>", "urgency of the incident").choices(["high", "low"]),
      )
      .option("--region <region>", "affected region; may be repeated", collect)
      .option("--proposer <name>", "who proposes (default ai-agent, or pagerduty for an event)")
      .option("--title <text>", "title of the incident", "")
      .option("--at <time>", "when, like 2026-11-23T10:00:00Z (default now)")
      .addOption(
        new Option(
          "--expect <decision>",
          "exit code 1 when it says something else; nothing: an event proposes nothing",
        ).choices(["allow", "deny", "requireApproval", "nothing"]),
      ),
  )
    .addHelpText(
      "after",
      `
Examples:
  $ gate gating explain --service payments-db --runbook db_failover_primary_to_replica --priority P1
  $ gate gating explain --stack prod --service payments-db --runbook db_failover_primary_to_replica \\
      --at 2026-11-28T03:00:00Z
  $ gate gating explain --service payments-db --event incident.triggered --title "Primary unreachable"
  $ gate gating explain --service payments-db --runbook diagnostics --expect allow`,
    )
    .action((file: string | undefined, options: ExplainOptions) => {
      const gating = load(fileOf(io, named(file, options)), io.cwd);
      const { listed, own } = gatingOf(gating, options.service);
      const subject = subjectOf(options);
      const found = (decision: RuleDecision | "nothing"): void => {
        if (options.expect !== undefined && options.expect !== decision) {
          exitWith(1);
          io.err(`expected ${options.expect}, got ${decision}\n`);
        }
      };
      const wanted = options.runbook ?? proposed(own, subject, options, listed);
      if (wanted === null) {
        found("nothing");
        nothingProposed(io, options, explainProposing(own, subject));
        return;
      }
      const runbook = findRunbook(own, wanted);
      if (runbook === null) {
        const names = Object.keys(own.runbooks).sort().join(", ");
        throw new CliError(
          `${options.service}${listed ? "" : " is not listed, and the defaults"} ${listed ? "has" : "have"} no runbook "${wanted}"; allowed: ${names === "" ? "none" : names}`,
        );
      }
      const evaluation = evaluate(own, {
        ...subject,
        runbook: runbook.name,
        action: runbook.action,
      });
      found(evaluation.decision);
      if (options.json === true) {
        printJson(io, {
          service: options.service,
          listed,
          runbook: runbook.name,
          ...evaluation,
          does: runbook,
          serviceLimits: own.limits ?? null,
          manualTask: own.manualTask,
          incidentAppearsWithinMs: incidentAppearsWithinMs(own),
        });
        return;
      }
      io.out(
        `${runbook.name} on ${options.service}${listed ? "" : " (not listed: the defaults apply)"}\n`,
      );
      io.out(explain({ ...evaluation, wouldHave: evaluation.wouldHave ?? null }));
      io.out(termsText(evaluation, own));
      io.out(runbookText(runbook, own));
    });
}

function gatingOf(gating: Gating, service: string): { listed: boolean; own: ServiceGating } {
  const own = Object.hasOwn(gating.services, service) ? gating.services[service] : undefined;
  return own === undefined
    ? { listed: false, own: gatingForUnlisted(gating.defaults) }
    : { listed: true, own };
}

function subjectOf(options: ExplainOptions): Omit<Subject, "runbook" | "action"> {
  const { event, at } = options;
  const atMs = at === undefined ? Date.now() : Date.parse(at);
  if (Number.isNaN(atMs)) {
    throw usage(`--at must be a time like 2026-11-23T10:00:00Z, got "${at ?? ""}"`);
  }
  if (event !== undefined && !isEventName(event)) {
    throw usage(
      `--event must be one of ${proposingEvents.join(", ")}, or "custom:incident.<type>" for another one, got "${event}"`,
    );
  }
  return {
    event: event === undefined ? null : eventType(event),
    proposer: options.proposer ?? (event === undefined ? "ai-agent" : "pagerduty"),
    priority: options.priority ?? null,
    severity: options.severity ?? null,
    urgency: options.urgency ?? null,
    regions: options.region ?? [],
    title: options.title,
    atMs,
  };
}

/** Null: no rule proposes anything for the event. */
function proposed(
  own: ServiceGating,
  subject: Omit<Subject, "runbook" | "action">,
  { service }: ExplainOptions,
  listed: boolean,
): string | null {
  if (subject.event === null) {
    throw usage("--runbook or --event is required");
  }
  if (!listed) {
    throw new CliError(`${service} is not listed: events of it are ignored`, {
      hint: "name what is proposed with --runbook",
    });
  }
  return proposedRunbook(own, subject)?.runbook ?? null;
}

/** An answer like any other: an event for which nothing is to be proposed is the common case. */
function nothingProposed(
  io: Io,
  { service, event = "", json }: ExplainOptions,
  trace: readonly TraceEntry[],
): void {
  if (json === true) {
    printJson(io, { service, listed: true, runbook: null, rule: null, decision: null, trace });
    return;
  }
  io.out(`No rule of ${oneLine(service)} proposes anything for ${event}\n`);
  io.out(traceText(trace));
}
