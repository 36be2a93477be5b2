import { mapping, onlyKnown } from "./inputs.ts";

/** What the component says, then what its user says. */
export function merged<T extends object>(args: T, overrides: Partial<T> | undefined): T {
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
