import { json, problem, type HttpRequest, type HttpResponse } from "../http.ts";
import type { Caller } from "../middleware/auth.ts";
import { authenticated } from "../middleware/middleware.ts";
import type { MiddlewarePorts } from "../middleware/ports.ts";
import { routeOf, unrouted } from "../routes.ts";
import { openApi } from "./openapi.ts";
import { serviceFor, servicesFor } from "./services.ts";

/** What agents ask before they propose, as API Gateway writes it. */
export const agentRoutes = [
  "GET /services",
  "GET /services/{service}",
  "GET /openapi.json",
] as const;

const known = agentRoutes.map(routeOf);
/** Made when somebody asks for it. */
let document: HttpResponse | undefined;
const MAX_SERVICE_LENGTH = 255;

/** Answers one request of an agent that proposes nothing yet. Never throws. */
export async function handleAgents(
  ports: MiddlewarePorts,
  route: string,
  request: HttpRequest,
): Promise<HttpResponse> {
  try {
    switch (route) {
      case "GET /services":
        return await authenticated(ports, request, listServices);
      case "GET /services/{service}":
        return await authenticated(ports, request, showService);
      case "GET /openapi.json":
        document ??= json(200, openApi());
        return document;
      default:
        return unrouted(request, known);
    }
  } catch (error) {
    ports.log.error("request failed", { route, problem: String(error) });
    return problem("unavailable", "the gate cannot reach its store; try again");
  }
}

async function listServices(
  { gating, clock }: MiddlewarePorts,
  _request: HttpRequest,
  { name }: Caller,
): Promise<HttpResponse> {
  return json(200, { services: await servicesFor(gating, name, clock.now()) });
}

async function showService(
  { gating, clock }: MiddlewarePorts,
  request: HttpRequest,
  { name }: Caller,
): Promise<HttpResponse> {
  const asked = request.params["service"] ?? "";
  const service =
    asked.length > MAX_SERVICE_LENGTH ? null : await serviceFor(gating, asked, name, clock.now());
  return service === null
    ? problem(
        "serviceUnknown",
        `there is no service "${asked.slice(0, MAX_SERVICE_LENGTH)}" for which ${name} may propose anything`,
        { field: "service" },
      )
    : json(200, service);
}
