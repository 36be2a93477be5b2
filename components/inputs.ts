import * as pulumi from "@pulumi/pulumi";
import { PAGERDUTY_ID } from "./textRules.ts";

/** The component whose arguments are looked at. */
let owner: pulumi.ComponentResource | undefined;

/** From here to the end of the block, what is refused belongs to that component, which Pulumi then names. */
export function belongsTo(component: pulumi.ComponentResource): Disposable {
  const before = owner;
  owner = component;
  return {
    [Symbol.dispose]: () => {
      owner = before;
    },
  };
}

/** For what is only looked at when it is known: what is refused then still belongs to the component of now. */
export function later<A extends unknown[], R>(check: (...args: A) => R): (...args: A) => R {
  const component = owner;
  return (...args) => {
    const before = owner;
    owner = component;
    try {
      return check(...args);
    } finally {
      owner = before;
    }
  };
}

/** Refuses an input: shown without a stack, since the fault is in the program's arguments. */
export function refuse(message: string): never {
  const error =
    owner === undefined
      ? new pulumi.RunError(message)
      : new pulumi.ResourceError(message, owner, true);
  // Pulumi puts the way that an Output took before the message of what it caught, and shows the stack of what it catches
  // after the program's end.
  const fixed = { get: () => message, set: () => undefined };
  throw Object.defineProperties(error, { message: fixed, stack: fixed });
}

/** Whether nothing in the value has to be waited for. */
export function isPlain(value: unknown): boolean {
  if (isLater(value)) {
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
    : pulumi.output(input).apply(later(check));
  return result as pulumi.Output<U>;
}

/** How a value is shown in a message; never used on a secret. */
export function shown(value: unknown): string {
  return isLater(value) ? "an Output" : String(JSON.stringify(value));
}

/** Whether the value itself has to be waited for. */
export function isLater(value: unknown): boolean {
  return pulumi.Output.isInstance(value) || value instanceof Promise;
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
    const problem = urlProblem(value);
    return problem === null ? value : refuse(`\`${field}\` ${problem}`);
  });
}

/** What is wrong with an address; null: nothing. One that may hold a password is not shown. */
export function urlProblem(value: unknown): string | null {
  if (typeof value === "string" && value.includes("@")) {
    return "must not hold a user name or password";
  }
  // `URL.parse` is younger than the oldest Node that programs may run on.
  const url = typeof value === "string" && URL.canParse(value) ? new URL(value) : null;
  const local =
    url !== null && /^(localhost|.+\.localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname);
  return url !== null && (url.protocol === "https:" || (url.protocol === "http:" && local))
    ? null
    : `must be an https:// address, got ${shown(value)}`;
}

/** A yes or no that decides which resources there are, so that it must be there at once. */
export function flag(field: string, value: boolean): boolean {
  return typeof value === "boolean"
    ? value
    : refuse(`\`${field}\` must be true or false, got ${shown(value)}`);
}

/** A yes or no that may come later. */
export function flagInput(field: string, input: pulumi.Input<boolean>): pulumi.Output<boolean> {
  return checked(input, (value) => flag(field, value));
}

/** That there is a mapping, and not a list, a text or something that has to be waited for. */
export function mapping(field: string, value: unknown): asserts value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value) || isLater(value)) {
    refuse(`\`${field}\` must be a mapping, got ${shown(value)}`);
  }
}

type Texts = { [name: string]: pulumi.Input<string> };

/** Texts by name. They may be secret, so that no message shows one. */
export function textMap(field: string, input: pulumi.Input<Texts>): pulumi.Input<Texts> {
  const checkedTexts = (map: unknown): Texts => {
    if (typeof map !== "object" || map === null || Array.isArray(map)) {
      const found = Array.isArray(map) ? "a list" : map === null ? "null" : `a ${typeof map}`;
      refuse(`\`${field}\` must be a mapping of texts, got ${found}`);
    }
    return Object.fromEntries(
      Object.entries(map as Texts).map(([name, text]) => [name, anyText(`${field}.${name}`, text)]),
    );
  };
  // By member, so that one that is not known yet does not hide the others in a preview.
  return isLater(input) ? pulumi.output(input).apply(later(checkedTexts)) : checkedTexts(input);
}

function anyText(field: string, input: pulumi.Input<string>): pulumi.Input<string> {
  const check = (value: unknown): string =>
    typeof value === "string"
      ? value
      : refuse(`\`${field}\` must be a text, got a ${typeof value}`);
  return isPlain(input) ? check(input) : pulumi.output(input).apply(later(check));
}

/** At least one text. */
export function texts(
  field: string,
  input: pulumi.Input<pulumi.Input<string>[]>,
): pulumi.Output<string[]> {
  return checked(input, (list: unknown) => {
    if (!Array.isArray(list) || !list.every((text) => typeof text === "string" && text !== "")) {
      refuse(`\`${field}\` must be a list of texts, got ${shown(list)}`);
    }
    return list.length > 0
      ? (list as string[])
      : refuse(`\`${field}\` must name at least one, got []`);
  });
}

/** An argument that is left out where there is no value for it. */
export function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}

/** A PagerDuty object's id, such as "PIJ90N7". */
export function pagerdutyId(field: string, input: pulumi.Input<string>): pulumi.Output<string> {
  return matching(field, input, ...PAGERDUTY_ID);
}
