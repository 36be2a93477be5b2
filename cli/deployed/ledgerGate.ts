import { userInfo } from "node:os";
import type { z } from "zod";
import {
  CursorError,
  incidentProblem,
  wouldHaveOf,
  unlistedText,
} from "../../functions/gate/proposal/listing.ts";
import type { GatingStore, Ledger } from "../../functions/gate/ports/index.ts";
import { isWithdrawable } from "../../functions/gate/lifecycle/withdrawal.ts";
import { phaseOf, type Proposal } from "../../functions/gate/proposal/proposal.ts";
import type { SwitchScope } from "../../functions/gate/ledger/killSwitch.ts";
import { throwSwitch } from "../../functions/gate/ledger/switching.ts";
import { proposalView } from "../../functions/gate/telling/view.ts";
import {
  alarmView,
  gatingView,
  killSwitchView,
} from "../../functions/gate/telling/operatorView.ts";
import {
  proposalAnswer,
  type AlarmAnswer,
  type alarmsAnswer,
  type GatingAnswer,
  type KillSwitchAnswer,
  type ProposalAnswer,
  type proposalPage,
  type TrailAnswer,
} from "../answers.ts";
import { CliError, usage } from "../errors.ts";
import type { Io } from "../io.ts";
import { dynamoOf } from "./awsClients.ts";
import { AwsError, awsErrorOf } from "./awsErrors.ts";
import type { GateAccess, ListQuery } from "./gateAccess.ts";
import type { DeployedTarget } from "./target.ts";

const POLL_MS = 1_000;
const PAGE = 200;

interface Stores {
  ledger: Ledger;
  gating: GatingStore | null;
}

/** A gate in AWS by its ledger table. What only the gate itself does, such as proposing, goes to `http`. */
export class LedgerGate implements GateAccess {
  readonly connection: { readonly url: string };
  readonly #io: Io;
  readonly #target: DeployedTarget;
  readonly #http: (() => GateAccess) | null;
  readonly #hasToken: boolean;
  #stores: Promise<Stores> | null = null;

  /** `http` makes the client of the gate's own address; null when that is not known. */
  constructor(
    io: Io,
    target: DeployedTarget,
    { http, hasToken }: { http: (() => GateAccess) | null; hasToken: boolean },
  ) {
    this.#io = io;
    this.#hasToken = hasToken;
    this.#target = target;
    this.#http = http;
    this.connection = {
      url: target.outputs === null ? target.ledgerTable : baseOf(target.outputs.proposalsUrl),
    };
  }

  async propose(...args: Parameters<GateAccess["propose"]>): Promise<ProposalAnswer> {
    return this.#gate("proposals are made at the gate's address").propose(...args);
  }

  async proposal(
    id: string,
    waitSeconds = 0,
    as: "operator" | "proposer" = "operator",
  ): Promise<ProposalAnswer> {
    if (as === "proposer" && this.#http !== null) {
      return this.#http().proposal(id, waitSeconds, as);
    }
    return this.#orOverHttp(
      async (ledger) => {
        let { proposal } = await this.#get(ledger, id);
        for (
          let left = waitSeconds * 1_000;
          left > 0 && proposal.outcome === null;
          left -= POLL_MS
        ) {
          await this.#io.sleep(Math.min(left, POLL_MS));
          ({ proposal } = await this.#get(ledger, id));
        }
        return answerOf(proposal);
      },
      (gate) => gate.proposal(id, waitSeconds, as),
    );
  }

