import {
  checkParameters,
  compileGating,
  findRunbook,
  gatingForUnlisted,
  type Answered,
  type CompiledGating,
  type Gating,
  type RuleTerms,
  type ServiceGating,
} from "../../functions/gate/gating/index.ts";
import { executionBrakes, openBrakes } from "../../functions/gate/ledger/brakes.ts";
import type { Brake } from "../../functions/gate/proposal/proposal.ts";
import { canonicalJson } from "../../functions/gate/text/canonical.ts";
import type { Recorded } from "./history.ts";

/** What a gating says of a recorded proposal; the same object for the same answer. */
export interface SideAnswer {
  service: string;
  /** "otherwise" where no rule decides; null where nothing is decided. */
  rule: string | null;
  decision:
    | "allow"
    | "deny"
    | "requireApproval"
    | "nothingProposed"
    | "unknownRunbook"
    | "invalidParameters";
  terms: RuleTerms | null;
  /** Equal for what is the same, also by another gating. */
  key: string;
  /** What would run: equal for the same runbook with the same target. */
  runs: string | null;
  openBrakes: Brake[];
  approvedBrakes: Brake[];
  automaticBrakes: Brake[];
}

interface Service {
  serviceId: string;
  serviceName: string | null;
  key: string;
  listed: boolean;
  compiled: CompiledGating;
  answers: Map<string, Map<Answered, SideAnswer>>;
  ended: Map<string, SideAnswer>;
}

/** One of the two gatings, prepared for very many proposals. */
export class Side {
  readonly #gating: Gating;
  readonly #services = new Map<string, Service[]>();

  constructor(gating: Gating) {
    this.#gating = gating;
  }

  /** @param checksParameters Whether what was passed is held against the runbook. */
  answer(recorded: Recorded, checksParameters: boolean): SideAnswer {
    const service = this.#service(recorded);
    const { facts } = recorded;
    let name = facts.runbook;
    if (facts.event !== null) {
      const proposed = service.listed ? service.compiled.proposed(facts) : null;
      if (proposed === null) return ended(service, "nothingProposed");
      name = proposed.runbook;
    }
    const runbook = findRunbook(service.compiled.gating, name);
    if (runbook === null) return ended(service, "unknownRunbook");
    if (checksParameters && !checkParameters(runbook, recorded.passed).ok) {
      return ended(service, "invalidParameters");
    }
    const answered = service.compiled.answer(
      name === facts.runbook && runbook.action === facts.action
        ? facts
        : { ...facts, runbook: name, action: runbook.action },
    );
    const ofRunbook = service.answers.get(name) ?? new Map<Answered, SideAnswer>();
    service.answers.set(name, ofRunbook);
    const known = ofRunbook.get(answered);
    if (known !== undefined) return known;
    const made = answerOf(service, answered, canonicalJson([name, runbook.action, runbook.target]));
    ofRunbook.set(answered, made);
    return made;
  }

  /** By the key that it had then, else by the id or the name that the gating lists now. */
  #service({ service, serviceId, serviceName }: Recorded): Service {
    const known = this.#services.get(service) ?? [];
    for (const one of known) {
      if (one.serviceId === serviceId && one.serviceName === serviceName) return one;
    }
    const { services, defaults } = this.#gating;
    const listedAs = [service, serviceId, serviceName].find(
      (name): name is string => name !== null && Object.hasOwn(services, name),
    );
    const own: ServiceGating | undefined = listedAs === undefined ? undefined : services[listedAs];
    const made: Service = {
      serviceId,
      serviceName,
      key: listedAs ?? service,
      listed: own !== undefined,
      compiled: compileGating(own ?? gatingForUnlisted(defaults)),
      answers: new Map(),
      ended: new Map(),
    };
    this.#services.set(service, [...known, made]);
    return made;
  }
}

function answerOf(service: Service, answered: Answered, runs: string): SideAnswer {
  const { rule, decision, terms } = answered;
  const { gating } = service.compiled;
  const evaluation = { ...answered, trace: [] };
  return {
    service: service.key,
    rule: rule ?? "otherwise",
    decision,
    terms,
    key: canonicalJson({ rule, decision, terms: termsThatCount(decision, terms) }),
    runs,
    openBrakes: openBrakes(service.key, gating, evaluation),
    approvedBrakes: executionBrakes(service.key, gating, evaluation, "approved"),
    automaticBrakes: executionBrakes(service.key, gating, evaluation, "automatic"),
  };
}

/** Who is asked for how long says nothing where nobody is asked. */
function termsThatCount(decision: Answered["decision"], terms: RuleTerms): unknown {
  if (decision === "requireApproval") return terms;
  return decision === "deny"
    ? { onDeny: terms.onDeny ?? "task", coolDownMs: terms.coolDownMs }
    : { limits: terms.limits };
}

function ended(
  service: Service,
  decision: "nothingProposed" | "unknownRunbook" | "invalidParameters",
): SideAnswer {
  const known = service.ended.get(decision);
  if (known !== undefined) return known;
  const made: SideAnswer = {
    service: service.key,
    rule: null,
    decision,
    terms: null,
    key: decision,
    runs: null,
    openBrakes: [],
    approvedBrakes: [],
    automaticBrakes: [],
  };
  service.ended.set(decision, made);
  return made;
}

/** In what two answers differ, by the fields of the gating; none: they are the same. */
export function differsIn(before: SideAnswer, after: SideAnswer): string[] {
  if (before.key === after.key && before.runs === after.runs) return [];
  const found: string[] = [];
  if (before.decision !== after.decision) found.push("decision");
  if (before.rule !== after.rule) found.push("rule");
  if (before.runs !== after.runs && before.runs !== null && after.runs !== null)
    found.push("runbook");
  if (before.decision === after.decision && before.terms !== null && after.terms !== null) {
    const [one, other]: Readonly<Record<string, unknown>>[] = [
      { ...before.terms },
      { ...after.terms },
    ];
    const names = new Set([...Object.keys(one ?? {}), ...Object.keys(other ?? {})]);
    const own = [...names].filter(
      (name) => canonicalJson(one?.[name] ?? null) !== canonicalJson(other?.[name] ?? null),
    );
    found.push(...own.map((name) => name.replace(/Ms$/, "")).sort());
  }
  return found;
}
