import { setTimeout as sleep } from "node:timers/promises";
import { SEED } from "../../emulators/pagerduty/seed.ts";
import { ScenarioError } from "./calls.ts";
import type { Scenario } from "./scenario.ts";

const LOOK_EVERY_MS = 100;
const NOTICED_WITHIN_MS = 15_000;

export const bypass: Scenario = {
  name: "bypass",
  title: "Bypass",
  shows:
    "Somebody runs the failover in PagerDuty, past the gate: the gate notices and raises an alarm.",
  async run(calls, endpoints) {
    const incident = await calls.incident({
      service: "payments-db",
      title: "Slow queries on payments-db",
      priority: "P2",
    });
    const { dbFailover } = SEED.actions;
    const invocationId = await calls.invokeAs(SEED.users.jo, dbFailover, incident.id);
    for (let waitedMs = 0; waitedMs < NOTICED_WITHIN_MS; waitedMs += LOOK_EVERY_MS) {
      const alarms = await calls.alarms();
      const alarm = alarms.find((one) => one.text.includes(invocationId));
      if (alarm !== undefined) {
        return {
          happened: [
            `Incident ${incident.label} was opened on payments-db.`,
            `Jo Keller ran automation action ${dbFailover} in PagerDuty, without asking.`,
            `The gate raised an alarm: ${alarm.text}`,
          ],
          proposalIds: [],
          lookAt: [
            `The alarm on the timeline: ${endpoints.gate.url}`,
            `The note on the incident: ${incident.url}`,
            "All alarms: `npx gate alarms`.",
          ],
        };
      }
      await sleep(LOOK_EVERY_MS);
    }
    throw new ScenarioError(
      `the gate did not notice invocation ${invocationId} within ${NOTICED_WITHIN_MS / 1000} s; its log may say why`,
    );
  },
};
