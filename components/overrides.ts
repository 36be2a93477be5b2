import { mapping, onlyKnown } from "./inputs.ts";

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

/** That a transform sets arguments of children that there are. */
export function checkTransform(
  field: string,
  transform: object,
  children: readonly string[],
): void {
  onlyKnown(`${field}.`, transform, children);
  for (const [child, overrides] of Object.entries(transform)) {
    if (overrides !== undefined) {
      mapping(`${field}.${child}`, overrides);
    }
  }
}
