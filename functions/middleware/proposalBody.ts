import * as z from "zod";
import type { Problem } from "../http.ts";
import type { Runbook } from "../gate/gating/index.ts";
import { INCIDENT_ID, incidentIdText } from "../gate/proposal/listing.ts";
import { cut } from "../gate/text/cut.ts";
import { readJsonBytes } from "../gate/text/json.ts";
import { hiddenProblem, LINES, printable, printableLines } from "../gate/text/printable.ts";
import type { ProposalRequest, Scalar } from "../gate/proposal/proposal.ts";

const text = (max: number) => z.string().trim().min(1).max(max);
/** Refuses what would show its reader another text than is there. */
const visible =
  (allowed: string) =>
  (text: string | readonly string[], context: z.RefinementCtx): void => {
    const message = [text]
      .flat()
      .map((one) => hiddenProblem(one, allowed))
      .find((problem) => problem !== null);
    if (message !== undefined) {
      context.addIssue({ code: "custom", message });
    }
  };
const oneLine = visible("");
const someLines = visible(LINES);
const unixLines = (written: string) => written.replaceAll("\r\n", "\n");
/** A key as its sender wrote it: a space more makes another one of it. */
const key = z.string().regex(/\S/, "must not be blank").max(255).superRefine(oneLine);
const line = (max: number) => text(max).superRefine(oneLine);
const incidentId = z.string().regex(INCIDENT_ID, {
  error: ({ input }) => incidentIdText(typeof input === "string" ? input : ""),
});
const scalar = z.union([z.string().max(1024), z.number(), z.boolean()]);

/** What may be left out may also be null. */
const optional = <T extends z.ZodType>(schema: T) =>
  schema.nullish().transform((value) => value ?? undefined);
const orEmpty = <T extends z.ZodType>(schema: T) =>
  schema.nullish().transform((value) => value ?? []);

/** What an agent or a workflow step sends. */
export const apiBody = z
  .strictObject({
    incident_id: optional(incidentId),
    alert_key: optional(key),
    service: line(255),
    runbook: line(255),
    parameters: z.record(z.string().max(64), scalar.nullable()).nullish().transform(withoutNulls),
    justification: text(4000).transform(unixLines).superRefine(someLines),
    evidence: orEmpty(
      z
        .union([text(2000).transform((one) => [one]), z.array(text(2000)).max(20)])
        .transform((list) => list.map(unixLines))
        .superRefine(someLines),
    ),
    severity: optional(line(64)),
    affected_regions: orEmpty(z.array(line(64)).max(50)),
    summary: optional(line(300)),
  })
  .refine((body) => body.incident_id !== undefined || body.alert_key !== undefined, {
    path: ["incident_id"],
    message: "`incident_id` or `alert_key` is required",
  });

function withoutNulls(
  given: Readonly<Record<string, Scalar | null>> | null | undefined,
): Record<string, Scalar> {
  return Object.fromEntries(
    Object.entries(given ?? {}).flatMap<[string, Scalar]>(([name, value]) =>
      value === null ? [] : [[name, value]],
    ),
  );
}

/** A template that found nothing gives an empty text: that is an absent value. */
const maybe = (max: number) =>
  z
    .string()
    .max(max)
    .optional()
    .transform((value) => (value === undefined || value.trim() === "" ? undefined : value.trim()));
/** What an alert brings into a template nobody can mend or bound: what is not to be seen is dropped, what is too long cut. */
const shown = (max: number, clean: (text: string) => string = printable) =>
  z
    .string()
    .transform((value) => cut(clean(value).trim(), max))
    .optional()
    .pipe(maybe(max));

/** Longer than any that a rule can name. */
const LONGEST_CLAIM = 200;
const MAX_REGIONS = 50;

