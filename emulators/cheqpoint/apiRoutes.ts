import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { Api, ApiAnswer, ApiCall } from "./api.ts";
import { failure } from "./api.ts";
import type { ApiFault, Faults } from "./faults.ts";
import type { Holds } from "./holds.ts";
import type { RequestLog } from "./requestLog.ts";

const MAX_BODY_BYTES = 1024 * 1024;

interface ApiRouteParts {
  api: Api;
  faults: Faults;
  holds: Holds;
  log: RequestLog;
  clock: { now(): number };
}

/** The public API on HTTP, with what the fault switch does to it. */
export function apiRoutes(parts: ApiRouteParts): Hono<{ Bindings: HttpBindings }> {
  const { clock, log } = parts;
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.use(
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: () => toResponse(failure(413, `The body is larger than ${MAX_BODY_BYTES} bytes.`)),
    }),
  );
  app.all("*", async (c) => {
    const call: ApiCall = {
      method: c.req.method,
      path: c.req.path,
      key: c.req.header("x-api-key"),
      body: await c.req.text(),
    };
    const received = log.add(
      {
        at: new Date(clock.now()).toISOString(),
        method: call.method,
        path: call.path,
        hasKey: call.key !== undefined,
        userAgent: c.req.header("user-agent") ?? null,
        contentType: c.req.header("content-type") ?? null,
      },
      call.body,
    );
    const answer = await answerWithFaults(call, parts);
    if (answer === "cut") {
      c.env.incoming.socket.destroy();
      return RESPONSE_ALREADY_SENT;
    }
    received.answered = answer.status;
    return toResponse(answer);
  });
  return app;
}

async function answerWithFaults(
  call: ApiCall,
  { api, faults, holds }: ApiRouteParts,
): Promise<ApiAnswer | "cut"> {
  const fault = faults.takeForCall(call.method, call.path);
  if (fault === undefined) return api.answer(call);
  const afterDoing = fault.afterDoing ?? false;
  if (fault.delayMs !== undefined && !afterDoing) await holds.wait(fault.delayMs);

  const replaced = replacementOf(fault);
  const cut = fault.dropAnswer === true;
  // Only a call whose answer is replaced or cut can be left undone.
  const undone = replaced !== undefined || cut ? !(fault.afterDoing ?? cut) : false;
  const done = undone ? undefined : await api.answer(call);
  if (!undone && fault.duplicate === true) await api.answer(call);

  if (fault.delayMs !== undefined && afterDoing) await holds.wait(fault.delayMs);
  if (cut) return "cut";
  return replaced ?? done ?? failure(503, "Unavailable (fault switch).");
}

function replacementOf(fault: ApiFault): ApiAnswer | undefined {
  if (fault.status === undefined && fault.body === undefined) return undefined;
  const status = fault.status ?? 200;
  const body = fault.body ?? { error: `Status ${status} by the fault switch.` };
  return { status, body, headers: fault.headers ?? {} };
}

function toResponse({ status, body, headers }: ApiAnswer): Response {
  const content = typeof body === "string" ? body : JSON.stringify(body);
  const empty = [204, 205, 304].includes(status);
  return new Response(empty ? null : content, {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store", ...headers },
  });
}
