/** A word of others, so that it stands out in a terminal and can do nothing in Markdown. */
export function code(text: string): string {
  const runs = text.match(/`+/g) ?? [];
  const fence = "`".repeat(Math.max(0, ...runs.map((run) => run.length)) + 1);
  return fence.length === 1 ? `\`${text}\`` : `${fence} ${text} ${fence}`;
}

/** As it is where it is a plain word, else as `code`. */
export function word(text: string): string {
  return /^[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?$/.test(text) ? text : code(text);
}
