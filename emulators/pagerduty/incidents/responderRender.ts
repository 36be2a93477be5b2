import { referenceTo } from "../account/account.ts";
import type { Account } from "../account/account.ts";
import type { Incident, ResponderRequest } from "../account/documents.ts";
import { restTime } from "../account/time.ts";

export function renderResponderRequests(
  account: Account,
  incident: Incident,
): Record<string, unknown>[] {
  return account.store
    .list("responderRequests", incident.id)
    .map((request) => renderResponderRequest(account, request));
}

/** Every responder of every request, the latest state each. */
export function renderResponders(account: Account, incident: Incident): Record<string, unknown>[] {
  return account.store
    .list("responderRequests", incident.id)
    .flatMap((request) =>
      request.targets.flatMap(({ responders }) =>
        responders.map((responder) => renderResponder(account, request, responder)),
      ),
    );
}

export function renderResponderRequest(
  account: Account,
  request: ResponderRequest,
): Record<string, unknown> {
  return {
    incident: referenceTo(account, "incident", request.incident),
    requester: referenceTo(account, "user", request.requester),
    requested_at: restTime(request.requestedAtMs),
    message: request.message,
    responder_request_targets: request.targets.map(({ target, responders }) => ({
      responder_request_target: {
        ...(target.type.startsWith("user")
          ? referenceTo(account, "user", target.id)
          : referenceTo(account, "escalation_policy", target.id)),
        type: target.type.replace(/_reference$/, ""),
        incidents_responders: responders.map((responder) =>
          renderResponder(account, request, responder),
        ),
      },
    })),
  };
}

function renderResponder(
  account: Account,
  request: ResponderRequest,
  { user, state }: { user: string; state: string },
): Record<string, unknown> {
  return {
    state,
    user: referenceTo(account, "user", user),
    incident: referenceTo(account, "incident", request.incident),
    updated_at: restTime(request.requestedAtMs),
    message: request.message,
    requester: referenceTo(account, "user", request.requester),
    requested_at: restTime(request.requestedAtMs),
  };
}
