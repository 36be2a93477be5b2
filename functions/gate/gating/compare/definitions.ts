import { canonicalJson } from "../../text/canonical.ts";
import { formatDuration } from "../../text/duration.ts";
import { incidentAppearsWithinMs } from "../schema/normalise.ts";
import type {
  ManualTaskRouting,
  ParameterSpec,
  Runbook,
  ServiceGating,
  ServiceLimits,
  Target,
} from "../schema/types.ts";
import { whomWritten } from "./answer.ts";
import type { Difference, Verdict, Written } from "./answer.ts";

/** What of a thing is compared: how it is written, and what a change of it means. */
interface Part<Thing> {
  written(thing: Thing): Written;
  verdict(before: Thing, after: Thing): Verdict;
}
/** Every field of the thing, so that none is forgotten; a field may have several parts. */
type Parts<Thing> = Readonly<Record<keyof Required<Thing>, Readonly<Record<string, Part<Thing>>>>>;

const changed = () => "changed" as const;
const loosened = () => "loosened" as const;

const RUNBOOK: Parts<Runbook> = {
  // Runbooks are compared by name.
  name: {},
  action: { action: { written: ({ action }) => action, verdict: changed } },
  description: {
    description: { written: ({ description }) => description, verdict: changed },
  },
  // What has been allowed or approved under the name is now another thing.
  target: { target: { written: ({ target }) => targetWritten(target), verdict: loosened } },
  // Each by its name, below.
  parameters: {},
};

const PARAMETER: Parts<ParameterSpec> = {
  type: { type: { written: ({ type }) => type, verdict: loosened } },
  description: {
    description: { written: ({ description }) => description, verdict: changed },
  },
  required: {
    required: {
      written: ({ required }) => required,
      verdict: (_before, { required }) => (required ? "tightened" : "loosened"),
    },
  },
  default: {
    default: {
      written: (spec) => spec.default,
      verdict: (_before, after) => (after.default === null ? "changed" : "loosened"),
    },
  },
  enum: {
    enum: {
      written: (spec) =>
        spec.enum === null
          ? null
          : [...spec.enum].sort((a, b) => (canonicalJson(a) < canonicalJson(b) ? -1 : 1)),
      verdict: (before, after) =>
        before.enum === null ||
        (after.enum !== null && after.enum.every((one) => before.enum?.includes(one) === true))
          ? "tightened"
          : "loosened",
    },
  },
  minimum: {
    minimum: {
      written: ({ minimum }) => minimum,
      verdict: (before, after) =>
        (after.minimum ?? -Infinity) < (before.minimum ?? -Infinity) ? "loosened" : "tightened",
    },
  },
  maximum: {
    maximum: {
      written: ({ maximum }) => maximum,
      verdict: (before, after) =>
        (after.maximum ?? Infinity) > (before.maximum ?? Infinity) ? "loosened" : "tightened",
    },
  },
  maxLength: {
    maxLength: {
      written: ({ maxLength }) => maxLength,
      verdict: (before, after) =>
        (after.maxLength ?? Infinity) > (before.maxLength ?? Infinity) ? "loosened" : "tightened",
    },
  },
  customField: {
    customField: {
      written: ({ customField }) => customField,
      // Without one the value is only shown; with one it steers what runs.
      verdict: (_before, { customField }) => (customField === null ? "tightened" : "loosened"),
    },
  },
};

const LIMITS: Parts<ServiceLimits> = {
  openProposals: {
    "limits.openProposals": {
      written: ({ openProposals }) => openProposals,
      verdict: (before, after) => byLimit(before.openProposals, after.openProposals),
    },
  },
  executionsPerHour: {
    "limits.executionsPerHour": {
      written: ({ executionsPerHour }) => executionsPerHour,
      verdict: (before, after) => byLimit(before.executionsPerHour, after.executionsPerHour),
    },
  },
};

const MANUAL_TASK: Parts<ManualTaskRouting> = {
  service: { "manualTask.service": { written: ({ service }) => service, verdict: changed } },
  escalationPolicy: {
    "manualTask.escalationPolicy": {
      written: ({ escalationPolicy }) => escalationPolicy,
      verdict: changed,
    },
  },
  users: {
    "manualTask.users": { written: ({ users }) => [...users].sort(), verdict: changed },
  },
  urgency: { "manualTask.urgency": { written: ({ urgency }) => urgency, verdict: changed } },
};

