/** What the component says, then what its user says. */
export function merged<T extends object>(args: T, overrides: Partial<T> | undefined): T {
  return { ...args, ...overrides };
}
