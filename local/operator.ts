import { z } from "zod";
import { json, problem, type HttpRequest, type HttpResponse } from "../functions/http.ts";
import { routeOf, unrouted } from "../functions/routes.ts";
import { alarmView, gatingView, killSwitchView } from "../functions/gate/telling/operatorView.ts";
import { hiddenProblem } from "../functions/gate/text/printable.ts";
import { readJsonBytes } from "../functions/gate/text/json.ts";
import { scopeText } from "../functions/gate/ledger/killSwitch.ts";
import { throwSwitch } from "../functions/gate/ledger/switching.ts";
import { callerOf } from "../functions/middleware/auth.ts";
import type { LocalMetrics } from "./metrics.ts";
import type { MiddlewarePorts } from "../functions/middleware/ports.ts";

/** Switches of a gate on one machine, for holders of an operator's token. */
export const operatorRoutes = [
  "GET /operator/kill-switch",
  "PUT /operator/kill-switch",
  "GET /operator/alarms",
  "POST /operator/alarms/acknowledge",
  "GET /operator/gating",
  "GET /operator/trails",
  "GET /metrics",
] as const;

const known = operatorRoutes.map(routeOf);

const MAX_ALARMS = 1_000;
const DEFAULT_ALARMS = 100;

const scopeName = z.string().trim().min(1).max(255).nullish();
const killSwitchBody = z.strictObject({
  on: z.boolean(),
  reason: z.string().trim().min(1).max(500).nullish(),
  service: scopeName,
  runbook: scopeName,
  unlisted: z.boolean().nullish(),
});

const acknowledgeBody = z.strictObject({
  key: z.string().min(1).max(1_000),
  note: z.string().trim().min(1).max(500).nullish(),
});

export interface OperatorPorts extends MiddlewarePorts {
  metrics: LocalMetrics;
}

/** Answers one request of an operator. Never throws. */
export async function handleOperator(
  ports: OperatorPorts,
  route: string,
  request: HttpRequest,
): Promise<HttpResponse> {
  try {
    const caller = await callerOf(ports.secrets, request);
    if (caller === null || !caller.isOperator) {
      return caller === null
        ? problem("tokenUnknown", "an operator's token is required, as `Authorization: Bearer`", {
            headers: { "www-authenticate": "Bearer" },
          })
        : problem("tokenNotAllowed", "only an operator's token may do this");
    }
    switch (route) {
      case "GET /operator/kill-switch":
        return json(200, await switchesNow(ports));
      case "PUT /operator/kill-switch":
        return await setKillSwitch(ports, request, caller.name);
      case "GET /operator/alarms":
        return await listAlarms(ports, request);
      case "POST /operator/alarms/acknowledge":
        return await acknowledge(ports, request, caller.name);
      case "GET /operator/gating":
        return json(200, gatingView(await ports.gating.inForce()));
      case "GET /metrics":
        return await scrape(ports, request);
      case "GET /operator/trails":
        return await listTrails(ports, request);
      default:
        return unrouted(request, known);
    }
  } catch (error) {
    ports.log.error("request failed", { route, problem: String(error) });
    return problem("unavailable", "the gate cannot reach its store; try again");
  }
}

async function setKillSwitch(
  ports: MiddlewarePorts,
  request: HttpRequest,
  by: string,
): Promise<HttpResponse> {
  const { ledger, queue, clock, log } = ports;
  const body = killSwitchBody.safeParse(bodyOf(request));
  if (!body.success) {
    return problem(
      "fieldInvalid",
      "`on` must be true or false, `reason` a text of up to 500 characters, `service` and `runbook` names of up to 255, `unlisted` true or false",
    );
  }
  const { on, reason, service, runbook, unlisted } = body.data;
  for (const [name, value] of Object.entries({ reason, service, runbook })) {
    const hidden = hiddenProblem(value ?? "");
    if (hidden !== null) {
      return problem("fieldInvalid", `\`${name}\` ${hidden}`, { field: name });
    }
  }
  const thrown = await throwSwitch(ports, {
    ...(typeof service === "string" ? { service } : {}),
    ...(typeof runbook === "string" ? { runbook } : {}),
    on,
    reason: reason ?? null,
    by,
    atMs: clock.now(),
    unlisted: unlisted ?? false,
  });
  if (!thrown.ok) {
    return problem("fieldInvalid", thrown.problem, { field: thrown.field });
  }
  const { scope, message } = thrown;
  log.warn("kill switch set", { on, by, reason: reason ?? null, holds: scopeText(scope) });
  if (!on) {
    // What it held goes on now; whatever is missed here is due soon anyway.
    const { proposals } = await ledger.list({ open: true, limit: 200 });
    const held = proposals.filter(({ heldSinceMs }) => heldSinceMs !== null);
    await queue.send(held.map(({ id }) => ({ kind: "proposal", id })));
  }
  return json(200, { ...(await switchesNow(ports)), ...(message === null ? {} : { message }) });
}

async function switchesNow({ ledger }: MiddlewarePorts) {
  return killSwitchView(await ledger.killSwitch(), await ledger.narrowerSwitches());
}

async function listAlarms(
  { ledger }: MiddlewarePorts,
  request: HttpRequest,
): Promise<HttpResponse> {
  const asked = request.query["limit"];
  const limit = asked === undefined ? DEFAULT_ALARMS : Number(asked);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_ALARMS) {
    return problem(
      "queryInvalid",
      `\`limit\` must be a whole number from 1 to ${MAX_ALARMS}, got "${asked}"`,
      { field: "limit" },
    );
  }
  return json(200, { alarms: (await ledger.alarms(limit)).map(alarmView) });
}

async function scrape(
  { ledger, metrics }: OperatorPorts,
  request: HttpRequest,
): Promise<HttpResponse> {
  if (metrics.scrape === undefined) {
    return unrouted(request, known);
  }
  const { contentType, text } = await metrics.scrape(ledger);
  const headers = { "content-type": contentType, "cache-control": "no-store" };
  return { status: 200, headers, body: text };
}

async function acknowledge(
  { ledger, clock, log }: MiddlewarePorts,
  request: HttpRequest,
  by: string,
): Promise<HttpResponse> {
  const body = acknowledgeBody.safeParse(bodyOf(request));
  if (!body.success) {
    return problem(
      "fieldInvalid",
      "`key` must be an alarm's key, `note` a text of up to 500 characters",
    );
  }
  const { key, note } = body.data;
  const hidden = hiddenProblem(note ?? "");
  if (hidden !== null) {
    return problem("fieldInvalid", `\`note\` ${hidden}`, { field: "note" });
  }
  const alarm = await ledger.acknowledge(key, { by, note: note ?? null, atMs: clock.now() });
  if (alarm === null) {
    return problem("alarmUnknown", `no alarm "${key}"`, { field: "key" });
  }
  log.info("alarm acknowledged", { alarm: key, by });
  return json(200, alarmView(alarm));
}

/** What happened to the kill switch, the gating and alarms, in chains as those of proposals. */
async function listTrails(
  { ledger }: MiddlewarePorts,
  request: HttpRequest,
): Promise<HttpResponse> {
  const page = await ledger.trails(request.query["cursor"] ?? null);
  const trails = await Promise.all(
    page.trails.map(async ({ subject }) => {
      const found = await ledger.trail(subject);
      return found === null ? [] : [{ subject, head: found.trail.head, events: found.events }];
    }),
  );
  return json(200, { trails: trails.flat(), cursor: page.cursor });
}

function bodyOf(request: HttpRequest): unknown {
  const read = readJsonBytes(request.body);
  return read.ok ? read.value : null;
}
