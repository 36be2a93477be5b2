/** Randomness. */
export interface Ids {
  proposalId(): string;
  attemptId(): string;
  /** At least 256 bits, safe in a URL path. */
  token(): string;
}
