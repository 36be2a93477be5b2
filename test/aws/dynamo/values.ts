import { z } from "zod";

/** A value as DynamoDB's API writes it: `{ S: "text" }`. */
export type Value = Readonly<Record<string, unknown>>;
export type Item = Readonly<Record<string, Value>>;

export const item = z.record(z.string(), z.record(z.string(), z.unknown()));

/** What DynamoDB answers to a request that it does not take as it is. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly type: string;
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(type: string, message: string, facts: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.type = type;
    this.facts = facts;
  }
}

export function invalid(message: string): Refusal {
  return new Refusal("ValidationException", message);
}

const text = z.object({ S: z.string() }).strict();
const number = z.object({ N: z.string() }).strict();

/** Of two texts by their UTF-8 bytes, of two numbers by size; null where DynamoDB finds them not comparable. */
export function compared(a: Value, b: Value): number | null {
  const texts = [text.safeParse(a), text.safeParse(b)] as const;
  if (texts[0].success && texts[1].success) {
    return Buffer.compare(Buffer.from(texts[0].data.S), Buffer.from(texts[1].data.S));
  }
  const numbers = [number.safeParse(a), number.safeParse(b)] as const;
  return numbers[0].success && numbers[1].success
    ? Number(numbers[0].data.N) - Number(numbers[1].data.N)
    : null;
}

export function isEqual(a: Value, b: Value): boolean {
  return compared(a, b) === 0 || JSON.stringify(a) === JSON.stringify(b);
}

export function textOf(value: Value): string | null {
  return text.safeParse(value).data?.S ?? null;
}

const texts = z.object({ SS: z.array(z.string()).min(1) }).strict();

/** Of a set of texts; null for everything else. */
export function membersOf(value: Value | undefined): readonly string[] | null {
  return texts.safeParse(value).data?.SS ?? null;
}

/** The sum of two numbers. */
export function sum(a: Value | undefined, b: Value): Value {
  const added = number.safeParse(b).data;
  const before = a === undefined ? { N: "0" } : number.safeParse(a).data;
  if (added === undefined || before === undefined) {
    throw invalid("An operand in the update expression has an incorrect data type");
  }
  return { N: String(Number(before.N) + Number(added.N)) };
}
