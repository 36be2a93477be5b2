import type { Account } from "../account/account.ts";
import type { Service } from "../account/documents.ts";
import { notFound } from "../http/errors.ts";

/** The service, or PagerDuty's 404. */
export function serviceById(account: Account, id: string): Service {
  const service = account.store.get("services", id);
  if (!service) {
    throw notFound();
  }
  return service;
}
