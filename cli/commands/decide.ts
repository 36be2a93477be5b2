import { Argument, Command } from "commander";
import { z } from "zod";
import { refusal, type ProposalAnswer } from "../answers.ts";
import { CliError, usage } from "../errors.ts";
import { GateClient, request } from "../gateClient.ts";
import type { Io } from "../io.ts";
import {
  collectPairs,
  embeddedOf,
  printJson,
  visibleText,
  withGateOptions,
  type GateOptions,
} from "../options.ts";
import type { Context } from "../context.ts";
import { describe } from "../proposalText.ts";

interface DecideOptions extends GateOptions {
  note?: string;
  set?: Record<string, string>;
}

type Details = Readonly<Record<string, unknown>>;

/** Long enough for the callback, the look and a run of the emulator. */
const OUTCOME_WITHIN_MS = 8_000;
const LOOK_EVERY_MS = 200;

const approvalAnswer = z.object({
  approval: z.object({
    id: z.string(),
    status: z.string(),
    details: z.record(z.string(), z.unknown()),
  }),
});

export function decideCommand({ io }: Context): Command {
  return withGateOptions(
    new Command("decide")
      .description(
        "Decide as a reviewer, at the Cheqpoint emulator of a gate that `npm start` runs. Real approvals are decided in Cheqpoint.",
      )
      .argument("<id>", "the proposal's id, or Cheqpoint's id of the approval")
      .addArgument(new Argument("<decision>", "what to decide").choices(["approve", "reject"]))
      .option("--note <text>", "note for whoever comes later", visibleText("--note"))
      .option("--set <key=value>", "change a detail; may be repeated", collectPairs),
  )
    .addHelpText(
      "after",
      `
Examples:
  $ gate decide prop_k23w4hpgmxp397w3 approve --note "On-call confirmed. Run failover."
  $ gate decide prop_k23w4hpgmxp397w3 approve --set max_replicas=2
  $ gate decide req_c5d38b8f4d77d11718502688 reject`,
    )
    .action(async (id: string, decision: string, options: DecideOptions) => {
      const connection = embeddedOf(
        io,
        options,
        (url) =>
          new CliError(
            `the gate at ${url} asks a real Cheqpoint, and a command must not decide there`,
            { hint: "open the review link that `gate show <id>` prints" },
          ),
      );
      const client = new GateClient(io, connection);
      const { url } = connection.endpoints.cheqpoint;
      const approvalId = id.startsWith("prop_") ? await approvalOf(client, id) : id;
      const approval = await readApproval(io, url, approvalId);
      if (decision === "reject" && options.set !== undefined) {
        throw usage("--set changes what is approved; it has no meaning with reject");
      }
      await post(io, `${url}/_emulator/approvals/${encodeURIComponent(approvalId)}/decide`, {
        decision: decision === "approve" ? "approved" : "rejected",
        note: options.note ?? null,
        modifiedDetails: options.set === undefined ? null : changed(approval.details, options.set),
      });
      const proposalId = approval.details["proposal_id"];
      if (typeof proposalId !== "string") {
        const told = { approval: approvalId, decision };
        if (options.json === true) {
          printJson(io, told);
        } else {
          io.out(`${approvalId}: ${decision === "approve" ? "approved" : "rejected"}\n`);
        }
        return;
      }
      const proposal = await outcomeOf(io, client, proposalId);
      if (options.json === true) {
        printJson(io, proposal);
        return;
      }
      io.out(describe(proposal, await client.now()));
    });
}

/** What came of it, or that the kill switch holds it. */
async function outcomeOf(io: Io, client: GateClient, id: string): Promise<ProposalAnswer> {
  let proposal = await client.proposal(id);
  for (
    let waitedMs = 0;
    waitedMs < OUTCOME_WITHIN_MS &&
    !proposal.final &&
    proposal.held_by_kill_switch_since === null &&
    !io.stopping.aborted;
    waitedMs += LOOK_EVERY_MS
  ) {
    await io.sleep(LOOK_EVERY_MS);
    proposal = await client.proposal(id);
  }
  return proposal;
}

async function approvalOf(client: GateClient, id: string): Promise<string> {
  const proposal = await client.proposal(id);
  const { decision, outcome } = proposal;
  if (decision !== null || outcome !== null) {
    throw new CliError(
      `${id} is decided already: ${outcome?.text ?? decision?.outcome ?? proposal.status}`,
      { hint: `see \`gate show ${id}\`` },
    );
  }
  if (proposal.approval_id === null) {
    throw new CliError(`${id} has not been submitted for review yet`, {
      hint: `try again in a moment, or see \`gate show ${id}\``,
    });
  }
  return proposal.approval_id;
}

async function readApproval(
  io: Io,
  url: string,
  id: string,
): Promise<z.infer<typeof approvalAnswer>["approval"]> {
  const answer = await request(io, `${url}/_emulator/approvals/${encodeURIComponent(id)}`, {
    method: "GET",
  });
  const parsed = approvalAnswer.safeParse(answer.body);
  if (!parsed.success) {
    throw new CliError(`there is no proposal or approval "${id}"`, {
      hint: "see `gate list --open`",
    });
  }
  return parsed.data.approval;
}

async function post(io: Io, url: string, body: unknown): Promise<void> {
  const answer = await request(io, url, { method: "POST", body });
  if (answer.status >= 300) {
    const told = refusal.safeParse(answer.body);
    throw new CliError(
      told.success ? told.data.error : `the Cheqpoint emulator answered ${answer.status}`,
    );
  }
}

/** All details with the changes, as the inbox sends them. */
function changed(details: Details, changes: Readonly<Record<string, string>>): Details {
  const result: Record<string, unknown> = { ...details };
  for (const [key, text] of Object.entries(changes)) {
    if (!Object.hasOwn(details, key)) {
      const editable = Array.isArray(details["editable"]) ? details["editable"].join(", ") : "";
      throw usage(
        `--set: "${key}" is not among the details; may be changed: ${editable === "" ? "nothing" : editable}`,
      );
    }
    result[key] = typeof details[key] === "string" ? text : jsonOr(text);
  }
  return result;
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
