import type { Endpoints } from "../address.ts";
import type { Calls } from "./calls.ts";

export interface ScenarioReport {
  name: string;
  /** What happened, a sentence each. */
  happened: string[];
  proposalIds: string[];
  /** What to do or to look at next, a sentence each. */
  lookAt: string[];
}

export interface Scenario {
  name: string;
  /** A few words for a button. */
  title: string;
  /** One sentence on what it shows. */
  shows: string;
  run(calls: Calls, endpoints: Endpoints): Promise<Omit<ScenarioReport, "name">>;
}