  async trail(id: string): Promise<TrailAnswer> {
    return this.#orOverHttp(
      async (ledger) => {
        const { proposal } = await this.#get(ledger, id);
        const { seq, head } = proposal.audit;
        const events = await ledger.events(id);
        // The head was read first: an event that came in between is not part of this look.
        return { proposal: id, head: { seq, head }, events: events.slice(0, seq) };
      },
      (gate) => gate.trail(id),
    );
  }

  async page(query: ListQuery): Promise<z.infer<typeof proposalPage>> {
    const { open, service, incident, limit, cursor } = query;
    const wouldHave = query.wouldHave === undefined ? null : wouldHaveOf(query.wouldHave);
    const wrong = incidentProblem(incident);
    if (wrong !== null) {
      throw new CliError(`\`incident_id\` ${wrong}`);
    }
    return this.#with(async ({ ledger, gating }) => {
      // Proposals are kept under the gating's own key of their service; people use its name as well.
      const stored =
        service === undefined || gating === null
          ? null
          : await gating.find({ id: service, name: service });
      const key = stored?.key ?? service;
      const page = await ledger.list({
        ...(open === undefined ? {} : { open }),
        ...(key === undefined ? {} : { service: key }),
        ...(incident === undefined ? {} : { incidentId: incident }),
        ...(wouldHave === null ? {} : { wouldHave }),
        ...(limit === undefined ? {} : { limit }),
        ...(cursor === undefined ? {} : { cursor }),
      });
      return {
        proposals: page.proposals.map(answerOf),
        cursor: page.cursor,
        ...(stored?.listed === false && page.proposals.length === 0
          ? { message: unlistedText(stored.key) }
          : {}),
      };
    });
  }

  async *all(query: ListQuery): AsyncGenerator<ProposalAnswer> {
    let cursor: string | null = null;
    do {
      const page: z.infer<typeof proposalPage> = await this.page({
        ...query,
        limit: PAGE,
        ...(cursor === null ? {} : { cursor }),
      });
      yield* page.proposals;
      ({ cursor } = page);
    } while (cursor !== null);
  }

  now(): Promise<number> {
    return Promise.resolve(Date.now());
  }

  async withdraw(id: string, reason: string): Promise<ProposalAnswer> {
    return this.#with(async ({ ledger }) => {
      const { proposal } = await this.#get(ledger, id);
      const { outcome } = proposal;
      if (outcome?.reason === "withdrawn") {
        return answerOf(proposal);
      }
      if (!isWithdrawable(proposal)) {
        throw new CliError(
          `${id} cannot be withdrawn any more: ${outcome === null ? `it is ${phaseOf(proposal)}` : `it has ended (${outcome.kind}: ${outcome.reason})`}`,
          { details: { status: 409, state: phaseOf(proposal) } },
        );
      }
      const by = `${userName()} (gate CLI)`;
      // The gate takes it up with its next look at the proposal.
      const data = { proposer: by, reason };
      await ledger.hint(id, { id: "withdrawal/cli", kind: "withdrawal", atMs: Date.now(), data });
      return answerOf(proposal);
    });
  }

  async killSwitch(): Promise<KillSwitchAnswer> {
    return this.#with(({ ledger }) => switchesOf(ledger));
  }

  async setKillSwitch(
    on: boolean,
    reason: string | null,
    { unlisted = false, ...asked }: SwitchScope & { unlisted?: boolean },
  ): Promise<KillSwitchAnswer> {
    return this.#with(async ({ ledger, gating }) => {
      const by = `${userName()} (gate CLI)`;
      // What it held goes on with the gate's next sweep.
      const thrown = await throwSwitch(
        { ledger, gating },
        { ...asked, on, reason, by, atMs: Date.now(), unlisted },
      );
      if (!thrown.ok) {
        throw new CliError(thrown.problem, { details: { status: 400 } });
      }
      const { message } = thrown;
      return { ...(await switchesOf(ledger)), ...(message === null ? {} : { message }) };
    });
  }

  async alarms(limit: number): Promise<z.infer<typeof alarmsAnswer>["alarms"]> {
    return this.#with(async ({ ledger }) => (await ledger.alarms(limit)).map(alarmView));
  }

  async acknowledge(key: string, note: string | null): Promise<AlarmAnswer> {
    const by = `${userName()} (gate CLI)`;
    return this.#with(async ({ ledger }) => {
      const alarm = await ledger.acknowledge(key, { by, note, atMs: Date.now() });
      if (alarm === null) {
        throw new CliError(`no alarm "${key}"`, { details: { status: 404 } });
      }
      return alarmView(alarm);
    });
  }

  async *ownTrails(): AsyncGenerator<TrailAnswer> {
    let cursor: string | null = null;
    do {
      const from: string | null = cursor;
      const page: Awaited<ReturnType<Ledger["trails"]>> = await this.#with(({ ledger }) =>
        ledger.trails(from),
      );
      for (const { subject } of page.trails) {
        const found = await this.#with(({ ledger }) => ledger.trail(subject));
        if (found !== null) {
          yield { proposal: subject, head: found.trail.head, events: found.events };
        }
      }
      ({ cursor } = page);
    } while (cursor !== null);
  }

  async gatingInForce(): Promise<GatingAnswer> {
    const { gatingTable, region } = this.#target;
    return this.#with(async ({ gating }) => {
      if (gating === null) {
        throw usage("the gating table is not known", "name it with --gating-table");
      }
      try {
        return gatingView(await gating.inForce());
      } catch (error) {
        throw awsErrorOf(error, { what: `DynamoDB table ${gatingTable ?? ""}`, region });
      }
    });
  }

  async #get(ledger: Ledger, id: string): Promise<{ proposal: Proposal }> {
    const found = await ledger.get(id);
    if (found === null) {
      throw new CliError(`no proposal "${id}"`, { details: { status: 404 } });
    }
    return found;
  }

  #gate(why: string): GateAccess {
    if (this.#http === null) {
      throw usage(`${why}, and --table does not tell it`, "use --stack, --outputs or --url");
    }
    return this.#http();
  }

  /** Whoever has no access to the table, but a token, may still ask the gate about one proposal. */
  async #orOverHttp<T>(
    work: (ledger: Ledger) => Promise<T>,
    ask: (gate: GateAccess) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.#with(({ ledger }) => work(ledger));
    } catch (error) {
      const barred =
        error instanceof AwsError && (error.kind === "credentials" || error.kind === "denied");
      if (barred && this.#hasToken && this.#http !== null) {
        return ask(this.#http());
      }
      throw error;
    }
  }

  async #with<T>(work: (stores: Stores) => Promise<T>): Promise<T> {
    try {
      this.#stores ??= openStores(this.#target);
      return await work(await this.#stores);
    } catch (error) {
      if (error instanceof CursorError) {
        throw usage(error.message);
      }
      throw awsErrorOf(error, {
        what: `DynamoDB table ${this.#target.ledgerTable}`,
        region: this.#target.region,
      });
    }
  }
}

