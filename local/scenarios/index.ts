import type { Endpoints } from "../address.ts";
import { callsTo } from "./calls.ts";
import { bypass } from "./bypass.ts";
import { diagnostics, failover, reassign, restart } from "./proposals.ts";
import type { Scenario, ScenarioReport } from "./scenario.ts";
import { storm } from "./storm.ts";

export { ScenarioError } from "./calls.ts";
export type { Scenario, ScenarioReport } from "./scenario.ts";

/** Things to see on the embedded gate, in the order in which they are best tried. */
export const scenarios: readonly Scenario[] = [
  failover,
  restart,
  reassign,
  diagnostics,
  storm,
  bypass,
];

/** Throws a RangeError for a name that there is not, and a {@link ScenarioError} for what does not go as it should. */
export async function runScenario(name: string, endpoints: Endpoints): Promise<ScenarioReport> {
  const found = scenarios.find((scenario) => scenario.name === name);
  if (found === undefined) {
    throw new RangeError(
      `there is no scenario "${name}"; there are: ${scenarios.map((one) => one.name).join(", ")}`,
    );
  }
  return { name, ...(await found.run(callsTo(endpoints), endpoints)) };
}
