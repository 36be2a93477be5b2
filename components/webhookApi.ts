import type * as pulumi from "@pulumi/pulumi";

/*
 * Calls to PagerDuty's webhook subscriptions for dynamic providers. The engine stores a provider's source in the state
 * and runs it in a process of its own: these functions may use each other and literals, but no package and no token.
 */

/** What the stack's configuration says of where the API is and how to get in. */
export interface Access {
  /** By the key that each is configured under; only those that are. */
  tokens: Record<string, string>;
  apiUrl: string;
}

export interface ApiInputs {
  apiUrl: string;
  token: string;
  tokenType: string;
  /** In a state: where `token` was configured when it was last used. */
  tokenKey?: string;
}

export interface ApiAnswer {
  status: number;
  subscription: Record<string, unknown>;
}

const ATTEMPTS = 4;

export function readAccess(config: pulumi.dynamic.Config): Access {
  const region = config.get("pagerduty:serviceRegion") ?? "";
  const regional = region === "eu" ? "https://api.eu.pagerduty.com" : "";
  const tokens: Record<string, string> = {};
  for (const key of ["pagerdutyToken", "pagerduty:token"]) {
    const token = config.get(key) ?? "";
    if (token !== "") {
      tokens[key] = token;
    }
  }
  return {
    tokens,
    apiUrl: config.get("pagerduty:apiUrlOverride") ?? config.get("pagerdutyApiUrl") ?? regional,
  };
}

/** Where a token is configured, so that what reads or deletes later finds the renewed one there. */
export function tokenKeyOf(access: Access, token: string): string {
  return Object.keys(access.tokens).find((key) => access.tokens[key] === token) ?? "";
}

/** A stated token before one that is only configured: that may be another account's, which knows other subscriptions. */
function tokenOf({ tokens }: Access, { token, tokenKey = "" }: ApiInputs): string {
  return (
    tokens[tokenKey] ||
    token ||
    tokens["pagerduty:token"] ||
    tokens["pagerdutyToken"] ||
    (process.env["PAGERDUTY_TOKEN"] ?? "")
  );
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** What went wrong, in PagerDuty's words; nothing that was sent. */
function problemOf(status: number, text: string): string {
  let said = "";
  try {
    const { error } = JSON.parse(text) as {
      error?: { message?: string; code?: number; errors?: string[] };
    };
    const parts = [error?.message, ...(error?.errors ?? [])].filter((part) => part !== undefined);
    said = parts.length > 0 ? `: ${parts.join("; ")}` : "";
    said += error?.code === undefined ? "" : ` (code ${error.code})`;
  } catch {
    // An answer that is not JSON says nothing more than its status.
  }
  const hints: Record<number, string> = {
    401: ". State a valid token, and run pulumi up; or where none is stated: pulumi config set --secret pagerduty:token <token>",
    403: ". The token needs the scope webhook_subscriptions.write, and its user the role of a manager or above",
  };
  return `HTTP ${status}${said}${hints[status] ?? ""}`;
}

/** One call. 429 is tried again, as it had no effect; other failures only where repeating is harmless. */
export async function call(
  access: Access,
  inputs: ApiInputs,
  purpose: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<ApiAnswer> {
  const token = tokenOf(access, inputs);
  if (token === "") {
    throw new Error(
      `cannot ${purpose}: no PagerDuty token. Set it with: pulumi config set --secret pagerduty:token <token>, or in the environment as PAGERDUTY_TOKEN`,
    );
  }
  const base =
    inputs.apiUrl ||
    access.apiUrl ||
    (process.env["PAGERDUTY_API_URL"] ?? "https://api.pagerduty.com");
  const headers: Record<string, string> = {
    accept: "application/vnd.pagerduty+json;version=2",
    authorization: inputs.tokenType === "bearer" ? `Bearer ${token}` : `Token token=${token}`,
  };
  if (body !== undefined) {
    headers["content-type"] = "application/json";
  }
  for (let attempt = 1; ; attempt += 1) {
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${base.replace(/\/+$/, "")}${path}`, {
        method,
        headers,
        redirect: "error",
        signal: AbortSignal.timeout(30_000),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      text = await response.text();
    } catch (error) {
      if (method !== "POST" && attempt < ATTEMPTS) {
        await wait(500 * attempt);
        continue;
      }
      const cause = (error as { cause?: { code?: string } }).cause?.code;
      throw new Error(`cannot ${purpose}: ${base} does not answer${cause ? ` (${cause})` : ""}`, {
        cause: error,
      });
    }
    const repeatable = response.status === 429 || (response.status >= 500 && method !== "POST");
    if (repeatable && attempt < ATTEMPTS) {
      const seconds = Number(response.headers.get("ratelimit-reset"));
      await wait(seconds > 0 && seconds <= 60 ? seconds * 1000 : 500 * attempt);
      continue;
    }
    if (response.status !== 404 && !response.ok) {
      throw new Error(`cannot ${purpose}: ${problemOf(response.status, text)}`);
    }
    let parsed: { webhook_subscription?: Record<string, unknown> } = {};
    try {
      parsed = JSON.parse(text === "" ? "{}" : text) as typeof parsed;
    } catch {
      // Only the members that are looked for below count.
    }
    return { status: response.status, subscription: parsed.webhook_subscription ?? {} };
  }
}

export function deliveryOf(subscription: Record<string, unknown>): {
  url: string;
  secret: string;
  disabled: boolean;
} {
  const method = (subscription["delivery_method"] ?? {}) as Record<string, unknown>;
  return {
    url: typeof method["url"] === "string" ? method["url"] : "",
    secret: typeof method["secret"] === "string" ? method["secret"] : "",
    disabled: method["temporarily_disabled"] === true,
  };
}

export function path(id: string, action = ""): string {
  return `/webhook_subscriptions/${encodeURIComponent(id)}${action}`;
}
