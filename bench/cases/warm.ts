import { sha256Hex } from "../../functions/gate/text/token.ts";
import { newProposal } from "../../test/contract/proposals.ts";
import { missingAws } from "../../test/engine/localAws.ts";
import { openLocalGate, SIGNING_SECRET } from "../localGate.ts";
import type { LocalGate } from "../localGate.ts";
import { timeEach } from "../measure.ts";
import { eventBody, headersOf } from "../pagerDutyEvent.ts";
import type { BenchCase } from "./benchCase.ts";

const OPERATIONS = 50;
const PROPOSAL_ID = "prop_bench";
const CALLBACK_TOKEN = "bench-callback-token-0001";

interface Subject {
  name: string;
  /** The event with that number. */
  event(sent: number): unknown;
  /** What its answer must say. */
  expected: RegExp;
}

const httpEvent = (routeKey: string, body: Buffer, more: object) => ({
  version: "2.0",
  routeKey,
  requestContext: { http: { method: "POST" } },
  body: body.toString("utf8"),
  ...more,
});

/** The AWS clients ask for these before they ask the endpoint. */
function missingVariable(): string | null {
  const names = ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
  const missing = names.find((name) => process.env[name] === undefined);
  return missing === undefined ? null : `no local AWS: ${missing} is not set`;
}

const SUBJECTS = {
  middleware: {
    name: "warm webhook in the deployed middleware, stored in a local AWS",
    event: (sent) => {
      const body = eventBody(sent);
      return httpEvent("POST /pagerduty/webhook", body, {
        rawPath: "/pagerduty/webhook",
        headers: headersOf(body, sent, SIGNING_SECRET),
      });
    },
    expected: /"statusCode": ?202/,
  },
  callback: {
    name: "warm callback in the deployed receiver, its hint stored in a local AWS",
    event: () =>
      httpEvent("POST /cheqpoint/callback/{token}", Buffer.from('{"status":"APPROVED"}'), {
        rawPath: `/cheqpoint/callback/${CALLBACK_TOKEN}`,
        pathParameters: { token: CALLBACK_TOKEN },
        headers: { "content-type": "application/json" },
      }),
    expected: /"statusCode": ?200/,
  },
  worker: {
    name: "warm visit of the deployed worker to a closed proposal in a local AWS",
    event: (sent) => ({
      Records: [
        {
          messageId: `bench-${sent}`,
          eventSource: "aws:sqs",
          body: JSON.stringify({ kind: "proposal", id: PROPOSAL_ID }),
        },
      ],
    }),
    expected: /"batchItemFailures": ?\[\]/,
  },
} satisfies Record<string, Subject>;

/** A warm function in the bundle that is deployed, by way of a local AWS. */
export function warm(name: keyof typeof SUBJECTS): BenchCase {
  return async (scale) => {
    const missing =
      scale === "tiny"
        ? "a tiny run leaves the local AWS out"
        : (missingAws() ?? missingVariable());
    if (missing !== null) {
      return { skipped: missing };
    }
    const subject: Subject = SUBJECTS[name];
    const gate = await openLocalGate();
    await keepProposal(gate);
    const measured = await gate.deploy(`functions/${name}`);
    const empty = await gate.deploy("bench/functions/empty");
    let sent = 0;
    const invoke = async (called: string): Promise<string> => {
      sent += 1;
      return gate.invoke(called, subject.event(sent));
    };
    return {
      rounds: 10,
      pair: {
        name: subject.name,
        baseline: "a handler that does nothing but log, in the same local AWS",
        unit: "ms",
        operations: OPERATIONS,
        runSubject: () =>
          timeEach(OPERATIONS, async () => {
            const answer = await invoke(measured);
            if (!subject.expected.test(answer)) {
              throw new Error(`${measured} answered ${answer.slice(0, 300)}`);
            }
          }),
        runBaseline: () =>
          timeEach(OPERATIONS, async () => {
            await invoke(empty);
          }),
      },
      stop: () => gate.stop(),
    };
  };
}

/** A proposal to which the callback's token leads, and which needs nothing any more. */
async function keepProposal({ ledger }: LocalGate): Promise<void> {
  const { proposal, events } = newProposal(PROPOSAL_ID, { dueAtMs: null, closedAtMs: 1 });
  await ledger.create(proposal, events);
  const next = { ...proposal, version: proposal.version + 1 };
  await ledger.save(next, [], { links: [`token/${sha256Hex(CALLBACK_TOKEN)}`] });
}
