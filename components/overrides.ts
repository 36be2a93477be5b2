/**
 * Arguments of one child resource, by name, that replace what the component would set. Their types are the child's
 * own; a package for several languages cannot say so.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Overrides = { [argument: string]: any };

/** What the component says, then what its user says. */
export function merged<T extends object>(args: T, overrides: Overrides | undefined): T {
  return { ...args, ...overrides };
}
