import type { AuditEvent } from "../proposal/audit.ts";
import type { Alarm, Delivery, Hint, KillSwitch, ReportedInvocation } from "../ports/index.ts";
import type { KillSwitches } from "./killSwitch.ts";
import type { Proposal } from "../proposal/proposal.ts";

/** What a ledger keeps as JSON, by its kind. */
export interface Records {
  proposal: Proposal;
  event: AuditEvent;
  hint: Hint;
  delivery: Delivery;
  alarm: Alarm;
  invocation: ReportedInvocation;
  /** The switch for everything, as it has always been kept, with the narrower ones. */
  killSwitch: KillSwitch & { narrower?: readonly KillSwitch[] };
}

export function writeRecord<Kind extends keyof Records>(kind: Kind, record: Records[Kind]): string {
  return JSON.stringify(kind === "proposal" ? checkedSchema(record) : record);
}

/**
 * Reads what `writeRecord` wrote. The text comes from the gate's own store, where only the gate writes, so its shape is
 * trusted; only a proposal of another schema is refused, because a gate of another release may have written it.
 */
export function readRecord<Kind extends keyof Records>(kind: Kind, text: string): Records[Kind] {
  const record: unknown = JSON.parse(text);
  return (kind === "proposal" ? checkedSchema(record) : record) as Records[Kind];
}

function checkedSchema(record: unknown): unknown {
  const schema =
    typeof record === "object" && record !== null && "schema" in record ? record.schema : undefined;
  if (schema !== 1) {
    throw new Error(
      `a proposal's \`schema\` must be 1, found ${JSON.stringify(schema) ?? "none"}: another release of the gate wrote it`,
    );
  }
  return record;
}

export function switchesOf({ narrower = [], ...all }: Records["killSwitch"]): KillSwitches {
  return { all, narrower };
}

export function switchRecord({ all, narrower }: KillSwitches): Records["killSwitch"] {
  return narrower.length === 0 ? all : { ...all, narrower };
}
