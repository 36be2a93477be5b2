import { z } from "zod";

/** A reference in a request: an id and a type, either `x_reference` or plain `x`. */
export function referenceSchema<T extends string>(...kinds: [T, ...T[]]) {
  const allowed = kinds.flatMap((kind) => [`${kind}_reference`, kind]);
  return z.object({ id: z.string().min(1), type: z.enum(allowed) });
}

/** A text that may be left out or be null. */
export const optionalText = z.string().nullish();
