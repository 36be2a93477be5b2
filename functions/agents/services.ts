import { outlook } from "../gate/gating/index.ts";
import type {
  OpenCondition,
  Outlook,
  ParameterSpec,
  Runbook,
  ServiceGating,
} from "../gate/gating/index.ts";
import type * as z from "zod";
import type { GatingStore } from "../gate/ports/index.ts";
import type { answerView, runbookView, servicesAnswer, serviceView } from "./answers.ts";
import { answerText } from "../gate/telling/answerText.ts";

export type ServiceSummary = z.output<typeof servicesAnswer>["services"][number];
export type ServiceView = z.output<typeof serviceView>;
type RunbookView = z.output<typeof runbookView>;
type AnswerView = z.output<typeof answerView>;

/** Everything that this proposer may propose: what every answer would deny is not among it. */
export async function servicesFor(
  gating: GatingStore,
  proposer: string,
  nowMs: number,
): Promise<ServiceSummary[]> {
  const { services } = await gating.inForce();
  return services
    .map(({ listedAs, serviceId, gating: one }) => ({
      service: listedAs,
      service_id: serviceId,
      runbooks: offered(one, proposer, nowMs).map(({ runbook }) => runbook),
    }))
    .filter(({ runbooks }) => runbooks.length > 0)
    .sort((a, b) => (a.service < b.service ? -1 : 1));
}

/** Null: nothing may be proposed for it, or there is none. */
export async function serviceFor(
  gating: GatingStore,
  service: string,
  proposer: string,
  nowMs: number,
): Promise<ServiceView | null> {
  const stored = await gating.find({ id: service, name: service });
  const runbooks = offered(stored.gating, proposer, nowMs);
  return runbooks.length === 0
    ? null
    : {
        service,
        service_id: stored.serviceId ?? null,
        listed: stored.listed,
        runbooks,
      };
}

function offered(gating: ServiceGating, proposer: string, nowMs: number): RunbookView[] {
  return Object.values(gating.runbooks)
    .map((runbook) => ({
      runbook,
      answers: outlook(gating, {
        runbook: runbook.name,
        action: runbook.action,
        proposer,
        atMs: nowMs,
      }),
    }))
    .filter(({ answers }) => answers.some(({ decision }) => decision !== "deny"))
    .map(({ runbook, answers }) => ({
      runbook: runbook.name,
      description: runbook.description,
      action: runbook.action,
      target: runbook.target.kind,
      parameters: parametersSchema(runbook),
      answers: answers.map(viewOf),
    }))
    .sort((a, b) => (a.runbook < b.runbook ? -1 : 1));
}

function viewOf(answer: Outlook): AnswerView {
  const { when, decision, rule } = answer;
  return { when: whenText(when), decision, rule, text: answerText(answer) };
}

const WORDS: Readonly<Record<keyof OpenCondition, string>> = {
  priority: "the incident's priority is",
  severity: "the proposal's `severity` is",
  urgency: "the incident's urgency is",
  region: "one of the proposal's `affected_regions` is",
  titlePattern: "the incident's title fits",
};

function whenText(when: Partial<OpenCondition>): string | null {
  const texts = (Object.keys(WORDS) as (keyof OpenCondition)[]).flatMap((field) => {
    const values = when[field];
    return values === undefined ? [] : [`${WORDS[field]} ${values.join(" or ")}`];
  });
  return texts.length === 0 ? null : texts.join(", and ");
}

/** The runbook's parameters in JSON Schema 2020-12, as the gate checks them. */
function parametersSchema({ parameters }: Runbook): Record<string, unknown> {
  const required = Object.entries(parameters).flatMap(([name, spec]) =>
    spec.required && spec.default === null ? [name] : [],
  );
  return {
    type: "object",
    additionalProperties: false,
    properties: Object.fromEntries(
      Object.entries(parameters).map(([name, spec]) => [name, parameterSchema(spec)]),
    ),
    ...(required.length === 0 ? {} : { required }),
  };
}

function parameterSchema(spec: ParameterSpec): Record<string, unknown> {
  const { type, description, enum: values, minimum, maximum, maxLength } = spec;
  return {
    type,
    ...(description === null ? {} : { description }),
    ...(values === null ? {} : { enum: values }),
    ...(minimum === null ? {} : { minimum }),
    ...(maximum === null ? {} : { maximum }),
    ...(maxLength === null ? {} : { maxLength }),
    ...(spec.default === null ? {} : { default: spec.default }),
  };
}
