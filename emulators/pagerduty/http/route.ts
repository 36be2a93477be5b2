import type { z } from "zod";
import type { User } from "../account/documents.ts";
import { invalidInput } from "./errors.ts";

/** One call, read and authenticated. */
export interface Call {
  params: Readonly<Record<string, string>>;
  query: URLSearchParams;
  body: unknown;
  /** Who acts: the user behind the token, or the one whom an account's token names in `From`. */
  user: User;
}

export interface Answer {
  status: number;
  body?: unknown;
  /** An HTML page instead of JSON. */
  html?: string;
}

export interface Route {
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** With `:name` for what varies. */
  path: string;
  /** `open` routes need no token: events carry a routing key, the emulator's own nothing. */
  access?: "open";
  /** Whether PagerDuty wants a `From` header here. Elsewhere it is ignored. */
  from?: "required";
  /** Takes a body that is not JSON as text, to answer it in its own words. */
  anyBody?: true;
  /** Routes of the emulator itself are neither logged nor faulted. */
  own?: true;
  /** Runs in one transaction with everything that it writes. */
  handle(call: Call): Answer;
}

/** A part of the path; the router has made sure that it is there. */
export function param(call: Call, name: string): string {
  const value = call.params[name];
  if (value === undefined) {
    throw new Error(`the route has no parameter \`${name}\``);
  }
  return value;
}

/** The body as `schema` wants it; what is wrong becomes PagerDuty's 400, one line a problem. */
export function parseBody<T extends z.ZodType>(call: Call, schema: T): z.infer<T> {
  const parsed = schema.safeParse(call.body);
  if (!parsed.success) {
    throw invalidInput(...problems(parsed.error));
  }
  return parsed.data;
}

/** Each problem with the field that has it, in backticks. */
export function problems(error: z.ZodError): string[] {
  return error.issues.map(({ path, message }) =>
    path.length === 0 ? `the body: ${message}` : `\`${path.join(".")}\`: ${message}`,
  );
}
