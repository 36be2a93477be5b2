/** One kind of error that the gate answers with, for programs. */
interface ErrorKind {
  status: number;
  /** Whether the same request may succeed later, without anybody changing anything. */
  retryable: boolean;
  /** For people: when it is answered. */
  meaning: string;
}

/**
 * Every error that the gate answers with, by its stable code. A code keeps its meaning and its status; new ones may be
 * added. docs/api.md lists them.
 */
export const errorKinds = {
  bodyUnreadable: {
    status: 400,
    retryable: false,
    meaning: "the body is not a JSON object that the gate can read",
  },
  fieldInvalid: {
    status: 400,
    retryable: false,
    meaning: "a field of the body is missing, not known, or has a value that is not allowed",
  },
  runbookUnknown: {
    status: 400,
    retryable: false,
    meaning: "the gating has no such runbook for the service",
  },
  parameterInvalid: {
    status: 400,
    retryable: false,
    meaning: "a parameter of the runbook is missing, not known, or has a value that is not allowed",
  },
  queryInvalid: {
    status: 400,
    retryable: false,
    meaning: "a part of the query has a value that is not allowed",
  },
  headerInvalid: {
    status: 400,
    retryable: false,
    meaning: "a header has a value that is not allowed",
  },
  tokenUnknown: {
    status: 401,
    retryable: false,
    meaning: "the request has no token, or none that the gate knows",
  },
  signatureInvalid: {
    status: 401,
    retryable: false,
    meaning: "the delivery is not signed by PagerDuty",
  },
  tokenNotAllowed: { status: 403, retryable: false, meaning: "the token may not do this" },
  routeUnknown: { status: 404, retryable: false, meaning: "the gate has no such route" },
  proposalUnknown: {
    status: 404,
    retryable: false,
    meaning: "this token has no such proposal; another proposer's looks like none",
  },
  serviceUnknown: {
    status: 404,
    retryable: false,
    meaning: "there is no such service for which this token may propose anything",
  },
  alarmUnknown: { status: 404, retryable: false, meaning: "there is no such alarm" },
  methodNotAllowed: {
    status: 405,
    retryable: false,
    meaning: "the route exists, but not with this method; `Allow` names those it has",
  },
  idempotencyConflict: {
    status: 409,
    retryable: false,
    meaning: "the `Idempotency-Key` was used for another request",
  },
  gateIncident: {
    status: 409,
    retryable: false,
    meaning: "the gate itself made the incident; nothing is proposed for it",
  },
  proposalClaimed: {
    status: 409,
    retryable: false,
    meaning: "the action is about to run, or has run; `state` tells which",
  },
  proposalEnded: {
    status: 409,
    retryable: false,
    meaning: "the proposal has its outcome; `state` tells which",
  },
  bodyTooLarge: { status: 413, retryable: false, meaning: "the body is too large" },
  proposedTooOften: {
    status: 429,
    retryable: true,
    meaning: "the proposer sent too many requests; `Retry-After` tells when to send it again",
  },
  signatureNotKnownYet: {
    status: 429,
    retryable: true,
    meaning: "the delivery is signed with a secret that the gate has not read yet",
  },
  unavailable: {
    status: 503,
    retryable: true,
    meaning: "the store, a secret or PagerDuty cannot be reached; nothing was taken",
  },
} as const satisfies Record<string, ErrorKind>;

/** Names one kind of error; see {@link errorKinds}. */
export type ErrorCode = keyof typeof errorKinds;