/** Loaded only when it is needed: the SDK takes longer to load than most commands to run. */
async function openStores(target: DeployedTarget): Promise<Stores> {
  const [client, { createDynamoLedger }, { createDynamoGatingStore }] = await Promise.all([
    dynamoOf(target),
    import("../../functions/aws/dynamoLedger.ts"),
    import("../../functions/aws/dynamoGatingStore.ts"),
  ]);
  const ledger = createDynamoLedger(client, target.ledgerTable, { now: () => Date.now() });
  // Asks an index that only a gate's ledger has, so that nothing is ever written into another table.
  await ledger.alarms(1);
  return {
    ledger,
    gating:
      target.gatingTable === null ? null : createDynamoGatingStore(client, target.gatingTable),
  };
}

/** Where the gate is, from where proposals go. */
export function baseOf(proposalsUrl: string): string {
  return proposalsUrl.replace(/\/+$/, "").replace(/\/proposals$/, "");
}

function answerOf(proposal: Proposal): ProposalAnswer {
  return proposalAnswer.parse(proposalView(proposal));
}

async function switchesOf(ledger: Ledger): Promise<KillSwitchAnswer> {
  return killSwitchView(await ledger.killSwitch(), await ledger.narrowerSwitches());
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user without a name, as in some containers.
    return "unknown";
  }
}
