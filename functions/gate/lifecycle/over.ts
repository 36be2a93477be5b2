import { incidentLabel } from "../proposal/incidents.ts";
import type { Incident, MergeTarget, Outcome } from "../proposal/proposal.ts";
import type { Known, Look } from "./known.ts";

type Over = { look: Look } | { outcome: Omit<Outcome, "atMs"> };

/**
 * How a proposal ends whose incident is over. One that was merged is not solved: its problem goes on in another incident,
 * on which nothing runs by itself.
 * @param when "before the action ran", at the end of a sentence.
 */
export function whenOver(known: Known, incident: Incident, when: string): Over {
  const label = incidentLabel(incident);
  const { mergedInto } = incident;
  if (mergedInto === undefined) {
    return {
      outcome: {
        kind: "suppressed",
        reason: "incidentResolved",
        text: `${label} was resolved ${when}.`,
      },
    };
  }
  if (mergedInto.id !== null && known.mergeTarget === undefined) {
    return { look: { at: "mergeTarget", id: mergedInto.id } };
  }
  const target = targetOf(mergedInto.id, known);
  return {
    outcome: {
      kind: "suppressed",
      reason: "incidentMerged",
      text: `${label} was merged into ${target.label} ${when}${target.open ? "" : ", and that one is resolved as well"}. Nothing is run there by itself.`,
      mergedInto: target,
    },
  };
}

/** What cannot be looked at counts as open: then people are told of it as of what still waits. */
function targetOf(id: string | null, { mergeTarget }: Known): MergeTarget {
  const found = mergeTarget?.ok === true ? mergeTarget.value : null;
  return found === null
    ? { id, label: id === null ? "another incident" : `incident ${id}`, url: null, open: true }
    : {
        id: found.id,
        label: incidentLabel(found),
        url: found.url,
        open: found.status !== "resolved",
      };
}
