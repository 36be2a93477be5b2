import type { Clock, Ledger } from "../../functions/gate/ports/index.ts";
import { deliveryContract, reportContract } from "./ledgerDeliveries.ts";
import { admissionContract } from "./ledgerAdmission.ts";
import { collectionContract } from "./ledgerCollections.ts";
import { dedupeContract } from "./ledgerDedupe.ts";
import { holdContract } from "./ledgerHolds.ts";
import { listContract } from "./ledgerLists.ts";
import { dedupeModelContract } from "./ledgerModel.ts";
import { noContract } from "./ledgerNoes.ts";
import { placesContract } from "./ledgerPlaces.ts";
import { proposalContract } from "./ledgerProposals.ts";
import type { Subject } from "./ledgerSubject.ts";
import { trailContract } from "./ledgerTrails.ts";
import { TestClock } from "./proposals.ts";

/** An empty ledger and the way to give it up. */
export interface OpenedLedger {
  ledger: Ledger;
  close(): Promise<void>;
}

export interface ContractOptions {
  /** Random histories to compare with the model. */
  modelRuns: number;
}

/** What every ledger must do. `open` makes an empty one. */
export function ledgerContract(
  name: string,
  open: (clock: Clock) => Promise<OpenedLedger>,
  options: ContractOptions = { modelRuns: 100 },
): void {
  describe(`${name} keeps the ledger contract`, () => {
    let opened: OpenedLedger | null = null;
    let clock = new TestClock();
    const subject: Subject = {
      get ledger() {
        if (opened === null) {
          throw new Error("no ledger is open");
        }
        return opened.ledger;
      },
      get clock() {
        return clock;
      },
    };

    beforeEach(async () => {
      clock = new TestClock();
      opened = await open(clock);
    });

    afterEach(async () => {
      await opened?.close();
      opened = null;
    });

    proposalContract(subject);
    noContract(subject);
    placesContract(subject);
    admissionContract(subject);
    collectionContract(subject);
    dedupeContract(subject);
    holdContract(subject);
    listContract(subject);
    deliveryContract(subject);
    reportContract(subject);
    trailContract(subject);
    dedupeModelContract(subject, options.modelRuns);
  });
}
