import { createHash, timingSafeEqual } from "node:crypto";
import type { User } from "../account/documents.ts";
import type { Store } from "../account/store.ts";
import { fromRequired, requesterNotFound, unauthorized } from "./errors.ts";
import type { Route } from "./route.ts";

/** The emulator's main token and the user that it belongs to. */
export interface MainToken {
  value: string;
  user: string;
}

export interface Caller {
  user: User;
  /** A user's own token acts for that user only; the main one needs `From` to act for somebody. */
  personal: boolean;
}

/** The user behind `Authorization: Token token=…` or `Authorization: Bearer …`. */
export function authenticate(store: Store, main: MainToken, header: string | undefined): Caller {
  const token = tokenIn(header);
  if (token === undefined) {
    throw unauthorized();
  }
  const personal = !timingSafeEqual(digest(token), digest(main.value));
  const owner = personal ? store.get("tokens", tokenId(token))?.user : main.user;
  const user = owner === undefined ? undefined : store.get("users", owner);
  if (!user) {
    throw unauthorized();
  }
  return { user, personal };
}

/** Further tokens are kept by their digest only. */
export function tokenId(token: string): string {
  return digest(token).toString("hex");
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function tokenIn(header: string | undefined): string | undefined {
  const match = /^(?:token\s+token=|bearer\s+)"?([^\s"]+)"?\s*$/i.exec(header ?? "");
  return match?.[1];
}

/** Who acts: the user in `From` where PagerDuty wants one, else the token's own. */
export function actingUser(
  store: Store,
  route: Route,
  { user, personal }: Caller,
  from: string | undefined,
): User {
  if (route.from !== "required" || personal) {
    return user;
  }
  const email = from?.trim() ?? "";
  if (email === "") {
    throw fromRequired();
  }
  const [named] = store.byKey("users", email.toLowerCase());
  if (!named) {
    throw requesterNotFound();
  }
  return named;
}
