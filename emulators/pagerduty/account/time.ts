/** REST timestamps have whole seconds. */
export function restTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** Webhook envelopes carry milliseconds. */
export function webhookTime(ms: number): string {
  return new Date(ms).toISOString();
}

export function restTimeOrNull(ms: number | null): string | null {
  return ms === null ? null : restTime(ms);
}
