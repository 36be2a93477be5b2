import * as z from "zod";
import { raiseAlarm } from "../gate/ledger/alarms.ts";
import type { HttpResponse } from "../http.ts";
import type { Caller } from "./auth.ts";
import type { MiddlewarePorts } from "./ports.ts";
import { KNOWN_KEYS } from "./proposalBody.ts";

const HOUR_MS = 3_600_000;

/**
 * Leaves a trace of a proposal that is not taken: who sent it, by which channel, and which fields were wrong, never what
 * stood in them. Nobody reads the answer that an Event Orchestration rule gets, so that what it asks for is lost in
 * silence: of that an alarm tells, one for each proposer and hour.
 */
export async function traceRefusal(
  ports: MiddlewarePorts,
  caller: Caller,
  { status, body }: HttpResponse,
): Promise<void> {
  const { clock, log, metrics } = ports;
  const fields = fieldsOf(body);
  metrics.count("ProposalRefused");
  log.warn("proposal.refused", { proposer: caller.name, channel: caller.channel, status, fields });
  // 409: an earlier one answers for it, or it is about an incident of the gate's own. Nothing is lost.
  if (caller.channel !== "orchestration" || status === 409) {
    return;
  }
  const nowMs = clock.now();
  try {
    await raiseAlarm(ports, {
      key: `proposalRefused/${caller.name}/${Math.floor(nowMs / HOUR_MS)}`,
      kind: "proposalRefused",
      atMs: nowMs,
      text: `What an Event Orchestration rule proposes as ${caller.name} is refused, and so lost (wrong: ${fields.length === 0 ? "the body" : fields.join(", ")}). Correct the rule, or the gating.`,
      proposalId: null,
      incidentId: null,
    });
  } catch (error) {
    log.error("alarm not raised", { proposer: caller.name, problem: String(error) });
  }
}

/** The fields that the gate's own problems begin with. What is none of the gate's names is a value of the sender's. */
function fieldsOf(body: string): string[] {
  const told = refusalBody.safeParse(JSON.parse(body));
  const { field, problems } = told.success ? told.data : { field: null, problems: [] };
  const named = [
    field ?? "",
    ...problems.map((text) => /^`([\w-]+)[\w.-]*`/.exec(text)?.[1] ?? ""),
  ];
  return [
    ...new Set(
      named
        .map((name) => name.split(".", 1)[0] ?? "")
        .filter((name) => name !== "")
        .map((name) => (KNOWN_KEYS.includes(name) ? name : "(unknown)")),
    ),
  ];
}

const refusalBody = z.object({
  field: z.string().nullable().default(null),
  problems: z.array(z.string()).default([]),
});
