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

/** What went wrong and what to do about it; never more than the caller may know. */
export function problem(status: number, error: string, more: object = {}): HttpResponse {
  return json(status, { error, ...more });
}
