import type { User } from "../account/documents.ts";
import { accessDenied } from "./errors.ts";

/** `user` is what PagerDuty's API calls a manager. Managers of one team only are not emulated. */
const MANAGERS = ["owner", "admin", "user"];

/** PagerDuty's 403 for whoever may do less than a manager. */
export function requireManager({ id, role }: User): void {
  if (!MANAGERS.includes(role)) {
    throw accessDenied(
      `the user ${id} has the role ${role}; a manager, admin or owner may do this`,
    );
  }
}
