const MARK = "… [cut]";

/** At most `limit` UTF-16 units; what was cut ends in a visible mark. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  // Never through the middle of a character.
  return text.slice(0, limit - MARK.length).replace(/[\uD800-\uDBFF]$/, "") + MARK;
}
