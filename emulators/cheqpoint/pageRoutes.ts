import { readFileSync } from "node:fs";
import { Hono } from "hono";
import type { Desk } from "./desk.ts";

const FILES = {
  "inbox.css": "text/css; charset=utf-8",
  "inbox.js": "text/javascript; charset=utf-8",
  "detail.js": "text/javascript; charset=utf-8",
  "details.js": "text/javascript; charset=utf-8",
  "decision.js": "text/javascript; charset=utf-8",
  "edits.js": "text/javascript; charset=utf-8",
  "dom.js": "text/javascript; charset=utf-8",
  "format.js": "text/javascript; charset=utf-8",
  "rows.js": "text/javascript; charset=utf-8",
  "icon.svg": "image/svg+xml",
};

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The reviewer's inbox: one page for the list (`/`) and for each request (`/r/{id}`). */
export function pageRoutes(desk: Desk): Hono {
  const app = new Hono();
  app.use(async (c, next) => {
    await next();
    c.header("content-security-policy", POLICY);
    c.header("x-content-type-options", "nosniff");
    c.header("referrer-policy", "no-referrer");
    c.header("cache-control", "no-store");
  });
  app.get("/", (c) => c.html(read("inbox.html")));
  app.get("/r/:id", (c) => {
    const known = desk.get(c.req.param("id")) !== undefined;
    return c.html(read("inbox.html"), known ? 200 : 404);
  });
  for (const [name, type] of Object.entries(FILES)) {
    app.get(`/page/${name}`, (c) => c.body(read(name), 200, { "content-type": type }));
  }
  return app;
}

function read(name: string): string {
  return readFileSync(new URL(`./page/${name}`, import.meta.url), "utf8");
}