const NO_LIMITS: ServiceLimits = { openProposals: null, executionsPerHour: null };

const SERVICE: Parts<ServiceGating> = {
  // What these say is in the answers to proposals.
  runbooks: {},
  rules: {},
  otherwise: {},
  onDeny: {},
  limits: partsOf(LIMITS, ({ limits }) => limits ?? NO_LIMITS),
  manualTask: partsOf(MANUAL_TASK, ({ manualTask }) => manualTask),
  incidentAppearsWithinMs: {
    incidentAppearsWithin: {
      written: (gating) => formatDuration(incidentAppearsWithinMs(gating)),
      // What would have ended for want of an incident finds one.
      verdict: (before, after) =>
        incidentAppearsWithinMs(after) > incidentAppearsWithinMs(before) ? "loosened" : "tightened",
    },
  },
};

/** In what the services differ, whatever is proposed. */
export function serviceDifferences(before: ServiceGating, after: ServiceGating): Difference[] {
  return differences(SERVICE, before, after);
}

/** In what runbooks of the same name differ. */
export function runbookDifferences(before: Runbook, after: Runbook): Difference[] {
  const names = [...new Set([...Object.keys(before.parameters), ...Object.keys(after.parameters)])];
  return [
    ...differences(RUNBOOK, before, after),
    ...names
      .sort()
      .flatMap((name) =>
        parameterDifferences(name, own(before.parameters, name), own(after.parameters, name)),
      ),
  ];
}

function parameterDifferences(
  name: string,
  before: ParameterSpec | null,
  after: ParameterSpec | null,
): Difference[] {
  const field = `parameters.${name}`;
  if (before === null || after === null) {
    return [
      {
        field,
        before: before === null ? null : parameterWritten(before),
        after: after === null ? null : parameterWritten(after),
        verdict: after === null ? withoutParameter(before) : "loosened",
      },
    ];
  }
  return differences(PARAMETER, before, after).map((one) => ({
    ...one,
    field: `${field}.${one.field}`,
  }));
}

/** What had to be passed is now refused, and what lacked it runs. */
function withoutParameter(before: ParameterSpec | null): Verdict {
  if (before?.required === true) return "loosened";
  return before === null || before.default === null ? "tightened" : "changed";
}

function differences<Thing>(parts: Parts<Thing>, before: Thing, after: Thing): Difference[] {
  const all: Readonly<Record<string, Part<Thing>>>[] = Object.values(parts);
  return all.flatMap((fields) =>
    Object.entries(fields).flatMap(([field, part]): Difference[] => {
      const [one, other] = [part.written(before), part.written(after)];
      return canonicalJson(one) === canonicalJson(other)
        ? []
        : [{ field, before: one, after: other, verdict: part.verdict(before, after) }];
    }),
  );
}

/** The same parts of what holds the thing. */
function partsOf<Thing, Holder>(
  parts: Parts<Thing>,
  of: (holder: Holder) => Thing,
): Readonly<Record<string, Part<Holder>>> {
  const all: Readonly<Record<string, Part<Thing>>>[] = Object.values(parts);
  return Object.fromEntries(
    all.flatMap((fields) =>
      Object.entries(fields).map(([field, part]): [string, Part<Holder>] => [
        field,
        {
          written: (holder) => part.written(of(holder)),
          verdict: (before, after) => part.verdict(of(before), of(after)),
        },
      ]),
    ),
  );
}

/** As the gating writes it: by the kind of thing that is done. */
function targetWritten(target: Target): Written {
  switch (target.kind) {
    case "automationAction":
      return { automationAction: target.actionId };
    case "incidentWorkflow":
      return { incidentWorkflow: target.workflowId };
    case "reassign":
      return {
        reassign: whomWritten(target),
      };
    case "escalate":
      return { escalate: { level: target.level } };
  }
}

/** What was written, without what says nothing. */
function parameterWritten(spec: ParameterSpec): Written {
  return Object.fromEntries(
    Object.entries(spec).filter(([, one]) => one !== null && one !== false),
  );
}

function byLimit(before: number | null, after: number | null): Verdict {
  return (after ?? Infinity) > (before ?? Infinity) ? "loosened" : "tightened";
}

function own<Value>(record: Readonly<Record<string, Value>>, name: string): Value | null {
  return Object.hasOwn(record, name) ? (record[name] ?? null) : null;
}
