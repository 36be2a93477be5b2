import { z } from "zod";
import { Refusal, compared, invalid, isEqual, membersOf, sum, textOf } from "./values.ts";
import type { Item, Value } from "./values.ts";

/*
 * DynamoDB's expressions, as far as a ledger needs them: conditions, key conditions and updates of attributes at the top of
 * an item. What is not here is refused, so that nothing passes that the model does not understand.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
 */

export const placeholders = z.object({
  ExpressionAttributeNames: z.record(z.string(), z.string()).optional(),
  ExpressionAttributeValues: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
});

type Placeholders = z.output<typeof placeholders>;

/** Names and values of one request; every one of them must be used. */
export class Context {
  readonly #names: Readonly<Record<string, string>>;
  readonly #values: Readonly<Record<string, Value>>;
  readonly #used = new Set<string>();

  constructor({ ExpressionAttributeNames = {}, ExpressionAttributeValues = {} }: Placeholders) {
    this.#names = ExpressionAttributeNames;
    this.#values = ExpressionAttributeValues;
  }

  name(token: string): string {
    if (!token.startsWith("#")) {
      return token;
    }
    const name = this.#names[token];
    if (name === undefined) {
      throw invalid(
        `An expression attribute name used in the document path is not defined: ${token}`,
      );
    }
    this.#used.add(token);
    return name;
  }

  value(token: string): Value {
    const value = this.#values[token];
    if (value === undefined) {
      throw invalid(`An expression attribute value used in expression is not defined: ${token}`);
    }
    this.#used.add(token);
    return value;
  }

