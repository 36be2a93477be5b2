import { sha256Hex } from "../gate/text/token.ts";
import type { HttpRequest } from "../http.ts";
import type { Secrets } from "../gate/ports/index.ts";

/** Header that a webhook action of an Event Orchestration rule carries: such an action cannot send a bearer token. */
const TOKEN_HEADER = "x-gate-token";

/** Who asks. A proposer sees what it proposed or joined; only operators see all. */
export interface Caller {
  name: string;
  isOperator: boolean;
  channel: "api" | "orchestration";
}

export function showsToken({ headers }: HttpRequest): boolean {
  return [headers["authorization"], headers[TOKEN_HEADER]].some((value) => (value ?? "") !== "");
}

/** Null: nobody that the gate knows. Tokens are compared by their hash, so that time tells nothing about them. */
export async function callerOf(secrets: Secrets, request: HttpRequest): Promise<Caller | null> {
  const bearer = /^Bearer ([^\s]+)$/i.exec(request.headers["authorization"] ?? "")?.[1];
  const header = request.headers[TOKEN_HEADER];
  const token = bearer ?? header;
  if (token === undefined || token === "") {
    return null;
  }
  const hash = sha256Hex(token);
  const channel = bearer === undefined ? "orchestration" : "api";
  const known =
    (await named(secrets, hash, false)) ??
    // A token may just have been made: on a miss the store is asked once more, at most every so often.
    (await named(secrets, hash, true));
  return known === null ? null : { ...known, channel };
}

async function named(
  secrets: Secrets,
  hash: string,
  refresh: boolean,
): Promise<Omit<Caller, "channel"> | null> {
  const operator = (await secrets.operators(refresh)).get(hash);
  if (operator !== undefined) {
    return { name: operator, isOperator: true };
  }
  const proposer = (await secrets.proposers(refresh)).get(hash);
  return proposer === undefined ? null : { name: proposer, isOperator: false };
}
