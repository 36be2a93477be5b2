import { invalidInput } from "./errors.ts";

const DEFAULT_LIMIT = 25;
const MAX_LIMIT = 100;
const MAX_REACH = 10_000;

export interface Page {
  limit: number;
  offset: number;
  more: boolean;
  /** Counted only for callers that ask with `total=true`. */
  total: number | null;
}

/** One page of a list, as `limit`, `offset` and `total` ask. */
export function pageOf<T>(query: URLSearchParams, all: readonly T[]): { items: T[]; page: Page } {
  const limit = Math.min(wholeNumber(query, "limit", DEFAULT_LIMIT, 1), MAX_LIMIT);
  const offset = wholeNumber(query, "offset", 0, 0);
  if (limit + offset > MAX_REACH) {
    throw invalidInput(
      `\`offset\` plus \`limit\` must not be over ${MAX_REACH}, got ${limit + offset}`,
    );
  }
  return {
    items: all.slice(offset, offset + limit),
    page: {
      limit,
      offset,
      more: offset + limit < all.length,
      total: query.get("total") === "true" ? all.length : null,
    },
  };
}

function wholeNumber(query: URLSearchParams, name: string, fallback: number, min: number): number {
  const text = query.get(name);
  if (text === null || text === "") {
    return fallback;
  }
  const value = Number(text);
  if (!Number.isInteger(value) || value < min) {
    throw invalidInput(`\`${name}\` must be a whole number from ${min} on, got "${text}"`);
  }
  return value;
}

/** The values of a repeated parameter, written `name[]=a&name[]=b` or `name=a`. */
export function many(query: URLSearchParams, name: string): string[] {
  return [...query.getAll(`${name}[]`), ...query.getAll(name)].filter((value) => value !== "");
}

/** A timestamp parameter in milliseconds, or undefined when it is absent. */
export function instant(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") {
    return undefined;
  }
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) {
    throw invalidInput(`\`${name}\` must be an ISO 8601 date and time, got "${text}"`);
  }
  return ms;
}
