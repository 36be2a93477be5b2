import { judgeAlarms, judgeEnds, judgeTexts } from "./ends.ts";
import type { Evidence, Violation } from "./evidence.ts";
import { judgeDelays } from "./delays.ts";
import { judgeOutsiders } from "./outsiders.ts";
import { judgeRuns } from "./runs.ts";

export type { Violation } from "./evidence.ts";

/** Everything that is wrong with a history that has ended. */
export async function judge(evidence: Evidence): Promise<Violation[]> {
  return [
    ...judgeRuns(evidence),
    ...(await judgeEnds(evidence)),
    ...(await judgeAlarms(evidence)),
    ...judgeTexts(evidence),
    ...judgeOutsiders(evidence),
    ...judgeDelays(evidence),
  ];
}
