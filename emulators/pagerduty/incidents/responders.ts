import { z } from "zod";
import { referenceTo } from "../account/account.ts";
import type { Account } from "../account/account.ts";
import type { Incident, ResponderRequest, Target } from "../account/documents.ts";
import { objectId } from "../account/ids.ts";
import { requireAbility } from "../directory/abilities.ts";
import { alreadyResolved, invalidInput, requesterNotFound } from "../http/errors.ts";
import { param, parseBody } from "../http/route.ts";
import type { Route } from "../http/route.ts";
import { referenceSchema } from "../http/schemas.ts";
import { incidentById, usersAtLevel } from "./find.ts";
import { addLogEntry, emitForIncident } from "./record.ts";
import { renderResponderRequest } from "./responderRender.ts";

const TargetItem = z.object({
  responder_request_target: referenceSchema("user", "escalation_policy"),
});

const Request = z.object({
  requester_id: z.string().min(1),
  message: z.string(),
  responder_request_targets: z.array(TargetItem).min(1),
});

const Cancellation = z.object({
  requester_id: z.string().min(1),
  responder_request_targets: z.array(referenceSchema("user", "escalation_policy")).min(1),
});

/** Ask further people to help with an incident, and take that back. */
export function responderRoutes(account: Account): Route[] {
  const { store } = account;
  return [
    {
      method: "POST",
      path: "/incidents/:id/responder_requests",
      handle: (call) => {
        requireAbility(account, "coordinated_responding");
        const incident = incidentById(account, param(call, "id"));
        const wanted = parseBody(call, Request);
        if (!store.get("users", wanted.requester_id)) {
          throw requesterNotFound();
        }
        if (incident.status === "resolved") {
          throw alreadyResolved();
        }
        const request: ResponderRequest = {
          id: objectId(),
          incident: incident.id,
          requester: wanted.requester_id,
          message: wanted.message,
          requestedAtMs: account.now(),
          targets: wanted.responder_request_targets.map(({ responder_request_target: target }) => ({
            target,
            responders: usersBehind(account, target).map((user) => ({ user, state: "pending" })),
          })),
        };
        store.put("responderRequests", request);
        announce(account, incident, request);
        return {
          status: 200,
          body: { responder_request: renderResponderRequest(account, request) },
        };
      },
    },
    {
      method: "PUT",
      path: "/incidents/:id/responder_requests/cancel",
      handle: (call) => {
        requireAbility(account, "coordinated_responding");
        const incident = incidentById(account, param(call, "id"));
        const wanted = parseBody(call, Cancellation);
        if (!store.get("users", wanted.requester_id)) {
          throw requesterNotFound();
        }
        const { responder_request_targets: targets } = wanted;
        const cancelled = new Set(targets.map(({ id }) => id));
        const before = store.list("responderRequests", incident.id);
        for (const request of before) {
          store.put("responderRequests", withoutPending(request, cancelled));
        }
        return {
          status: 200,
          body: {
            responder_request_targets: targets.map(({ id, type }) => ({
              type,
              id,
              result: resultFor(before, id),
            })),
          },
        };
      },
    },
  ];
}

/** What became of a request that was to be taken back. */
function resultFor(requests: readonly ResponderRequest[], id: string): string {
  const states = requests
    .flatMap(({ targets }) => targets)
    .filter(({ target }) => target.id === id)
    .flatMap(({ responders }) => responders.map(({ state }) => state));
  if (states.length === 0) {
    return "not_found";
  }
  return states.find((state) => state === "joined" || state === "declined") ?? "cancelled";
}

function usersBehind(account: Account, { id, type }: Target): string[] {
  const { store } = account;
  if (type.startsWith("user")) {
    if (!store.get("users", id)) {
      throw invalidInput(`\`responder_request_targets\`: no user has the id "${id}"`);
    }
    return [id];
  }
  const policy = store.get("escalationPolicies", id);
  if (!policy) {
    throw invalidInput(`\`responder_request_targets\`: no escalation policy has the id "${id}"`);
  }
  return usersAtLevel(account, policy, 1);
}

function announce(account: Account, incident: Incident, request: ResponderRequest): void {
  const agent = referenceTo(account, "user", request.requester);
  for (const { target, responders } of request.targets) {
    for (const { user, state } of responders) {
      const reference = referenceTo(account, "user", user);
      addLogEntry(account, incident, {
        type: "responder_request",
        summary: `Requested help from ${reference.summary ?? user}`,
        agent,
        details: { message: request.message, responder: reference },
      });
      emitForIncident(account, incident, "responder.added", agent, {
        type: "incident_responder",
        incident: referenceTo(account, "incident", incident.id),
        user: reference,
        escalation_policy: target.type.startsWith("user")
          ? null
          : referenceTo(account, "escalation_policy", target.id),
        message: request.message,
        state,
      });
    }
  }
}

// Only who has not answered yet can be spared.
function withoutPending(request: ResponderRequest, cancelled: Set<string>): ResponderRequest {
  return {
    ...request,
    targets: request.targets.map(({ target, responders }) => ({
      target,
      responders: cancelled.has(target.id)
        ? responders.map(({ user, state }) => ({
            user,
            state: state === "pending" ? "user_cancelled" : state,
          }))
        : responders,
    })),
  };
}
