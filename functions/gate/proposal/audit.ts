import { canonicalJson, sha256 } from "../text/canonical.ts";

/** What happened to a proposal, before it is chained. */
export interface AuditFact {
  /** Dotted name, `execution.claimed`. */
  type: string;
  data: Readonly<Record<string, unknown>>;
}

/** One link of a proposal's append-only history. */
export interface AuditEvent extends AuditFact {
  proposalId: string;
  /** 1, 2, 3 … without gaps. */
  seq: number;
  atMs: number;
  /** Hash of the event before, `GENESIS` for the first. */
  prevHash: string;
  hash: string;
}

export const GENESIS = "sha256:genesis";

/** Chains facts to a history that ends in `head`. */
export function chainFacts(
  proposalId: string,
  head: { seq: number; head: string },
  facts: readonly AuditFact[],
  atMs: number,
): AuditEvent[] {
  let { seq, head: prevHash } = head;
  return facts.map((fact) => {
    seq += 1;
    const body = { proposalId, seq, atMs, type: fact.type, data: fact.data, prevHash };
    const hash = sha256(canonicalJson(body));
    prevHash = hash;
    return { ...body, hash };
  });
}

/** Problems of one proposal's history; none means that it is whole, in order and unaltered. */
export function verifyChain(
  proposalId: string,
  events: readonly AuditEvent[],
  head: { seq: number; head: string } | null,
): string[] {
  const problems: string[] = [];
  let prevHash = GENESIS;
  events.forEach((event, index) => {
    const where = `${proposalId} event ${event.seq}`;
    const { hash, ...body } = event;
    if (event.proposalId !== proposalId) {
      problems.push(`${where}: belongs to ${event.proposalId}`);
    }
    if (event.seq !== index + 1) {
      problems.push(`${where}: expected number ${index + 1}, an event is missing or out of order`);
    }
    if (event.prevHash !== prevHash) {
      problems.push(`${where}: does not follow the event before it`);
    }
    if (sha256(canonicalJson(body)) !== hash) {
      problems.push(`${where}: its content was altered`);
    }
    prevHash = hash;
  });
  if (head !== null && (head.seq !== events.length || head.head !== prevHash)) {
    problems.push(
      `${proposalId}: the record ends at event ${head.seq}, the history at ${events.length}`,
    );
  }
  return problems;
}
