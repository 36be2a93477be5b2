import * as z from "zod";
import { admitted } from "../gate/ledger/admission.ts";
import type { ProposerLimits } from "../gate/ports/index.ts";
import { ABSENT, pause } from "./dynamoTable.ts";
import type { DynamoTable } from "./dynamoTable.ts";
import { admissionKey, goneAfter } from "./ledgerItems.ts";
import { pack, packed, unpack } from "./packed.ts";

const ROUNDS = 30;

const item = z.object({ revision: z.number(), times: packed });
const timesShape = z.array(z.number());

/** Null: it may propose, which is counted; else how long to wait. */
export async function admit(
  table: DynamoTable,
  proposer: string,
  limits: ProposerLimits,
  nowMs: number,
): Promise<number | null> {
  const key = admissionKey(proposer);
  for (let round = 0; round < ROUNDS; round += 1) {
    const found = await table.get(key);
    const before = found === null ? null : item.parse(found);
    const known = before === null ? [] : timesShape.parse(JSON.parse(unpack(before.times)));
    const { times, waitMs } = admitted(known, limits, nowMs);
    if (times === null) {
      return waitMs;
    }
    const put = {
      ...key,
      revision: (before?.revision ?? 0) + 1,
      times: pack(`proposals of ${proposer}`, JSON.stringify(times)),
      ...goneAfter(nowMs),
    };
    const condition =
      before === null
        ? ABSENT
        : { expression: "revision = :before", values: { ":before": before.revision } };
    if ((await table.transact([{ put, condition }])) === null) {
      return null;
    }
    await pause(round);
  }
  throw new Error(`proposals of ${proposer} could not be counted: others kept counting`);
}
