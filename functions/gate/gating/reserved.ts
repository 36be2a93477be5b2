/**
 * Keys of the details that a reviewer sees. A parameter of the same name would let a proposer
 * overwrite what the reviewer is told, so no parameter may have one.
 */
export const reservedDetailKeys = [
  "incident_id",
  "incident_number",
  "incident_url",
  "incident_title",
  "incident_age",
  "service",
  "service_id",
  "runbook",
  "action",
  "target",
  "severity",
  "priority",
  "urgency",
  "affected_regions",
  "justification",
  "proposal_id",
  "attempt_id",
  "action_digest",
  "proposer",
  "evidence",
  "risk",
  "decide_by",
  "on_no_answer",
  "valid_for",
  "approval_valid_until",
  "parameters",
] as const;
