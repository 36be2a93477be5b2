import type { Ledger } from "../../functions/gate/ports/index.ts";
import type { TestClock } from "./proposals.ts";

/** What the parts of the contract use: the ledger and clock of the running test. */
export interface Subject {
  readonly ledger: Ledger;
  readonly clock: TestClock;
}
