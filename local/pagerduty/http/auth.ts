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
  /** What calls are counted by. */
  key: string;
}

/** The user behind `Authorization: Token token=…` or `Authorization: Bearer …`. */
export function authenticate(store: Store, main: MainToken, header: string | undefined): Caller {
  const token = tokenIn(header);
  const id = token === undefined ? undefined : ownerOf(store, main, token);
  const user = id === undefined ? undefined : store.get("users", id);
  if (!user) {
    throw unauthorized();
  }
  return { user, key: user.id };
}

function ownerOf(store: Store, main: MainToken, token: string): string | undefined {
  if (timingSafeEqual(digest(token), digest(main.value))) {
    return main.user;
  }
  return store.get("tokens", tokenId(token))?.user;
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

/** Who acts: the user in `From`, or the token's own where no `From` is needed. */
export function actingUser(
  store: Store,
  route: Route,
  caller: User,
  from: string | undefined,
): User {
  const email = from?.trim() ?? "";
  if (email === "") {
    if (route.from === "required") {
      throw fromRequired();
    }
    return caller;
  }
  const user = store.byKey("users", email.toLowerCase())[0];
  if (!user) {
    if (route.from === "required") {
      throw requesterNotFound();
    }
    return caller;
  }
  return user;
}