/** Whether a rule names a region decides: none may be left out. */
const regions = z
  .string()
  .default("")
  .transform((list) => [
    ...new Set(
      list
        .split(",")
        .map((region) => cut(printable(region).trim(), LONGEST_CLAIM))
        .filter((region) => region !== ""),
    ),
  ])
  .refine((list) => list.length <= MAX_REGIONS, {
    error: (issue) =>
      `must name at most ${MAX_REGIONS} regions, got ${Array.isArray(issue.input) ? issue.input.length : "more"}`,
  });

const orchestrationBody = z
  .looseObject({
    incident_id: maybe(64).pipe(incidentId.optional()),
    dedup_key: z
      .string()
      .optional()
      .transform((value) => (value?.trim() === "" ? undefined : value))
      .pipe(key.optional()),
    service: line(255),
    runbook: line(255),
    justification: shown(4000, printableLines),
    summary: shown(300),
    severity: shown(LONGEST_CLAIM),
    affected_regions: regions,
  })
  .refine((body) => body.incident_id !== undefined || body.dedup_key !== undefined, {
    path: ["dedup_key"],
    message: "`dedup_key` or `incident_id` is required",
  });

const ORCHESTRATION_KEYS = [
  "incident_id",
  "dedup_key",
  "service",
  "runbook",
  "justification",
  "summary",
  "severity",
  "affected_regions",
];

export interface ParsedRequest {
  request: ProposalRequest;
  /** Parameters whose types only the gating tells. */
  loose: Readonly<Record<string, Scalar>>;
}

type ParsedBody = ({ ok: true } & ParsedRequest) | { ok: false; problems: readonly Problem[] };

/** Reads what an agent or a workflow step sends. */
export function parseApiBody(body: Uint8Array): ParsedBody {
  const parsed = parse(apiBody, body);
  if (!parsed.ok) {
    return parsed;
  }
  const { value } = parsed;
  return {
    ok: true,
    loose: {},
    request: {
      runbook: value.runbook,
      service: value.service,
      incidentId: value.incident_id ?? null,
      alertKey: value.alert_key ?? null,
      parameters: value.parameters,
      justification: value.justification,
      evidence: value.evidence,
      severity: value.severity ?? null,
      regions: value.affected_regions,
      summary: value.summary ?? null,
    },
  };
}

/**
 * Reads what a webhook action of an Event Orchestration rule sends: a flat object of texts that the rule's author wrote.
 * What is none of the known keys is a parameter of the runbook.
 */
export function parseOrchestrationBody(body: Uint8Array): ParsedBody {
  const parsed = parse(orchestrationBody, body);
  if (!parsed.ok) {
    return parsed;
  }
  const { value } = parsed;
  return {
    ok: true,
    loose: Object.fromEntries(
      Object.entries(value)
        .filter(([key]) => !ORCHESTRATION_KEYS.includes(key))
        .flatMap(([key, raw]) => {
          const value = typeof raw === "string" ? raw.trim() : raw;
          return value === "" || value === null ? [] : [[key, scalarOf(value)]];
        }),
    ),
    request: {
      runbook: value.runbook,
      service: value.service,
      incidentId: value.incident_id ?? null,
      alertKey: value.dedup_key ?? null,
      parameters: {},
      justification: value.justification ?? "An Event Orchestration rule proposes it.",
      evidence: [],
      severity: value.severity ?? null,
      regions: value.affected_regions,
      summary: value.summary ?? null,
    },
  };
}

function scalarOf(value: unknown): Scalar {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? value
    : JSON.stringify(value);
}

/** Texts become what the runbook's parameters are; what does not fit stays a text, and is refused by its check. */
export function typedParameters(
  runbook: Runbook,
  loose: Readonly<Record<string, Scalar>>,
): Record<string, Scalar> {
  const typed: Record<string, Scalar> = {};
  for (const [name, value] of Object.entries(loose)) {
    const spec = Object.hasOwn(runbook.parameters, name) ? runbook.parameters[name] : undefined;
    if (typeof value === "string" && (spec?.type === "integer" || spec?.type === "number")) {
      const number = Number(value);
      typed[name] = Number.isFinite(number) ? number : value;
    } else if (spec?.type === "boolean" && (value === "true" || value === "false")) {
      typed[name] = value === "true";
    } else {
      typed[name] = value;
    }
  }
  return typed;
}

