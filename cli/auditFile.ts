import { z } from "zod";
import { verifyChain } from "../functions/gate/proposal/audit.ts";
import { auditEvent, type TrailAnswer } from "./answers.ts";

/** The lines of an exported audit trail. JSON Lines, so that common tools can read it. */
const exportLine = z.strictObject({
  kind: z.literal("export"),
  format: z.literal(1),
  gate: z.string(),
  at: z.string(),
});
const eventLine = auditEvent.extend({ kind: z.literal("event") });
/** What a history must end in: kept elsewhere, it shows later that the history was only added to. */
const headLine = z.strictObject({
  kind: z.literal("head"),
  proposalId: z.string(),
  seq: z.number(),
  head: z.string(),
});
/** Without it the end of the file is missing. */
const endLine = z.strictObject({
  kind: z.literal("end"),
  proposals: z.number(),
  // Absent in an export of an earlier release, which had none.
  others: z.number().default(0),
  events: z.number(),
});
const anyLine = z.discriminatedUnion("kind", [exportLine, eventLine, headLine, endLine]);
type Line = z.infer<typeof anyLine>;

export function lineOf(line: Line): string {
  return `${JSON.stringify(line)}\n`;
}

export interface Counts {
  proposals: number;
  /** Histories of the gate's own: kill switch, alarms, gating. */
  others: number;
  events: number;
}

/** A history's subject is a proposal's id, or has a name that no id has. */
export function isOfProposal(subject: string): boolean {
  return subject.startsWith("prop_");
}

export interface Verdict extends Counts {
  /** None: whole, in order and unaltered. */
  problems: string[];
  /** Proposals and other subjects that the problems are about, "file" for those of the file itself. */
  altered: string[];
}

/** Checks one history after the other. */
export class Verifier {
  readonly #problems: string[] = [];
  readonly #altered = new Set<string>();
  #proposals = 0;
  #others = 0;
  #events = 0;

  add({ proposal, head, events }: TrailAnswer): void {
    if (isOfProposal(proposal)) {
      this.#proposals += 1;
    } else {
      this.#others += 1;
    }
    this.#events += events.length;
    for (const problem of verifyChain(proposal, events, head)) {
      this.problem(proposal, problem);
    }
  }

  problem(about: string, text: string): void {
    this.#problems.push(text);
    this.#altered.add(about);
  }

  verdict(): Verdict {
    return {
      proposals: this.#proposals,
      others: this.#others,
      events: this.#events,
      problems: this.#problems,
      altered: [...this.#altered],
    };
  }
}

/** Reads an exported file; what it cannot be told by its chains is told by its lines. */
export function readExport(text: string, verifier: Verifier): TrailAnswer[] {
  const trails = new Map<string, TrailAnswer["events"]>();
  const heads = new Map<string, TrailAnswer["head"]>();
  let end: z.infer<typeof endLine> | null = null;
  let events = 0;
  const lines = text.split("\n");
  for (const [index, content] of lines.entries()) {
    if (content === "" && index === lines.length - 1) {
      break;
    }
    const line = parse(content);
    if (typeof line === "string") {
      verifier.problem("file", `line ${index + 1}: ${line}`);
      continue;
    }
    if (index === 0 ? line.kind !== "export" : line.kind === "export" || end !== null) {
      verifier.problem("file", `line ${index + 1}: a line "${line.kind}" must not stand here`);
    }
    switch (line.kind) {
      case "export":
        break;
      case "end":
        end = line;
        break;
      case "head":
        if (heads.has(line.proposalId)) {
          verifier.problem(line.proposalId, `${line.proposalId}: its head is there twice`);
        }
        heads.set(line.proposalId, { seq: line.seq, head: line.head });
        break;
      case "event": {
        const { kind: _kind, ...event } = line;
        events += 1;
        trails.set(event.proposalId, [...(trails.get(event.proposalId) ?? []), event]);
        break;
      }
    }
  }
  const found: TrailAnswer[] = [];
  for (const proposal of new Set([...trails.keys(), ...heads.keys()])) {
    const head = heads.get(proposal);
    if (head === undefined) {
      verifier.problem(proposal, `${proposal}: its head is missing`);
    } else {
      found.push({ proposal, head, events: trails.get(proposal) ?? [] });
    }
  }
  if (end === null) {
    verifier.problem("file", "the last line is missing: the file was cut off");
  } else {
    const proposals = found.filter(({ proposal }) => isOfProposal(proposal)).length;
    const others = found.length - proposals;
    if (end.proposals !== proposals || end.others !== others || end.events !== events) {
      verifier.problem(
        "file",
        `the last line tells of ${end.proposals} proposals, ${end.others} other trails and ${end.events} events, found ${proposals}, ${others} and ${events}`,
      );
    }
  }
  return found;
}

function parse(content: string): Line | string {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    return "no JSON";
  }
  const line = anyLine.safeParse(value);
  return line.success ? line.data : "no line of an audit export";
}
