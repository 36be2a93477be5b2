import { htmlUrl, selfUrl } from "../account/account.ts";
import type { Account } from "../account/account.ts";

/** A priority in full, as the REST API shows it everywhere. */
export function renderPriority(
  account: Account,
  id: string | null,
): Record<string, unknown> | null {
  const priority = id === null ? undefined : account.store.get("priorities", id);
  return priority === undefined
    ? null
    : {
        id: priority.id,
        type: "priority",
        summary: priority.name,
        self: selfUrl(account, `/priorities/${priority.id}`),
        html_url: htmlUrl(account, `/priorities/${priority.id}`),
        name: priority.name,
        ...priority.fields,
      };
}
