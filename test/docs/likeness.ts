/** What differs from run to run, each kind with a word that stands for it. */
const CHANGING: readonly [RegExp, string][] = [
  [/\bprop_[a-z0-9]{16}\b/g, "PROPOSAL"],
  [/\breq_[a-f0-9]{24}\b/g, "APPROVAL"],
  [/\b01[0-9A-Z]{24}\b/g, "INVOCATION"],
  [/\bQ[0-9A-Z]{13}\b/g, "INCIDENT"],
  [/\bsha256:[0-9a-f]+…?/g, "HASH"],
  [/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z/g, "TIME"],
  [/http:\/\/127\.0\.0\.1:\d+/g, "ADDRESS"],
  [/\b(in )?(\d+[dhms])+\b( ago)?|\bnow\b/g, "DURATION"],
  [/\bINC-\d+/g, "NUMBER"],
  [/\/\S+\/(?=Pulumi\.|audit\.jsonl)/g, ""],
  [/\d+ (event|proposal)s?\b/g, "$1s"],
  [/ +/g, " "],
];

/** A line with everything that changes from run to run taken out. */
function steady(line: string): string {
  return CHANGING.reduce((text, [pattern, word]) => text.replace(pattern, word), line).trim();
}

/** Lines of a sample that a command did not print, in that order; a line of `…` stands for any others. */
export function missingLines(sample: string, output: string): string[] {
  const printed = output.split("\n").map(steady);
  let from = 0;
  const missing: string[] = [];
  for (const line of sample.split("\n").map(steady)) {
    if (line === "" || line === "…") continue;
    const found = printed.indexOf(line, from);
    if (found < 0) {
      missing.push(line);
    } else {
      from = found + 1;
    }
  }
  return missing;
}

/** Where the shape of a sample differs from what a command printed. Lists are compared by their first item. */
export function differences(sample: unknown, actual: unknown, path = "answer"): string[] {
  if (sample === null || actual === null) {
    return [];
  }
  if (Array.isArray(sample) || Array.isArray(actual)) {
    if (!Array.isArray(sample) || !Array.isArray(actual)) {
      return [`${path} is a list in one and none in the other`];
    }
    return sample.length === 0 || actual.length === 0
      ? []
      : differences(sample[0], actual[0], `${path}[0]`);
  }
  if (typeof sample !== typeof actual) {
    return [`${path} is ${typeof sample} in the document, ${typeof actual} in fact`];
  }
  if (typeof sample !== "object") {
    return [];
  }
  const [told, found] = [sample as Record<string, unknown>, actual as Record<string, unknown>];
  return [...new Set([...Object.keys(told), ...Object.keys(found)])].flatMap((key) => {
    if (!Object.hasOwn(found, key)) {
      return [`${path}.${key} is only in the document`];
    }
    return Object.hasOwn(told, key)
      ? differences(told[key], found[key], `${path}.${key}`)
      : [`${path}.${key} is missing in the document`];
  });
}
