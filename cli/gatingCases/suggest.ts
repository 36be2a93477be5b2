import { stringify } from "yaml";
import { evaluate, findRunbook, proposedRunbook } from "../../functions/gate/gating/index.ts";
import type { ServiceGating } from "../../functions/gate/gating/index.ts";
import { witnesses, type Witness } from "../../functions/gate/gating/compare/index.ts";
import type { FileResult } from "./caseFile.ts";

/** A case that reaches a rule which none reached. */
export interface Suggestion {
  service: string;
  rule: string;
  /** As it is written in the file; null: no proposal was found that reaches the rule. */
  written: Record<string, unknown> | null;
}

/** For each rule that no case reaches, a case that does, with what the gating answers now. */
export function suggestions({ services }: FileResult, nowMs: number): Suggestion[] {
  return services.flatMap(({ service, own, unreached }) => {
    const found = witnesses(own, { fromMs: nowMs });
    return unreached.map((rule): Suggestion => {
      const witness = found.has(rule)
        ? (found.get(rule) ?? null)
        : // In a dry run it decides nothing; what it would decide reaches it.
          (witnesses(inForce(own, rule), { fromMs: nowMs }).get(rule) ?? null);
      return {
        service,
        rule,
        written: witness === null ? null : caseOf(own, service, rule, witness),
      };
    });
  });
}

export function yamlOf(written: Record<string, unknown>): string {
  return stringify([written], { lineWidth: 100, flowCollectionPadding: true }).replace(
    /^(?=.)/gm,
    "  ",
  );
}

function inForce(gating: ServiceGating, name: string): ServiceGating {
  return {
    ...gating,
    rules: gating.rules.map((rule) => {
      if (rule.name !== name) return rule;
      const { dryRun: _dryRun, ...rest } = rule;
      return rest;
    }),
  };
}

function caseOf(
  gating: ServiceGating,
  service: string,
  rule: string,
  { event, runbook, proposer, severity, regions, priority, urgency, title, atMs }: Witness,
): Record<string, unknown> {
  const incident = {
    ...(priority === null ? {} : { priority }),
    ...(urgency === null ? {} : { urgency }),
    ...(title === "" ? {} : { title }),
  };
  const about =
    event === null
      ? {
          proposal: {
            runbook,
            proposer,
            ...(severity === null ? {} : { severity }),
            ...(regions.length === 0 ? {} : { region: regions }),
            ...incident,
          },
        }
      : { event: { type: event, ...incident } };
  const subject = { event, proposer, severity, regions, priority, urgency, title, atMs };
  const proposed = event === null ? null : proposedRunbook(gating, subject);
  return {
    name: `rule ${rule}`,
    service,
    ...about,
    at: new Date(atMs).toISOString().replace(".000Z", "Z"),
    expect: expected(gating, subject, event === null ? runbook : (proposed?.runbook ?? null)),
  };
}

function expected(
  gating: ServiceGating,
  subject: Parameters<typeof proposedRunbook>[1],
  name: string | null,
): Record<string, unknown> {
  const runbook = name === null ? null : findRunbook(gating, name);
  if (runbook === null) return { proposes: null };
  const { decision, rule, wouldHave } = evaluate(gating, {
    ...subject,
    runbook: runbook.name,
    action: runbook.action,
  });
  return {
    ...(subject.event === null ? {} : { proposes: runbook.name }),
    decision,
    rule: rule ?? "otherwise",
    ...(wouldHave === undefined ? {} : { wouldHave: wouldHave.decision }),
  };
}
