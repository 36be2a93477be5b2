import { createMiddleware } from "hono/factory";

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * The page and the switches need no key, so a web page opened on the same machine must not be able
 * to use them: other origins are refused, and so is another host name that resolves to here.
 */
export function sameOriginOnly(boundTo: string) {
  return createMiddleware(async (c, next) => {
    const host = c.req.header("host") ?? "";
    const origin = c.req.header("origin");
    const loopbackOnly = isLoopback(boundTo);
    if (loopbackOnly && !isLoopback(hostName(host))) {
      return c.json({ error: "Use the address that the emulator printed." }, 403);
    }
    if (origin !== undefined && origin !== `http://${host}`) {
      return c.json({ error: "Other web pages may not use the emulator." }, 403);
    }
    return next();
  });
}

function isLoopback(host: string): boolean {
  return LOOPBACK.test(host) || host === "::1";
}

function hostName(host: string): string {
  return host.replace(/:\d+$/, "");
}
