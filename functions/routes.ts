import { problem, type HttpResponse } from "./http.ts";

/** The `{name}` parts of a path. */
type Params = Readonly<Record<string, string>>;

/** A route as API Gateway writes it: `POST /cheqpoint/callback/{token}`, `POST /pagerduty/{path+}`. */
export interface Route {
  method: string;
  /** Null: the path is another one. */
  match(path: string): Params | null;
}

/** Reads a route as API Gateway writes it. */
export function routeOf(routeKey: string): Route {
  const [method = "", pattern = ""] = routeKey.split(" ");
  const isGreedy = pattern.endsWith("+}");
  const parts = pattern.split("/");
  return {
    method,
    match(path) {
      const whole = path.split("/");
      const given = isGreedy
        ? [...whole.slice(0, parts.length - 1), whole.slice(parts.length - 1).join("/")]
        : whole;
      if (given.length !== parts.length) {
        return null;
      }
      const params: Record<string, string> = {};
      for (const [index, part] of parts.entries()) {
        const value = given[index] ?? "";
        if (part.startsWith("{")) {
          const decoded = decode(value);
          if (decoded === null || decoded === "") {
            return null;
          }
          params[part.slice(1, isGreedy ? -2 : -1)] = decoded;
        } else if (part !== value) {
          return null;
        }
      }
      return params;
    },
  };
}

/** The answer where none of the routes takes the request: 405 where another method would, else 404. */
export function unrouted(
  { method, path }: { method: string; path: string },
  routes: readonly Route[],
): HttpResponse {
  const allowed = [
    ...new Set(routes.filter((route) => route.match(path) !== null).map((route) => route.method)),
  ].sort();
  return allowed.length === 0 || allowed.includes(method)
    ? problem("routeUnknown", `the gate has no route ${method} ${path.slice(0, 200)}`)
    : problem(
        "methodNotAllowed",
        `${path.slice(0, 200)} takes ${allowed.join(" and ")}, not ${method}`,
        { headers: { allow: allowed.join(", ") } },
      );
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
