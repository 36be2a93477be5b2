import { isAlias, isNode, isScalar, LineCounter, parseDocument, visit } from "yaml";
import type { Pair, YAMLMap } from "yaml";
import { asPulumiReads } from "./plainScalar.ts";

/** Tags that mean the same to everybody. */
const SAME_TAGS: readonly string[] = [
  "tag:yaml.org,2002:str",
  "tag:yaml.org,2002:seq",
  "tag:yaml.org,2002:map",
];

/**
 * The content of a YAML file that Pulumi reads as well; throws with everything that is wrong with it. Merge keys work. What the two
 * would read differently is refused: the gate that is tried on one machine must not be another one when it is deployed.
 */
export function readYaml(file: string, source: string): unknown {
  const lines = new LineCounter();
  const document = parseDocument(source, { merge: true, lineCounter: lines });
  if (document.errors.length > 0) {
    throw new Error(`\`${file}\` is not YAML: ${messages(document.errors)}`);
  }
  const problems: string[] = [];
  const report = (node: unknown, text: string): void => {
    const { line, col } = lines.linePos(offsetOf(node));
    problems.push(`line ${line}, column ${col}: ${text}`);
  };
  visit(document, {
    Pair(_key, pair) {
      checkKey(pair, report);
    },
    Seq(_key, list) {
      checkTag(list, report);
    },
    Map(_key, map) {
      checkTag(map, report);
      checkMerges(map, report);
    },
    Scalar(_key, node) {
      checkTag(node, report);
      const { type, tag, source: written, value } = node;
      // The value of a merge key is a symbol.
      if (type !== "PLAIN" || tag !== undefined || typeof value === "symbol") return;
      const theirs = asPulumiReads(written ?? "");
      if (theirs !== value || (typeof theirs === "number" && !Number.isFinite(theirs))) {
        report(node, different(written ?? "", theirs, value));
      }
    },
  });
  if (problems.length > 0) {
    throw new Error(`\`${file}\`: ${problems.join("; ")}`);
  }
  try {
    return document.toJS();
  } catch (error) {
    // An alias or a merge that leads nowhere.
    throw new Error(`\`${file}\` is not YAML: ${messages([error])}`, { cause: error });
  }
}

function messages(errors: readonly unknown[]): string {
  return errors.map((error) => (error instanceof Error ? error.message : String(error))).join("; ");
}

type Report = (node: unknown, text: string) => void;

function checkTag(node: { tag?: string | undefined }, report: Report): void {
  if (node.tag !== undefined && !SAME_TAGS.includes(node.tag)) {
    report(node, `tag \`${node.tag}\` is read differently by Pulumi: write the value without it`);
  }
}

function checkKey(pair: Pair, report: Report): void {
  const { key } = pair;
  if (isAlias(key)) return;
  if (!isScalar(key)) {
    report(key ?? pair.value, "a key must be a text");
  } else if (key.value === null) {
    report(key, "a key must not be empty or null");
  } else if (key.value === "<<" && key.type !== "PLAIN") {
    report(key, "`<<` is a merge key to Pulumi, with quotes as well: use another key");
  }
}

function checkMerges(map: YAMLMap, report: Report): void {
  const [, second] = map.items.filter(({ key }) => isScalar(key) && key.source === "<<");
  if (second !== undefined) {
    report(second.key, "`<<` must stand once in a map, with a list to merge several");
  }
}

function different(source: string, theirs: unknown, ours: unknown): string {
  if (typeof theirs === "number" && !Number.isFinite(theirs)) {
    return `\`${source}\` is refused by Pulumi: write a number that ends, or a text in quotes`;
  }
  return `\`${source}\` is ${shown(theirs)} to Pulumi and ${shown(ours)} here: write what is meant, a text in quotes`;
}

function shown(value: unknown): string {
  return typeof value === "string" ? `the text ${JSON.stringify(value)}` : String(value);
}

function offsetOf(node: unknown): number {
  return isNode(node) ? (node.range?.[0] ?? 0) : 0;
}
