/**
 * Whether a call is what a pattern such as `POST /incidents/:id/notes` means. `:name` and `*` stand
 * for one part of the path, a `*` at the end for all that follows, `*` for any method.
 */
export function matchesCall(pattern: string, method: string, path: string): boolean {
  const [wantedMethod = "", wantedPath = "*"] = pattern.trim().split(/\s+/, 2);
  if (wantedMethod !== "*" && wantedMethod.toUpperCase() !== method.toUpperCase()) {
    return false;
  }
  const wanted = wantedPath.split("/").filter((part) => part !== "");
  const actual = path.split("/").filter((part) => part !== "");
  const open = wanted.at(-1) === "*";
  if (open ? actual.length < wanted.length - 1 : actual.length !== wanted.length) {
    return false;
  }
  return wanted.every(
    (part, index) => part === "*" || part.startsWith(":") || part === actual[index],
  );
}

/** Whether an event is what a pattern such as `webhook` or `webhook incident.*` means. */
export function matchesWebhook(pattern: string, eventType: string): boolean {
  const [word, wanted = "*"] = pattern.trim().split(/\s+/, 2);
  if (word?.toLowerCase() !== "webhook") {
    return false;
  }
  return wanted.endsWith("*") ? eventType.startsWith(wanted.slice(0, -1)) : eventType === wanted;
}
