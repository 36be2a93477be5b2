/**
 * Writes to the ledger in `argv[2]` without end and says so after each acknowledged write, for a parent that kills it.
 * Each line: what was written, and what must be found of it from then on.
 */
import { writeSync } from "node:fs";
import { openSqliteLedger } from "../../../local/ledger/ledger.ts";
import {
  START_MS,
  newAlarm,
  newDelivery,
  newInvocation,
  newProposal,
  nextVersion,
} from "../../contract/proposals.ts";

const [, , file = ""] = process.argv;
const ledger = openSqliteLedger(file, { now: () => START_MS });

function acknowledged(kind: string, id: string, version = 0): void {
  writeSync(1, `${JSON.stringify([kind, id, version])}\n`);
}

for (let i = 1; ; i += 1) {
  const id = `p${i}`;
  const first = newProposal(id);
  const idempotency = { scope: "remediator", key: id, requestHash: id };
  await ledger.create(first.proposal, first.events, { idempotency });
  acknowledged("proposal", id, 1);
  await ledger.hint(id, { id: "a", kind: "decision", atMs: START_MS, data: {} });
  acknowledged("hint", id);
  const next = nextVersion(first.proposal);
  await ledger.save(next.proposal, next.events, { links: [`link ${id}`] });
  acknowledged("proposal", id, 2);
  acknowledged("link", id);
  const delivery = newDelivery(`d${i}`);
  await ledger.accept(delivery);
  acknowledged("delivery", delivery.id, 0);
  await ledger.saveDelivery({ ...delivery, tries: 1 });
  acknowledged("delivery", delivery.id, 1);
  await ledger.raise(newAlarm(`a${i}`));
  acknowledged("alarm", `a${i}`);
  await ledger.putInvocation(newInvocation(`i${i}`));
  acknowledged("invocation", `i${i}`);
  // One that is thrown again keeps the time of the first.
  await ledger.setKillSwitch({ on: false, reason: null, by: null, atMs: i });
  acknowledged("killSwitch", "", i);
}
