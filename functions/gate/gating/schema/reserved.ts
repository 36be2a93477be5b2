/** What the gate itself tells a reviewer, in the order in which it is read: the public recipe's keys follow on what is to be done. */
export const detailKeys = [
  "target",
  "incident_id",
  "service",
  "runbook",
  "severity",
  "affected_regions",
  "runbook_description",
  "parameter_descriptions",
  "not_sent_to_pagerduty",
  "incident_title",
  "incident_url",
  "incident_age",
  "pagerduty_incident",
  "service_id",
  "priority",
  "urgency",
  "proposer",
  "proposer_says",
  "evidence",
  "risk",
  "decide_by",
  "on_no_answer",
  "valid_for",
  "approval_valid_until",
  "editable",
  "kill_switch",
  "also_open",
  "also_rejected",
  "runs_this_hour",
  "action_digest",
  "proposal_id",
  "attempt_id",
] as const;

export type DetailKey = (typeof detailKeys)[number];

/**
 * No parameter may have one of these names: it stands among the details, where the gate's own word would replace it, or
 * would be taken for what the gate or the approval around the details says.
 */
export const reservedDetailKeys = [
  ...detailKeys,
  "action",
  "incident_number",
  "justification",
  "parameters",
] as const;
