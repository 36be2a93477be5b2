import { ruleFor } from "../world/gatings.ts";
import { runsOf, seconds, wishOf, type Evidence, type Violation } from "./evidence.ts";

/** What knocked and must be refused, who took back what was theirs or was not, and rules that are only tried. */
export function* judgeOutsiders(evidence: Evidence): Generator<Violation> {
  const { everybody } = evidence;
  for (const { what, status } of everybody.intruders.knocks) {
    if (status !== null && status < 300) {
      yield { rule: "3 forged", text: `${what} was answered ${status}` };
    }
  }
  for (const { item, by, caller, status, atMs } of everybody.withdrawals) {
    if (by === "stranger" && status !== null && status < 300) {
      yield { rule: "15 stranger", text: `${caller}, who did not propose ${item}, withdrew it` };
    }
    const [run] = runsOf(evidence, item);
    if (status === 200 && run !== undefined) {
      yield {
        rule: "15 withdrawn",
        text: `${item} was told to be withdrawn at ${seconds(evidence, atMs)}, and ran as ${run.id} at ${seconds(evidence, run.atMs)}`,
      };
    }
  }
  yield* judgeDryRuns(evidence);
}

/** A rule in a dry run asks nobody and proposes nothing. */
function* judgeDryRuns(evidence: Evidence): Generator<Violation> {
  for (const item of evidence.created.keys()) {
    const wish = wishOf(evidence, item);
    // Where the incident was when it was asked for; what moves meanwhile meets other rules.
    const inForce = wish === null ? [] : (evidence.gatings.get(wish.serviceId ?? "") ?? []);
    if (wish === null || inForce.length === 0 || wish.incident === null) {
      continue;
    }
    const moved = new Set(
      (evidence.pagerDuty.history.get(wish.incident.id) ?? []).map(({ value }) => value.serviceId),
    );
    const asked = evidence.cheqpoint.asked.find((card) => card.item === item);
    const asks = inForce.some(({ value }) => ruleFor(value, wish).decision === "requireApproval");
    if (asked !== undefined && !asks && moved.size === 1) {
      yield {
        rule: "16 dry run",
        text: `${asked.id} asks about ${item}, which no rule asks about`,
      };
    }
    const { event } = wish;
    const proposes = inForce.some(({ value }) =>
      value.rules.some((rule) => rule.dryRun !== true && rule.match.event === event),
    );
    if (event !== null && !proposes && moved.size === 1) {
      yield { rule: "16 dry run", text: `${item} was proposed for ${event} by no rule in force` };
    }
  }
}
