import { GatingError } from "./errors.ts";
import { isRunEvent } from "../schema/events.ts";
import { Report } from "./report.ts";
import { show } from "../schema/show.ts";
import type { ServiceGating } from "../schema/types.ts";

/** Throws a {@link GatingError} with every event that a rule waits for and that the gate is never told of. */
export function refuseUnheard(
  services: Readonly<Record<string, ServiceGating>>,
  subscribed: readonly string[],
): void {
  const report = new Report();
  const allowed = subscribed.filter((event) => !isRunEvent(event)).sort();
  for (const [service, { rules }] of Object.entries(services)) {
    rules.forEach(({ name, match }, index) => {
      const at = ["services", service, "rules", index];
      report.label(at, name);
      for (const event of (match.event ?? []).filter((one) => !allowed.includes(one))) {
        report.field(
          [...at, "match", "event"],
          `must be an event that the gate subscribes to: ${allowed.join(", ")}, got ${show(event)}; \`webhook.events\` of the gate sets them (\`webhookEvents\` in the configuration of its stack)`,
        );
      }
    });
  }
  if (report.problems.length > 0) throw new GatingError(report.problems);
}
