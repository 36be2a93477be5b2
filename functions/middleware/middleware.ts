import { json, problem, type HttpRequest, type HttpResponse } from "../http.ts";
import { CursorError } from "../gate/proposal/listing.ts";
import { callerOf, type Caller } from "./auth.ts";
import type { MiddlewarePorts } from "./ports.ts";
import { listProposals, receiveProposal, showEvents, showProposal } from "./proposals.ts";
import { receiveWebhook } from "./webhook.ts";

/** Routes of the public receiver, as API Gateway writes them. */
export const middlewareRoutes = [
  "POST /pagerduty/webhook",
  // With a slash too many: three answers of 404 would make PagerDuty switch the subscription off.
  "POST /pagerduty/{path+}",
  "POST /proposals",
  "GET /proposals",
  "GET /proposals/{id}",
  "GET /proposals/{id}/events",
  "GET /healthz",
] as const;

/** Answers one request of the public receiver. Never throws. */
export async function handleMiddleware(
  ports: MiddlewarePorts,
  route: string,
  request: HttpRequest,
): Promise<HttpResponse> {
  try {
    switch (route) {
      case "POST /pagerduty/webhook":
        return await receiveWebhook(ports, request);
      case "POST /pagerduty/{path+}":
        return isWebhook(request)
          ? await receiveWebhook(ports, request)
          : problem(404, "no such route");
      case "GET /healthz":
        return await health(ports);
      case "POST /proposals":
        return await authenticated(ports, request, receiveProposal);
      case "GET /proposals":
        return await authenticated(ports, request, listProposals);
      case "GET /proposals/{id}":
        return await authenticated(ports, request, showProposal);
      case "GET /proposals/{id}/events":
        return await authenticated(ports, request, showEvents);
      default:
        return problem(404, "no such route");
    }
  } catch (error) {
    if (error instanceof CursorError) {
      return problem(400, error.message);
    }
    ports.log.error("request failed", { route, problem: String(error) });
    return problem(503, "the gate cannot reach its store; try again");
  }
}

function isWebhook({ path }: HttpRequest): boolean {
  return (
    path
      .split("/")
      .filter((part) => part !== "")
      .join("/") === "pagerduty/webhook"
  );
}

async function authenticated(
  ports: MiddlewarePorts,
  request: HttpRequest,
  handle: (ports: MiddlewarePorts, request: HttpRequest, caller: Caller) => Promise<HttpResponse>,
): Promise<HttpResponse> {
  const caller = await callerOf(ports.secrets, request);
  return caller === null
    ? json(
        401,
        { error: "a known token is required, as `Authorization: Bearer` or `x-gate-token`" },
        {
          "www-authenticate": "Bearer",
        },
      )
    : handle(ports, request, caller);
}

/** Says whether the store answers and whether the kill switch is on. */
async function health({ ledger, clock }: MiddlewarePorts): Promise<HttpResponse> {
  const { on, atMs } = await ledger.killSwitch();
  return json(200, {
    status: on ? "held" : "ok",
    kill_switch: on ? { on, since: new Date(atMs).toISOString() } : { on },
    time: new Date(clock.now()).toISOString(),
  });
}
