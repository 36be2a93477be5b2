import { json, problem, type HttpRequest, type HttpResponse } from "../http.ts";
import { routeOf, unrouted } from "../routes.ts";
import { CursorError } from "../gate/proposal/listing.ts";
import { callerOf, showsToken, type Caller } from "./auth.ts";
import type { MiddlewarePorts } from "./ports.ts";
import { listProposals, receiveProposal, showEvents, showProposal } from "./proposals.ts";
import { receiveWebhook } from "./webhook.ts";
import { withdrawProposal } from "./withdraw.ts";

/** Routes of the public receiver, as API Gateway writes them. */
export const middlewareRoutes = [
  "POST /pagerduty/webhook",
  // With a slash too many: three answers of 404 would make PagerDuty switch the subscription off.
  "POST /pagerduty/{path+}",
  "POST /proposals",
  "GET /proposals",
  "GET /proposals/{id}",
  "DELETE /proposals/{id}",
  "GET /proposals/{id}/events",
  "GET /healthz",
] as const;

const known = middlewareRoutes.map(routeOf);

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
        return isWebhook(request) ? await receiveWebhook(ports, request) : unrouted(request, known);
      case "GET /healthz":
        return await health(ports, request);
      case "POST /proposals":
        return await authenticated(ports, request, receiveProposal);
      case "GET /proposals":
        return await authenticated(ports, request, listProposals);
      case "GET /proposals/{id}":
        return await authenticated(ports, request, showProposal);
      case "DELETE /proposals/{id}":
        return await authenticated(ports, request, withdrawProposal);
      case "GET /proposals/{id}/events":
        return await authenticated(ports, request, showEvents);
      default:
        return unrouted(request, known);
    }
  } catch (error) {
    if (error instanceof CursorError) {
      return problem("queryInvalid", error.message, { field: "cursor" });
    }
    ports.log.error("request failed", { route, problem: String(error) });
    return problem("unavailable", "the gate cannot reach its store; try again");
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

export async function authenticated(
  ports: MiddlewarePorts,
  request: HttpRequest,
  handle: (ports: MiddlewarePorts, request: HttpRequest, caller: Caller) => Promise<HttpResponse>,
): Promise<HttpResponse> {
  const caller = await callerOf(ports.secrets, request);
  return caller === null
    ? problem(
        "tokenUnknown",
        "a known token is required, as `Authorization: Bearer` or `x-gate-token`",
        { headers: { "www-authenticate": "Bearer" } },
      )
    : handle(ports, request, caller);
}

/** Whether the store answers, to everybody. Whoever shows a token is told the kill switch and the gate's time as well. */
async function health(ports: MiddlewarePorts, request: HttpRequest): Promise<HttpResponse> {
  const { on, atMs } = await ports.ledger.killSwitch();
  return showsToken(request)
    ? authenticated(ports, request, async () =>
        json(200, {
          status: "ok",
          kill_switch: on ? { on, since: new Date(atMs).toISOString() } : { on },
          time: new Date(ports.clock.now()).toISOString(),
        }),
      )
    : json(200, { status: "ok" });
}
