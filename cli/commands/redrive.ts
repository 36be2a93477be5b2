import { Command } from "commander";
import { redrive, type Redriven } from "../../functions/worker/redrive.ts";
import { deadLettersOf } from "../deployed/deadLetters.ts";
import { dynamoOf, sqsOf } from "../deployed/awsClients.ts";
import { awsErrorOf } from "../deployed/awsErrors.ts";
import { targetOf, withStackOptions, type StackOptions } from "../deployed/target.ts";
import { CliError, usage } from "../errors.ts";
import { printJson, withJson } from "../options.ts";
import type { Context } from "../context.ts";
import { counted } from "../text.ts";

interface RedriveOptions extends StackOptions {
  dryRun?: boolean;
  json?: boolean;
}

const FATES = {
  queued: "put back into the work queue",
  done: "removed: it has ended already",
  left: "left where it is: not a message of this gate, or about what its ledger does not know",
} as const;

export function redriveCommand({ io, exitWith }: Context): Command {
  return withStackOptions(
    withJson(
      new Command("redrive").description(
        "Take up the dead letters of a gate in AWS again. Nothing is done twice by it: a message only says what to look at. Needs AWS credentials. Exit code 1 when something is left.",
      ),
    ),
  )
    .option("--dry-run", "only tell what would become of each")
    .addHelpText(
      "after",
      `
Examples:
  $ gate redrive --stack prod --dry-run
  $ gate redrive --stack prod`,
    )
    .action(async (options: RedriveOptions) => {
      const target = targetOf(io, options);
      if (target === null) {
        throw usage(
          "name the gate in AWS by --stack or --outputs",
          "one machine has no dead letters",
        );
      }
      const { queueUrl, deadLetterQueueUrl } = target.outputs ?? {};
      if (queueUrl === undefined || deadLetterQueueUrl === undefined) {
        throw new CliError(
          "the stack does not tell the gate's `queueUrl` and `deadLetterQueueUrl`",
          {
            hint: "run `pulumi up` with this release, whose `gate` tells them, or export both",
          },
        );
      }
      const dryRun = options.dryRun === true;
      const [dynamo, sqs, { createDynamoLedger }, { createSqsQueue }] = await Promise.all([
        dynamoOf(target),
        sqsOf(target),
        import("../../functions/aws/dynamoLedger.ts"),
        import("../../functions/aws/sqsQueue.ts"),
      ]);
      let found: Redriven[];
      try {
        found = await redrive(
          {
            deadLetters: await deadLettersOf(sqs, deadLetterQueueUrl),
            ledger: createDynamoLedger(dynamo, target.ledgerTable, { now: () => Date.now() }),
            queue: createSqsQueue(sqs, queueUrl),
          },
          { dryRun },
        );
      } catch (error) {
        throw awsErrorOf(error, { what: "gate's queues and ledger", region: target.region });
      }
      if (found.some(({ fate }) => fate === "left")) {
        exitWith(1);
      }
      if (options.json === true) {
        printJson(io, { dryRun, letters: found });
        return;
      }
      io.out(toldOf(found, dryRun));
    });
}

function toldOf(found: readonly Redriven[], dryRun: boolean): string {
  if (found.length === 0) {
    return "No dead letters.\n";
  }
  const lines = found.map(
    ({ id, item, fate }) =>
      `${item === null ? `message ${id}` : `${item.kind} ${item.id}`}  ${FATES[fate]}\n`,
  );
  const end = dryRun ? "Nothing was changed: without --dry-run this is what is done.\n" : "";
  return `${lines.join("")}${counted(found.length, "dead letter")}\n${end}`;
}
