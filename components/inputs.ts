import * as pulumi from "@pulumi/pulumi";

/** Refuses an input: shown without a stack, since the fault is in the program's arguments. */
export function refuse(message: string): never {
  throw new pulumi.RunError(message);
}

/** Whether nothing in the value has to be waited for. */
export function isPlain(value: unknown): boolean {
  if (pulumi.Output.isInstance(value) || value instanceof Promise) {
    return false;
  }
  if (pulumi.Resource.isInstance(value) || typeof value !== "object" || value === null) {
    return true;
  }
  return Object.values(value).every(isPlain);
}

/** Checks a plain value at once and any other as soon as it is known; what follows uses the checked value. */
export function checked<T, U>(
  input: pulumi.Input<T>,
  check: (value: pulumi.Unwrap<T>) => U,
): pulumi.Output<U> {
  const result: pulumi.Output<unknown> = isPlain(input)
    ? pulumi.output(check(input as pulumi.Unwrap<T>))
    : pulumi.output(input).apply(check);
  return result as pulumi.Output<U>;
}

/** How a value is shown in a message; never used on a secret. */
export function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(JSON.stringify(value));
}

export function integer(
  field: string,
  input: pulumi.Input<number>,
  min: number,
  max: number,
): pulumi.Output<number> {
  return checked(input, (value) => {
    if (!Number.isInteger(value) || value < min || value > max) {
      refuse(`\`${field}\` must be a whole number from ${min} to ${max}, got ${shown(value)}`);
    }
    return value;
  });
}

export function oneOf<T extends string | number>(
  field: string,
  input: pulumi.Input<T>,
  allowed: readonly T[],
): pulumi.Output<T> {
  return checked(input, (value) => {
    if (!allowed.includes(value as T)) {
      refuse(`\`${field}\` must be one of ${allowed.join(", ")}, got ${shown(value)}`);
    }
    return value as T;
  });
}

export function matching(
  field: string,
  input: pulumi.Input<string>,
  pattern: RegExp,
  rule: string,
): pulumi.Output<string> {
  return checked(input, (value) => {
    if (typeof value !== "string" || !pattern.test(value)) {
      refuse(`\`${field}\` must be ${rule}, got ${shown(value)}`);
    }
    return value;
  });
}

/** A value that must not be empty and that no message may show; secret from here on. */
export function secretText(field: string, input: pulumi.Input<string>): pulumi.Output<string> {
  return pulumi.secret(
    checked(input, (value) => {
      if (typeof value !== "string" || value.trim() === "") {
        refuse(`\`${field}\` must not be empty`);
      }
      if (value !== value.trim()) {
        refuse(`\`${field}\` must not begin or end with white space`);
      }
      return value;
    }),
  );
}

/** An address that PagerDuty, Cheqpoint or the gate may be reached at; plain http only on this machine. */
export function httpUrl(field: string, input: pulumi.Input<string>): pulumi.Output<string> {
  return checked(input, (value) => {
    const url = URL.parse(value);
    const local =
      url !== null && /^(localhost|.+\.localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname);
    if (url === null || !(url.protocol === "https:" || (url.protocol === "http:" && local))) {
      refuse(`\`${field}\` must be an https:// address, got ${shown(value)}`);
    }
    if (url.username !== "" || url.password !== "") {
      refuse(`\`${field}\` must not hold a user name or password`);
    }
    return value;
  });
}

/** The names of an args object that its interface does not have: a typing mistake must not pass as a default. */
export function onlyKnown(prefix: string, args: object, known: readonly string[]): void {
  for (const name of Object.keys(args)) {
    if (!known.includes(name)) {
      refuse(`\`${prefix}${name}\` is no argument; there are ${known.join(", ")}`);
    }
  }
}

/** An argument that is left out where there is no value for it. */
export function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}

/** A PagerDuty object's id, such as "PIJ90N7". */
export function pagerdutyId(field: string, input: pulumi.Input<string>): pulumi.Output<string> {
  return matching(field, input, /^[A-Z0-9]{4,40}$/, 'a PagerDuty id such as "PIJ90N7"');
}
