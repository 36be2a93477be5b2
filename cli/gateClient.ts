import { USER_AGENT } from "../functions/userAgent.ts";
import type { z } from "zod";
import {
  alarmAnswer,
  alarmsAnswer,
  gatingAnswer,
  healthAnswer,
  killSwitchAnswer,
  proposalAnswer,
  proposalPage,
  refusal,
  trailAnswer,
  trailsAnswer,
  type AlarmAnswer,
  type GatingAnswer,
  type KillSwitchAnswer,
  type ProposalAnswer,
  type TrailAnswer,
} from "./answers.ts";
import type { Connection } from "./connection.ts";
import type { GateAccess, ListQuery } from "./deployed/gateAccess.ts";
import type { SwitchScope } from "../functions/gate/ledger/killSwitch.ts";
import { CliError } from "./errors.ts";
import type { Io } from "./io.ts";

const TIMEOUT_MS = 40_000;
/** The longest that a gate waits before it answers. */
export const LONGEST_WAIT_SECONDS = 25;

interface Call {
  path: string;
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  as?: "operator" | "proposer";
  /** What a 404 means here: a gate in AWS, which is asked by its ledger. */
  missing?: string;
}

/** A gate over HTTP, on this machine or deployed. */
export class GateClient implements GateAccess {
  readonly connection: Connection;
  readonly #io: Io;

  constructor(io: Io, connection: Connection) {
    this.#io = io;
    this.connection = connection;
  }

  propose(
    body: unknown,
    options: { idempotencyKey?: string | undefined; waitSeconds: number },
  ): Promise<ProposalAnswer> {
    return this.#call(proposalAnswer, {
      path: `/proposals?wait=${options.waitSeconds}`,
      method: "POST",
      body,
      as: "proposer",
      headers:
        options.idempotencyKey === undefined ? {} : { "idempotency-key": options.idempotencyKey },
    });
  }

  async proposal(
    id: string,
    waitSeconds = 0,
    as: Call["as"] = "operator",
  ): Promise<ProposalAnswer> {
    for (let left = waitSeconds; ;) {
      const { headers, body } = await this.#answerTo(proposalAnswer, {
        path: `/proposals/${encodeURIComponent(id)}?wait=${left}`,
        as,
      });
      // A gate that lets nobody else wait tells when to ask again.
      const pause = Math.min(left, Number(headers.get("retry-after") ?? 0));
      if (body.final || !(pause > 0)) {
        return body;
      }
      await this.#io.sleep(pause * 1_000);
      left -= pause;
    }
  }

  /** The history and the head that it must end in: both of one moment. */
  async trail(id: string): Promise<TrailAnswer> {
    const answer = await this.#call(trailAnswer, {
      path: `/proposals/${encodeURIComponent(id)}/events`,
    });
    // The head is read first: an event that came in between is not part of this look.
    return { ...answer, events: answer.events.slice(0, answer.head.seq) };
  }

  page(query: ListQuery): Promise<z.infer<typeof proposalPage>> {
    const { open, service, incident, wouldHave, limit, cursor } = query;
    const parameters = new URLSearchParams({
      ...(open === undefined ? {} : { open: String(open) }),
      ...(service === undefined ? {} : { service }),
      ...(incident === undefined ? {} : { incident_id: incident }),
      ...(wouldHave === undefined ? {} : { would_have: wouldHave }),
      ...(limit === undefined ? {} : { limit: String(limit) }),
      ...(cursor === undefined ? {} : { cursor }),
    });
    return this.#call(proposalPage, { path: `/proposals?${parameters.toString()}` });
  }

  /** All that match, newest first, a page at a time. */
  async *all(query: ListQuery): AsyncGenerator<ProposalAnswer> {
    let cursor: string | null = null;
    do {
      const page: z.infer<typeof proposalPage> = await this.page({
        ...query,
        limit: 200,
        ...(cursor === null ? {} : { cursor }),
      });
      yield* page.proposals;
      ({ cursor } = page);
    } while (cursor !== null);
  }

  /** The gate's time: that of an embedded gate may have been moved on. */
  async now(): Promise<number> {
    const { time } = await this.#call(healthAnswer, { path: "/healthz" });
    return Date.parse(time);
  }

  withdraw(id: string, reason: string): Promise<ProposalAnswer> {
    const query = new URLSearchParams({ reason });
    return this.#call(proposalAnswer, {
      path: `/proposals/${encodeURIComponent(id)}?${query.toString()}`,
      method: "DELETE",
    });
  }

  killSwitch(): Promise<KillSwitchAnswer> {
    return this.#call(killSwitchAnswer, { path: "/operator/kill-switch", missing: NO_ROUTES });
  }

  setKillSwitch(
    on: boolean,
    reason: string | null,
    scope: SwitchScope & { unlisted?: boolean },
  ): Promise<KillSwitchAnswer> {
    return this.#call(killSwitchAnswer, {
      path: "/operator/kill-switch",
      method: "PUT",
      body: { on, reason, ...scope },
      missing: NO_ROUTES,
    });
  }

  async alarms(limit: number): Promise<z.infer<typeof alarmsAnswer>["alarms"]> {
    const { alarms } = await this.#call(alarmsAnswer, {
      path: `/operator/alarms?limit=${limit}`,
      missing: NO_ROUTES,
    });
    return alarms;
  }

  acknowledge(key: string, note: string | null): Promise<AlarmAnswer> {
    return this.#call(alarmAnswer, {
      path: "/operator/alarms/acknowledge",
      method: "POST",
      body: { key, note },
    });
  }

  async *ownTrails(): AsyncGenerator<TrailAnswer> {
    let cursor: string | null = null;
    do {
      const query = cursor === null ? "" : `?${new URLSearchParams({ cursor }).toString()}`;
      const page: z.infer<typeof trailsAnswer> = await this.#call(trailsAnswer, {
        path: `/operator/trails${query}`,
        missing: NO_ROUTES,
      });
      for (const { subject, ...trail } of page.trails) {
        yield { proposal: subject, ...trail };
      }
      ({ cursor } = page);
    } while (cursor !== null);
  }

  gatingInForce(): Promise<GatingAnswer> {
    return this.#call(gatingAnswer, { path: "/operator/gating", missing: NO_ROUTES });
  }

  async #call<T extends z.ZodType>(schema: T, call: Call): Promise<z.infer<T>> {
    return (await this.#answerTo(schema, call)).body;
  }

  async #answerTo<T extends z.ZodType>(
    schema: T,
    call: Call,
  ): Promise<{ headers: Headers; body: z.infer<T> }> {
    const { url, operatorToken, proposerToken } = this.connection;
    const token = call.as === "proposer" ? proposerToken : operatorToken;
    const answer = await request(this.#io, `${url}${call.path}`, {
      method: call.method ?? "GET",
      headers: { authorization: `Bearer ${token}`, ...call.headers },
      body: call.body,
    });
    if (answer.status === 404 && call.missing !== undefined) {
      throw new CliError(call.missing, { hint: BY_LEDGER });
    }
    if (answer.status >= 300) {
      throw refused(url, answer);
    }
    const parsed = schema.safeParse(answer.body);
    if (!parsed.success) {
      throw notAGate(url);
    }
    return { headers: answer.headers, body: parsed.data };
  }
}