  /** DynamoDB refuses what is sent for nothing. */
  assertAllUsed(): void {
    const left = [...Object.keys(this.#names), ...Object.keys(this.#values)].filter(
      (token) => !this.#used.has(token),
    );
    if (left.length > 0) {
      throw invalid(`Value provided but unused in expressions: ${left.join(", ")}`);
    }
  }
}

/** A condition that was read: whether an item, or its absence, fulfils it. */
export type Test = (item: Item) => boolean;

const TOKEN = /\s*(<=|>=|<>|[=<>(),]|[#:]?[A-Za-z_][\w]*)/y;

class Reader {
  readonly #tokens: string[] = [];
  #at = 0;

  constructor(expression: string) {
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < expression.trimEnd().length) {
      const from = TOKEN.lastIndex;
      const token = TOKEN.exec(expression)?.[1];
      if (token === undefined) {
        throw invalid(`Invalid expression: syntax error near "${expression.slice(from)}"`);
      }
      this.#tokens.push(token);
    }
  }

  get isAtEnd(): boolean {
    return this.#at === this.#tokens.length;
  }

  isNext(word: string): boolean {
    return this.#tokens[this.#at]?.toUpperCase() === word;
  }

  take(): string {
    const token = this.#tokens[this.#at];
    if (token === undefined) {
      throw invalid("Invalid expression: it ends too early");
    }
    this.#at += 1;
    return token;
  }

  took(word: string): boolean {
    if (!this.isNext(word)) {
      return false;
    }
    this.#at += 1;
    return true;
  }

  expect(word: string): void {
    if (!this.took(word)) {
      throw invalid(`Invalid expression: "${word}" was expected`);
    }
  }
}

export function readCondition(expression: string, context: Context): Test {
  const reader = new Reader(expression);
  const test = either(reader, context);
  if (!reader.isAtEnd) {
    throw invalid(`Invalid expression: "${reader.take()}" was not expected`);
  }
  return test;
}

function either(reader: Reader, context: Context): Test {
  const first = both(reader, context);
  if (!reader.took("OR")) {
    return first;
  }
  const second = either(reader, context);
  return (item) => first(item) || second(item);
}

function both(reader: Reader, context: Context): Test {
  const first = single(reader, context);
  if (!reader.took("AND")) {
    return first;
  }
  const second = both(reader, context);
  return (item) => first(item) && second(item);
}

function single(reader: Reader, context: Context): Test {
  if (reader.took("NOT")) {
    const test = single(reader, context);
    return (item) => !test(item);
  }
  if (reader.took("(")) {
    const test = either(reader, context);
    reader.expect(")");
    return test;
  }
  const word = reader.take();
  if (reader.took("(")) {
    return functionTest(word, reader, context);
  }
  const left = operand(word, context);
  if (reader.took("BETWEEN")) {
    const from = operand(reader.take(), context);
    reader.expect("AND");
    const until = operand(reader.take(), context);
    return (item) => holds(">=", left(item), from(item)) && holds("<=", left(item), until(item));
  }
  const comparator = reader.take();
  const right = operand(reader.take(), context);
  return (item) => holds(comparator, left(item), right(item));
}

function functionTest(name: string, reader: Reader, context: Context): Test {
  const attribute = context.name(reader.take());
  if (name === "contains") {
    reader.expect(",");
    const member = textOf(context.value(reader.take()));
    reader.expect(")");
    return (item) => member !== null && (membersOf(item[attribute])?.includes(member) ?? false);
  }
  if (name === "begins_with") {
    reader.expect(",");
    const start = textOf(context.value(reader.take()));
    reader.expect(")");
    if (start === null) {
      throw invalid("Invalid operand type for begins_with");
    }
    return (item) => textOf(item[attribute] ?? {})?.startsWith(start) ?? false;
  }
  reader.expect(")");
  switch (name) {
    case "attribute_exists":
      return (item) => Object.hasOwn(item, attribute);
    case "attribute_not_exists":
      return (item) => !Object.hasOwn(item, attribute);
    default:
      throw invalid(`Invalid expression: the model does not know the function ${name}`);
  }
}

type Operand = (item: Item) => Value | undefined;

function operand(token: string, context: Context): Operand {
  if (token.startsWith(":")) {
    const value = context.value(token);
    return () => value;
  }
  const name = context.name(token);
  return (item) => item[name];
}

/** Nothing holds of an attribute that is not there, nor of values of different types. */
function holds(comparator: string, a: Value | undefined, b: Value | undefined): boolean {
  if (a === undefined || b === undefined) {
    return false;
  }
  if (comparator === "=") {
    return isEqual(a, b);
  }
  if (comparator === "<>") {
    return !isEqual(a, b);
  }
  const order = compared(a, b);
  if (order === null) {
    return false;
  }
  switch (comparator) {
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
    default:
      throw invalid(`Invalid expression: the model does not know "${comparator}"`);
  }
}

const CLAUSES = ["SET", "REMOVE", "ADD"];

/** What an update makes of an item; every part sees the item as it was before. */
export function readUpdate(expression: string, context: Context): (item: Item) => Item {
  const reader = new Reader(expression);
  const changes: ((before: Item, after: Record<string, Value>) => void)[] = [];
  while (!reader.isAtEnd) {
    const clause = reader.take().toUpperCase();
    if (!CLAUSES.includes(clause)) {
      throw invalid(`Invalid UpdateExpression: the model does not know ${clause}`);
    }
    do {
      const name = context.name(reader.take());
      if (clause === "REMOVE") {
        changes.push((_before, after) => void delete after[name]);
      } else if (clause === "ADD") {
        const added = context.value(reader.take());
        changes.push((before, after) => void (after[name] = sum(before[name], added)));
      } else {
        reader.expect("=");
        const set = assigned(reader, context);
        changes.push((before, after) => void (after[name] = set(before)));
      }
    } while (reader.took(","));
  }
  return (before) => {
    const after: Record<string, Value> = { ...before };
    changes.forEach((change) => change(before, after));
    return after;
  };
}

function assigned(reader: Reader, context: Context): (before: Item) => Value {
  const word = reader.take();
  if (word === "if_not_exists") {
    reader.expect("(");
    const name = context.name(reader.take());
    reader.expect(",");
    const otherwise = context.value(reader.take());
    reader.expect(")");
    return (before) => before[name] ?? otherwise;
  }
  const find = operand(word, context);
  return (before) => {
    const value = find(before);
    if (value === undefined) {
      throw new Refusal(
        "ValidationException",
        "The provided expression refers to an attribute that does not exist in the item",
      );
    }
    return value;
  };
}
