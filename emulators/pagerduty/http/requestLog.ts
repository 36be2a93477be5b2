import type { ReceivedRequest } from "../account/documents.ts";
import { objectId } from "../account/ids.ts";
import type { Store } from "../account/store.ts";
import { matchesCall } from "./callPattern.ts";

const REDACTED = "-- redacted --";

const SECRET_HEADER = /authorization|cookie|token|secret|signature|api-?key/i;
const SECRET_FIELDS = new Set([
  "secret",
  "client_secret",
  "routing_key",
  "integration_key",
  "service_key",
  "token",
  // Of SNS: whoever has one can confirm a subscription.
  "Token",
  "SubscribeURL",
]);

/** An address that a vendor sends to holds the key of its integration. */
const KEY_IN_PATH = /^\/+integration\/+[^/]+/;

/** What the emulator was asked, without any secret. */
export class RequestLog {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  add(request: Omit<ReceivedRequest, "id">): void {
    this.#store.put("requests", { id: objectId(), ...request });
  }

  list(filter: { call?: string | undefined; sinceMs?: number | undefined }): ReceivedRequest[] {
    return this.#store
      .list("requests")
      .filter(
        ({ method, path, time }) =>
          (filter.call === undefined || matchesCall(filter.call, method, path)) &&
          (filter.sinceMs === undefined || Date.parse(time) >= filter.sinceMs),
      );
  }

  clear(): void {
    this.#store.clear("requests");
  }
}

export function safePath(path: string): string {
  return path.replace(KEY_IN_PATH, `/integration/${REDACTED}`);
}

export function safeHeaders(headers: Headers): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => !SECRET_HEADER.test(name)));
}

/** The same JSON without routing keys, secrets and the values of custom headers. */
export function safeBody(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(safeBody);
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, safeMember(name, member)]),
  );
}

function safeMember(name: string, member: unknown): unknown {
  if (SECRET_FIELDS.has(name) && typeof member === "string") {
    return REDACTED;
  }
  if (name === "custom_headers" && Array.isArray(member)) {
    return member.map((header: unknown) =>
      typeof header === "object" && header !== null && "value" in header
        ? { ...header, value: REDACTED }
        : header,
    );
  }
  return safeBody(member);
}