function parse<T extends z.ZodType>(
  schema: T,
  body: Uint8Array,
): { ok: true; value: z.infer<T> } | { ok: false; problems: readonly Problem[] } {
  const read = readJsonBytes(body, MAX_DEPTH);
  if (!read.ok) {
    const isJson = read.problem !== "is not JSON";
    const text = `the body ${isJson ? read.problem : "must be a JSON object"}`;
    return { ok: false, problems: [unreadable(text)] };
  }
  const { value } = read;
  // The schema's objects would lose such a key without a word.
  const lost = [
    ...(hasProto(value) ? ["__proto__"] : []),
    ...(hasProto(parametersIn(value)) ? ["parameters.__proto__"] : []),
  ];
  if (lost.length > 0) {
    return {
      ok: false,
      problems: lost.map((field) => ({
        code: "fieldInvalid",
        field,
        text: `\`${field}\` is not known`,
      })),
    };
  }
  const parsed = schema.safeParse(value, { error: wordsOf });
  return parsed.success
    ? { ok: true, value: parsed.data }
    : {
        ok: false,
        problems: parsed.error.issues.map(problemOf),
      };
}

function unreadable(text: string): Problem {
  return { code: "bodyUnreadable", field: null, text };
}

function problemOf(issue: z.core.$ZodIssue): Problem {
  const path = issue.path.join(".");
  const field = issue.code === "unrecognized_keys" ? (issue.keys[0] ?? path) : path;
  return field === ""
    ? unreadable(issue.message)
    : {
        code: "fieldInvalid",
        field,
        text: issue.message.startsWith("`") ? issue.message : `\`${field}\` ${issue.message}`,
      };
}

/** No proposal needs as many; what is nested without end exhausts whoever walks through it. */
const MAX_DEPTH = 10;

function hasProto(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.hasOwn(value, "__proto__");
}

function parametersIn(value: unknown): unknown {
  return typeof value === "object" && value !== null && "parameters" in value
    ? value.parameters
    : null;
}

/** A problem in the words of whoever wrote the body: what is allowed, and what was found. */
function wordsOf(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      if (issue.input === undefined) {
        return "is required";
      }
      return (issue.path?.length ?? 0) === 0
        ? `the body must be a JSON object, got ${kindOf(issue.input)}`
        : `must be ${article(issue.expected)}, got ${kindOf(issue.input)}`;
    case "unrecognized_keys":
      return `${issue.keys.map((key) => `\`${key}\``).join(", ")} is not known; allowed: ${API_KEYS.join(", ")}. With \`Authorization: Bearer\` the runbook's parameters stand in \`parameters\`; a flat body comes with \`x-gate-token\``;
    case "too_small":
      return "must not be empty";
    case "too_big":
      return `must have at most ${String(issue.maximum)} ${issue.origin === "string" ? "characters" : "entries"}`;
    case "invalid_union":
      return `must be ${
        issue.path?.[0] === "evidence"
          ? "a string or a list of strings"
          : "a string of at most 1024 characters, a number, true or false"
      }, got ${kindOf(issue.input)}`;
    default:
      return undefined;
  }
}

const API_KEYS = [
  "incident_id",
  "alert_key",
  "service",
  "runbook",
  "parameters",
  "justification",
  "evidence",
  "severity",
  "affected_regions",
  "summary",
];

/** Every name that a problem of the gate's may begin with. */
export const KNOWN_KEYS: readonly string[] = [
  ...API_KEYS,
  ...ORCHESTRATION_KEYS,
  "Idempotency-Key",
  "wait",
];

function article(type: string): string {
  return { array: "a list", object: "an object", record: "an object" }[type] ?? `a ${type}`;
}

function kindOf(value: unknown): string {
  if (value === null) {
    return "null";
  }
  return Array.isArray(value) ? "a list" : article(typeof value);
}
