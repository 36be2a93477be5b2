import { ruleFor } from "../world/gatings.ts";
import { runsOf, seconds, wishOf, type Evidence, type Violation } from "./evidence.ts";

/** What a rule allows needs nobody; so the operator's manual has it. */
const COMES_WITHIN_MS = 5_000;
/** Deeds that may make a run wait, whoever hangs. */
const HOLDS: readonly string[] = ["killSwitch", "gating", "jump", "rotate", "rename", "move"];

/** A system that hangs delays nothing that does not need it: while Cheqpoint does, what a rule allows runs as ever. */
export function* judgeDelays(evidence: Evidence): Generator<Violation> {
  const { plan, startMs, pagerDuty, injected } = evidence;
  const hanging = (plan.outages ?? []).filter(
    ({ remote, hangs }) => remote === "cheqpoint" && hangs,
  );
  const isElse = (plan.outages ?? []).length > hanging.length;
  if (hanging.length === 0 || isElse || plan.acts.some(({ deed }) => HOLDS.includes(deed.kind))) {
    return;
  }
  for (const item of evidence.created.keys()) {
    const wish = wishOf(evidence, item);
    const [run] = runsOf(evidence, item);
    const gating = evidence.gatings.get(wish?.serviceId ?? "")?.[0]?.value;
    if (wish === null || run === undefined || gating === undefined) {
      continue;
    }
    const when = evidence.everybody.proposed.find(({ id }) => id === item)?.act.when;
    const fromMs =
      when !== undefined && "afterMs" in when ? startMs + when.afterMs : wish.arrivedAtMs;
    const toMs = run.sentAtMs;
    const isHung = hanging.some(
      (one) => startMs + one.fromMs < toMs && startMs + one.toMs > fromMs,
    );
    // One run at a time has an incident's fields, and what went wrong on the way has its own time.
    const isHeldUp =
      injected.some(({ atMs }) => atMs >= fromMs - 130_000 && atMs <= toMs) ||
      pagerDuty.runs.some((other) => other !== run && other.incidentId === run.incidentId);
    const isAllowed = ruleFor(gating, wish).decision === "allow";
    if (isHung && isAllowed && !isHeldUp && toMs - fromMs > COMES_WITHIN_MS) {
      yield {
        rule: "14 delayed",
        text: `${item}, which a rule allows, came at ${seconds(evidence, fromMs)} and was sent at ${seconds(evidence, toMs)}, while only Cheqpoint hung`,
      };
    }
  }
}
