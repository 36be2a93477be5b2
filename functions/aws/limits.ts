/** How long calls to one AWS service may take, and how often each is tried. */
export interface Limits {
  attempts: number;
  connectMs: number;
  /** For one attempt's answer to begin, and for each silence while it arrives. */
  answerMs: number;
}

/** The configuration of an AWS client that keeps the limits: what an AWS that falls silent would otherwise outlast. */
export function limited({ attempts, connectMs, answerMs }: Limits) {
  return {
    maxAttempts: attempts,
    requestHandler: {
      connectionTimeout: connectMs,
      // Ends with the answer's headers; only the socket's own limit sees a body that stops coming.
      requestTimeout: answerMs,
      socketTimeout: answerMs,
      // Without it a late answer is only logged.
      throwOnRequestTimeout: true,
    },
  };
}
