import { verifyChain } from "../../functions/gate/proposal/audit.ts";
import type { Ledger } from "../../functions/gate/ports/index.ts";
import type { Proposal } from "../../functions/gate/proposal/proposal.ts";
import { proposalView } from "../../functions/gate/telling/view.ts";
import { headline } from "../../functions/gate/review/approvalRequest.ts";
import type { LocalGateParts } from "../gate.ts";
import { alarmView, killSwitchView } from "../../functions/gate/telling/operatorView.ts";
import { eventText } from "../../functions/gate/telling/eventText.ts";

const OPEN_SHOWN = 200;
export const ENDED_SHOWN = 50;
export const MOST_ENDED_SHOWN = 2_000;
const ALARMS_SHOWN = 50;

/** Everything that the list, the alarms and the banner show. */
export async function overview(
  {
    ledger,
    lastEnded,
    gating,
  }: Pick<LocalGateParts, "ledger" | "lastEnded"> & {
    gating: Pick<LocalGateParts["gating"], "problem">;
  },
  /** How many of those that have ended. */
  shown = ENDED_SHOWN,
) {
  const [open, ended, alarms, killSwitch, narrower] = await Promise.all([
    ledger.list({ open: true, limit: OPEN_SHOWN }),
    lastEnded(shown + 1),
    ledger.alarms(ALARMS_SHOWN),
    ledger.killSwitch(),
    ledger.narrowerSwitches(),
  ]);
  return {
    open: open.proposals.map(rowOf),
    ended: ended.slice(0, shown).map(rowOf),
    more: { open: open.cursor !== null, ended: ended.length > shown },
    alarms: alarms.map(alarmView),
    kill_switch: killSwitchView(killSwitch, narrower),
    gating_problem: gating.problem(),
  };
}

/** One proposal with its audit trail, checked. Null: there is none of that id. */
export async function detail(ledger: Ledger, id: string) {
  const loaded = await ledger.get(id);
  if (loaded === null) {
    return null;
  }
  // The head is read before the events: what was added in between is not the chain's problem.
  const { proposal } = loaded;
  const events = (await ledger.events(id)).slice(0, proposal.audit.seq);
  return {
    proposal: rowOf(proposal),
    events: events.map((event) => ({
      seq: event.seq,
      at: new Date(event.atMs).toISOString(),
      type: event.type,
      hash: event.hash,
      ...eventText(event),
    })),
    chain: { head: proposal.audit, problems: verifyChain(id, events, proposal.audit) },
  };
}

function rowOf(proposal: Proposal) {
  const { request, weighing, execution, incident } = proposal;
  return {
    ...proposalView(proposal),
    title:
      weighing === null || incident === null
        ? `${request.runbook} on ${request.service}`
        : headline(weighing.runbook, incident),
    summary: request.summary,
    severity: request.severity,
    regions: request.regions,
    evidence: request.evidence,
    proposed_parameters: weighing?.parameters ?? request.parameters,
    executed_digest: execution?.digest ?? null,
  };
}
