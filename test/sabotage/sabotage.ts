/** One line of the safety logic made wrong, as somebody might by mistake, and the tests that have to notice. */
export interface Sabotage {
  /** From the repository's folder. */
  file: string;
  /** What goes wrong, for people. */
  breaks: string;
  /** Found exactly once in the file. */
  text: string;
  becomes: string;
  /** Test files, the likeliest to notice first. */
  tests: readonly string[];
  /** Why no test can notice; absent: one must. */
  equivalent?: string;
}

/** What goes wrong, the text, what becomes of it. */
type Entry = readonly [
  breaks: string,
  text: string,
  becomes: string,
  more?: { tests?: readonly string[]; equivalent?: string },
];

/** Those of one file. `tests` notice what an entry names no others for. */
export function sabotagesOf(
  file: string,
  tests: readonly string[],
  entries: readonly Entry[],
): Sabotage[] {
  return entries.map(([breaks, text, becomes, more]) => ({
    file,
    breaks,
    text,
    becomes,
    tests,
    ...more,
  }));
}

/** The file's content with the sabotage; throws where its text is not there exactly once. */
export function sabotaged(content: string, { file, text, becomes }: Sabotage): string {
  const found = content.split(text).length - 1;
  if (found !== 1) {
    throw new Error(
      `${file}: a text to replace must be there exactly once, found ${found} times: ${JSON.stringify(text)}`,
    );
  }
  return content.replace(text, () => becomes);
}
