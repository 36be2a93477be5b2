import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Endpoints } from "../address.ts";

/** What the scenarios do by HTTP, as anybody could. */
export interface Calls {
  /** Opens an incident on a service and tells its id and number. */
  incident(of: { service: string; title: string; priority?: string }): Promise<Raised>;
  /** Proposes with the agent's token. */
  propose(body: Readonly<Record<string, unknown>>): Promise<ProposalAnswer>;
  /** The proposal once it goes no further by itself: somebody can decide it, the kill switch holds it, or it has ended. */
  settled(id: string): Promise<ProposalAnswer>;
  /** How many approval requests the inbox holds for these proposals. */
  requestsFor(proposalIds: readonly string[]): Promise<number>;
  /** All proposals of an incident, newest first. */
  proposalsOf(incidentId: string): Promise<ProposalAnswer[]>;
  alarms(): Promise<{ kind: string; text: string; incidentId: string | null }[]>;
  /** Runs an automation action past the gate, as a person with access to PagerDuty can. */
  invokeAs(userId: string, actionId: string, incidentId: string): Promise<string>;
  deliverTwice(eventType: string): Promise<void>;
}

export interface Raised {
  id: string;
  number: number;
  label: string;
  url: string;
}

/** A scenario could not do what it shows. Printed without a stack. */
export class ScenarioError extends Error {
  override readonly name = "ScenarioError";
  /** What was answered; null: nothing, or nothing that could be used. */
  readonly status: number | null;

  constructor(message: string, status: number | null = null) {
    super(message);
    this.status = status;
  }
}

const LOOK_EVERY_MS = 50;
const SETTLED_WITHIN_MS = 10_000;

const proposalAnswer = z.object({
  id: z.string(),
  status: z.string(),
  final: z.boolean(),
  rule_decision: z.string().nullable(),
  on_expiry: z.string().nullable(),
  review_url: z.string().nullable(),
  held_by_kill_switch_since: z.string().nullable(),
  outcome: z.object({ text: z.string() }).nullable(),
});
export type ProposalAnswer = z.infer<typeof proposalAnswer>;

export function isHeld(proposal: ProposalAnswer): boolean {
  return proposal.held_by_kill_switch_since !== null;
}

const named = z.object({ id: z.string(), name: z.string() });
const madeIncident = z.object({
  incident: z.object({ id: z.string(), incident_number: z.number(), html_url: z.string() }),
});
const invocation = z.object({ invocation: z.object({ id: z.string() }) });
const approvalList = z.object({
  approvals: z.array(z.object({ details: z.record(z.string(), z.unknown()) })),
});
const alarmList = z.object({
  alarms: z.array(
    z.object({ kind: z.string(), text: z.string(), incident_id: z.string().nullable() }),
  ),
});

export function callsTo(endpoints: Endpoints): Calls {
  const { gate, pagerduty, cheqpoint } = endpoints;
  const withToken = (token: string): Record<string, string> => ({
    authorization: `Token token=${token}`,
  });
  const own = { ...withToken(pagerduty.token), from: pagerduty.from };
  const operator = { authorization: `Bearer ${gate.operatorToken}` };
  const agent = { authorization: `Bearer ${gate.proposerToken}` };

  const idOf = async (list: "services" | "priorities", name: string): Promise<string> => {
    const answer = await call(`${pagerduty.url}/${list}?limit=100`, own);
    const { [list]: all = [] } = z.record(z.string(), z.unknown()).parse(answer);
    const found = z
      .array(named)
      .parse(all)
      .find((one) => one.name === name);
    if (found === undefined) {
      throw new ScenarioError(`PagerDuty has none of name "${name}" among its ${list}`);
    }
    return found.id;
  };

  return {
    async incident({ service, title, priority }) {
      const body = {
        incident: {
          type: "incident",
          title,
          urgency: "high",
          service: { id: await idOf("services", service), type: "service_reference" },
          ...(priority === undefined
            ? {}
            : {
                priority: { id: await idOf("priorities", priority), type: "priority_reference" },
              }),
        },
      };
      const { incident } = madeIncident.parse(
        await call(`${pagerduty.url}/incidents`, own, "POST", body),
      );
      const { id, incident_number: number, html_url: url } = incident;
      return { id, number, label: `INC-${number}`, url };
    },
    async propose(body) {
      return proposalAnswer.parse(await call(`${gate.url}/proposals`, agent, "POST", body));
    },
    async settled(id) {
      for (let waitedMs = 0; ; waitedMs += LOOK_EVERY_MS) {
        const now = proposalAnswer.parse(await call(`${gate.url}/proposals/${id}`, operator));
        const isSettled = now.final || isHeld(now) || now.review_url !== null;
        if (isSettled || waitedMs >= SETTLED_WITHIN_MS) {
          return now;
        }
        await sleep(LOOK_EVERY_MS);
      }
    },
    async requestsFor(proposalIds) {
      const answer = await call(`${cheqpoint.url}/_emulator/approvals?limit=1000`, {});
      return approvalList
        .parse(answer)
        .approvals.filter(({ details }) => proposalIds.includes(String(details["proposal_id"])))
        .length;
    },
    async proposalsOf(incidentId) {
      const answer = await call(`${gate.url}/proposals?incident_id=${incidentId}`, operator);
      return z.object({ proposals: z.array(proposalAnswer) }).parse(answer).proposals;
    },
    async alarms() {
      const { alarms } = alarmList.parse(await call(`${gate.url}/operator/alarms`, operator));
      return alarms.map(({ kind, text, incident_id: incidentId }) => ({ kind, text, incidentId }));
    },
    async invokeAs(userId, actionId, incidentId) {
      const made = await call(`${pagerduty.url}/_emulator/tokens`, {}, "POST", { user_id: userId });
      const { token } = z.object({ token: z.string() }).parse(made);
      const answer = await call(
        `${pagerduty.url}/automation_actions/actions/${actionId}/invocations`,
        withToken(token),
        "POST",
        { invocation: { metadata: { incident_id: incidentId } } },
      );
      return invocation.parse(answer).invocation.id;
    },
    async deliverTwice(eventType) {
      await call(`${pagerduty.url}/_emulator/faults`, {}, "POST", {
        call: `webhook ${eventType}`,
        duplicate: true,
      });
    },
  };
}

async function call(
  url: string,
  headers: Readonly<Record<string, string>>,
  method = "GET",
  body?: unknown,
): Promise<unknown> {
  const { host, pathname } = new URL(url);
  let answer: Response;
  try {
    answer = await fetch(url, {
      method,
      headers: {
        ...headers,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
  } catch {
    throw new ScenarioError(`nothing answers at http://${host}: start it with \`npm start\``);
  }
  const text = await answer.text();
  if (answer.status === 429) {
    const after = answer.headers.get("retry-after");
    throw new ScenarioError(
      `the gate's brake holds the agent, which has proposed too often: play it again ${after === null ? "later" : `in ${after} s`}`,
      429,
    );
  }
  if (!answer.ok) {
    throw new ScenarioError(
      `${method} http://${host}${pathname} answered ${answer.status}: ${text}`,
      answer.status,
    );
  }
  return text === "" ? null : (JSON.parse(text) as unknown);
}
