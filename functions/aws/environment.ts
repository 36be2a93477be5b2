import * as z from "zod";

const name = z.string().min(1);

/** What every function is told; never a secret, only where secrets are. */
export const storesEnvironment = z.object({
  LEDGER_TABLE: name,
  QUEUE_URL: name,
});

/** Reads a function's environment; throws at its start with the names of what is missing. */
export function readEnvironment<T extends z.ZodType>(shape: T): z.output<T> {
  const parsed = shape.safeParse(process.env);
  if (!parsed.success) {
    const names = parsed.error.issues.map((issue) => `\`${issue.path.join(".")}\``);
    throw new Error(`the function's environment lacks ${[...new Set(names)].join(", ")}`);
  }
  return parsed.data;
}
