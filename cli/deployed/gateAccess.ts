import type { z } from "zod";
import type {
  alarmsAnswer,
  proposalPage,
  AlarmAnswer,
  GatingAnswer,
  KillSwitchAnswer,
  ProposalAnswer,
  TrailAnswer,
} from "../answers.ts";

import type { SwitchScope } from "../../functions/gate/ledger/killSwitch.ts";

/** Which proposals; newest first. */
export interface ListQuery {
  open?: boolean;
  service?: string;
  incident?: string;
  /** What a dry run would have done: denied, asked or allowed. */
  wouldHave?: string;
  limit?: number;
  cursor?: string;
}

/** What the commands ask a gate: over HTTP, or by reading its ledger. */
export interface GateAccess {
  /** `url` names the gate in exports and messages. */
  readonly connection: { readonly url: string };
  propose(
    body: unknown,
    options: { idempotencyKey?: string | undefined; waitSeconds: number },
  ): Promise<ProposalAnswer>;
  proposal(id: string, waitSeconds?: number, as?: "operator" | "proposer"): Promise<ProposalAnswer>;
  /** The history and the head that it must end in: both of one moment. */
  trail(id: string): Promise<TrailAnswer>;
  page(query: ListQuery): Promise<z.infer<typeof proposalPage>>;
  /** All that match, newest first. */
  all(query: ListQuery): AsyncGenerator<ProposalAnswer>;
  /** The gate's time, in epoch milliseconds. */
  now(): Promise<number>;
  /** Takes back a proposal that has not been claimed; `outcome` is null while the gate has not looked at it. */
  withdraw(id: string, reason: string): Promise<ProposalAnswer>;
  killSwitch(): Promise<KillSwitchAnswer>;
  setKillSwitch(
    on: boolean,
    reason: string | null,
    scope: SwitchScope & { unlisted?: boolean },
  ): Promise<KillSwitchAnswer>;
  acknowledge(key: string, note: string | null): Promise<AlarmAnswer>;
  /** The gate's own history beside its proposals': of kill switch, alarms and gating. */
  ownTrails(): AsyncGenerator<TrailAnswer>;
  gatingInForce(): Promise<GatingAnswer>;
  alarms(limit: number): Promise<z.infer<typeof alarmsAnswer>["alarms"]>;
}