const NO_ROUTES =
  "this address has no routes for operators: a gate in AWS is asked by its ledger, with AWS credentials";
const BY_LEDGER = "use --stack <name>, --outputs <file> or --table <ledger table>";

/** Whether it is this machine: what to look at differs. */
export function isHere(url: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(url).hostname);
}

export interface Answer {
  status: number;
  headers: Headers;
  /** Undefined when it was no JSON. */
  body: unknown;
}

/** One HTTP call with JSON both ways. No redirect is followed, so that no token goes astray. */
export async function request(
  io: Io,
  url: string,
  call: { method: string; headers?: Record<string, string>; body?: unknown },
): Promise<Answer> {
  let response: Response;
  let text: string;
  try {
    response = await io.fetch(url, {
      method: call.method,
      redirect: "manual",
      headers: {
        "user-agent": USER_AGENT,
        ...call.headers,
        ...(call.body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), io.stopping]),
    });
    text = await response.text();
  } catch (error) {
    if (io.stopping.aborted) {
      throw new CliError("stopped");
    }
    const { origin } = new URL(url);
    const timedOut = error instanceof Error && error.name === "TimeoutError";
    throw new CliError(
      timedOut
        ? `the gate at ${origin} did not answer within ${TIMEOUT_MS / 1000} s`
        : `no gate answers at ${origin}`,
      {
        hint: isHere(url)
          ? "start that gate again, or check --url (GATE_URL)"
          : "check --url (GATE_URL), the network and the gate's own log; the ledger of one in AWS is asked with --stack or --table",
      },
    );
  }
  try {
    return { status: response.status, headers: response.headers, body: JSON.parse(text) };
  } catch {
    return { status: response.status, headers: response.headers, body: undefined };
  }
}

function refused(url: string, { status, body }: Answer): CliError {
  const told = refusal.safeParse(body);
  if (!told.success) {
    return status === 404 || status < 400
      ? notAGate(url)
      : new CliError(`the gate at ${url} answered ${status}`, {
          hint: "its log may say why",
          details: { status },
        });
  }
  const { error, ...more } = told.data;
  return new CliError(error, {
    details: { status, ...more },
    hint:
      status === 401
        ? "check --token (GATE_TOKEN); the token of a gate on this machine is found by its --data-dir"
        : status === 403
          ? "use an operator's token"
          : null,
  });
}

function notAGate(url: string): CliError {
  return new CliError(`what answers at ${url} is no gate that this command knows`, {
    hint: "check --url (GATE_URL)",
  });
}
