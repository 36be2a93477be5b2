import { RemoteError } from "../gate/ports/index.ts";

/** PagerDuty's ids, old (`PINC001`), new (26 characters) and UUIDs alike. */
export function isId(value: string): boolean {
  return /^[A-Za-z0-9_-]{1,100}$/.test(value);
}

/** `value` for use in a path. Refused before anything is sent where it would name something else. */
export function asPathId(field: string, value: string): string {
  if (isId(value)) return value;
  throw new RemoteError(
    `\`${field}\` must be a PagerDuty id of letters, digits, "-" and "_", got ${JSON.stringify(value.slice(0, 100))}`,
    { nothingDone: true, retryable: false },
  );
}
