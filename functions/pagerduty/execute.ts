import * as z from "zod";
import { RemoteError } from "../gate/ports/index.ts";
import type { Invocation, Order, PagerDuty } from "../gate/ports/index.ts";
import { assignmentOf } from "./incidents.ts";
import { asPathId, isId } from "./ids.ts";
import { isSameValue } from "./fieldValue.ts";
import type { Rest } from "./rest.ts";
import { id, invocationShape, invocationState, optional } from "./shapes.ts";

type ActionCalls = Pick<PagerDuty, "execute" | "invocation" | "invocations">;

const madeInvocation = z.object({
  invocation: z.object({
    id,
    state: optional(z.string()),
    metadata: optional(z.object({ agent: optional(z.object({ id })) })),
  }),
});
const oneInvocation = z.object({ invocation: invocationShape });
const manyInvocations = z.object({ invocations: z.array(invocationShape) });
const madeInstance = z.object({ incident_workflow_instance: optional(z.object({ id })) });
const changedIncident = z.object({ incident: z.object({ id }) });

/** At most so many are listed, by PagerDuty's own rule. */
const LISTED = 25;

export function actionCalls(rest: Rest): ActionCalls {
  return {
    async execute(order, permission) {
      const before = permission === undefined ? undefined : () => permission.stillFresh();
      // All ids are checked before the first call.
      const send = sender(rest, order, before);
      await putCustomFields(rest, order, before);
      // Setting the fields may have taken long.
      await permission?.look();
      return send();
    },

    async invocation(invocationId) {
      if (!isId(invocationId)) return null;
      const path = `/automation_actions/invocations/${invocationId}`;
      return (await rest.find(path, oneInvocation))?.invocation ?? null;
    },

    async invocations(incidentId, actionId) {
      const query = new URLSearchParams({ incident_id: incidentId, action_id: actionId });
      const path = `/automation_actions/invocations?${query.toString()}`;
      // One that cannot be read makes the whole answer unusable: left out, it would count as not having run.
      const { invocations } = await rest.get(path, manyInvocations);
      return invocations.filter((one) => matches(one, incidentId, actionId)).slice(0, LISTED);
    },
  };
}

/** In case a filter was not heeded. */
function matches(invocation: Invocation, incidentId: string, actionId: string): boolean {
  const { incidentId: found } = invocation;
  return invocation.actionId === actionId && (found === null || found === incidentId);
}

type Sent = Awaited<ReturnType<PagerDuty["execute"]>>;

/** Right before a request goes out. */
type Before = (() => void) | undefined;

function sender(rest: Rest, order: Order, before: Before): () => Promise<Sent> {
  const { target } = order;
  const incidentId = asPathId("incidentId", order.incidentId);
  switch (target.kind) {
    case "automationAction": {
      const path = `/automation_actions/actions/${asPathId("actionId", target.actionId)}/invocations`;
      const body = { invocation: { metadata: { incident_id: incidentId } } };
      return async () => {
        const request = { method: "POST", path, body, named: false, before } as const;
        const { invocation } = await rest.write(request, madeInvocation);
        return {
          invocationId: invocation.id,
          state: invocationState(invocation.state),
          agentId: invocation.metadata?.agent?.id ?? null,
        };
      };
    }
    case "incidentWorkflow": {
      const path = `/incident_workflows/${asPathId("workflowId", target.workflowId)}/instances`;
      const body = {
        incident_workflow_instance: {
          id: order.mark,
          type: "incident_workflow_instance",
          incident: { id: incidentId, type: "incident_reference" },
        },
      };
      return async () => {
        const request = { method: "POST", path, body, named: false, before } as const;
        const answer = await rest.write(request, madeInstance);
        const invocationId = answer.incident_workflow_instance?.id ?? null;
        return { invocationId, state: null, agentId: null };
      };
    }
    case "reassign":
      return update(rest, incidentId, newAssignment(target.users, target.escalationPolicy), before);
    case "escalate":
      return update(rest, incidentId, { escalation_level: target.level }, before);
  }
}

/** Refuses a change that changes nothing: PagerDuty would answer it as if it were done. */
function newAssignment(users: readonly string[], policy: string | null): Record<string, unknown> {
  const assignment = assignmentOf(users, policy);
  if (Object.keys(assignment).length > 0) return assignment;
  throw new RemoteError("`target` must name `users` or an `escalationPolicy` to reassign to", {
    nothingDone: true,
    retryable: false,
  });
}

/** Done when PagerDuty has answered: there is no id to follow. */
function update(
  rest: Rest,
  incidentId: string,
  change: Record<string, unknown>,
  before: Before,
): () => Promise<Sent> {
  const path = `/incidents/${incidentId}`;
  const body = { incident: { type: "incident_reference", ...change } };
  return async () => {
    await rest.write({ method: "PUT", path, body, named: true, before }, changedIncident);
    return { invocationId: null, state: "completed", agentId: null };
  };
}

/**
 * Sets the fields and reads them back: what is started next finds these values, or it is not started. Whatever becomes
 * of the fields, nothing has been started by then, and they can be set again.
 */
async function putCustomFields(rest: Rest, order: Order, before: Before): Promise<void> {
  const wanted = Object.entries(order.customFields);
  if (wanted.length === 0) return;
  const path = `/incidents/${asPathId("incidentId", order.incidentId)}/custom_fields/values`;
  const body = { custom_fields: wanted.map(([name, value]) => ({ name, value })) };
  await unlessStarted("were not set", () =>
    rest.writeBlind({ method: "PUT", path, body, named: false, before }),
  );
  const found = await unlessStarted("could not be read back", () => rest.get(path, readValues));
  const other = wanted.find(([name, value]) => !isSameValue(found.get(name), value));
  if (other === undefined) return;
  const [name, value] = other;
  throw new RemoteError(
    `custom field ${name} holds ${shown(found.get(name))} instead of ${shown(value)} right after it was set, so nothing was started: somebody else writes it`,
    { nothingDone: true, retryable: true },
  );
}

async function unlessStarted<T>(problem: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error;
    const { message, retryable, status, retryAfterMs } = error;
    throw new RemoteError(`the custom fields ${problem}, so nothing was started: ${message}`, {
      nothingDone: true,
      retryable,
      status,
      retryAfterMs,
    });
  }
}

const readValues = z
  .object({
    custom_fields: z.array(z.object({ name: optional(z.string()), value: z.unknown().optional() })),
  })
  .transform(
    ({ custom_fields: fields }) => new Map(fields.map(({ name, value }) => [name ?? "", value])),
  );

function shown(value: unknown): string {
  return (JSON.stringify(value ?? null) ?? "nothing").slice(0, 100);
}
