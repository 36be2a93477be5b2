import { errorKinds, type ErrorCode } from "./errorCodes.ts";
import { VERSION } from "./userAgent.ts";

/** A request as every handler sees it, whatever server it came through. */
export interface HttpRequest {
  method: string;
  /** Path below the gate's public URL. */
  path: string;
  /** `{name}` parts of the route. */
  params: Readonly<Record<string, string>>;
  query: Readonly<Record<string, string>>;
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
  /** The bytes as they were sent. */
  body: Uint8Array;
}

export interface HttpResponse {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: string;
}

/** On every answer of the gate's. */
export const gateHeaders: Readonly<Record<string, string>> = { "gate-version": VERSION };

export function json(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  return {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store", ...headers },
    body: JSON.stringify(body),
  };
}

/** One thing that is wrong with a request. */
export interface Problem {
  code: ErrorCode;
  /** What is to blame, as the sender wrote it: a field of the body, a part of the query, a header. Null: the request itself. */
  field: string | null;
  /** For people: what was found and what is allowed. */
  text: string;
}

export interface ErrorMore {
  field?: string | null;
  /** Where several things are wrong: all of them. */
  problems?: readonly Problem[];
  /** More members of the body. */
  body?: Readonly<Record<string, unknown>>;
  headers?: Readonly<Record<string, string>>;
}

/** What went wrong and what to do about it; never more than the caller may know. */
export function problem(code: ErrorCode, message: string, more: ErrorMore = {}): HttpResponse {
  const { status, retryable } = errorKinds[code];
  const { field = null, problems, body, headers } = more;
  return json(
    status,
    {
      code,
      message,
      field,
      retryable,
      // As `message`, for clients of earlier releases.
      error: message,
      ...(problems === undefined ? {} : { problems: problems.map(({ text }) => text) }),
      ...body,
    },
    headers,
  );
}

/** All that is wrong, told by the first of it. At least one thing is. */
export function refusal(problems: readonly Problem[]): HttpResponse {
  const [first] = problems;
  if (first === undefined) {
    throw new RangeError("a refusal without a problem");
  }
  const { code, field } = first;
  return problem(code, problems.map(({ text }) => text).join("; "), { field, problems });
}
