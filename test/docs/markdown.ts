import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

export const root = resolve(import.meta.dirname, "../..");

/** Documents whose commands, samples and links are held to be true. */
export const documents: readonly string[] = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  "bench/README.md",
  "emulators/README.md",
  "SECURITY.md",
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

export interface Block {
  document: string;
  /** Of the fence, counted from 1. */
  line: number;
  language: string;
  /** What follows the language: `cloud`, `server`, `refused`. */
  marks: string[];
  text: string;
}

export const read = (document: string): string => readFileSync(join(root, document), "utf8");

/** All fenced blocks in their order. A fence in a list keeps its indent out of the text. */
export function blocksOf(document: string): Block[] {
  const blocks: Block[] = [];
  let open: { block: Block; fence: string; indent: number } | null = null;
  const kept: string[] = [];
  for (const [index, line] of read(document).split("\n").entries()) {
    const fence = /^(\s*)(`{3,})\s*(.*)$/.exec(line);
    if (open !== null) {
      if (fence !== null && fence[2] === open.fence && fence[3] === "") {
        blocks.push({ ...open.block, text: kept.splice(0).join("\n") });
        open = null;
      } else {
        kept.push(line.slice(Math.min(open.indent, line.length - line.trimStart().length)));
      }
    } else if (fence !== null) {
      const [language = "", ...marks] = (fence[3] ?? "").trim().split(/\s+/);
      open = {
        block: { document, line: index + 1, language, marks, text: "" },
        fence: fence[2] ?? "",
        indent: (fence[1] ?? "").length,
      };
    }
  }
  if (open !== null) {
    throw new Error(`${document}:${open.block.line}: this block does not end`);
  }
  return blocks;
}

export const at = (block: Block): string => `${block.document}:${block.line}`;

/** The document without its blocks. */
function proseOf(document: string): string {
  return read(document).replace(/^(\s*)(`{3,})[^\n]*\n[\s\S]*?^\s*\2\s*$/gm, "");
}

/** Anchors of the headings, as GitHub makes them. */
export function anchorsOf(document: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of proseOf(document).matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const anchor = plain.replace(/[^\p{Letter}\p{Number}\s_-]/gu, "").replace(/\s/g, "-");
    let unique = anchor;
    for (let count = 1; anchors.has(unique); count += 1) {
      unique = `${anchor}-${count}`;
    }
    anchors.add(unique);
  }
  return anchors;
}

/** Where its links and pictures lead. */
export function linksOf(document: string): string[] {
  const prose = proseOf(document).replace(/`[^`\n]*`/g, "");
  const found = [
    ...prose.matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g),
    ...prose.matchAll(/\b(?:src|srcset|href)="([^"]+)"/g),
  ];
  return found.map(([, link = ""]) => link);
}
