import { readFileSync } from "node:fs";

const FILES: Readonly<Record<string, string>> = {
  "look.css": "text/css; charset=utf-8",
  "timeline.css": "text/css; charset=utf-8",
  "timeline.js": "text/javascript; charset=utf-8",
  "connection.js": "text/javascript; charset=utf-8",
  "detail.js": "text/javascript; charset=utf-8",
  "list.js": "text/javascript; charset=utf-8",
  "patch.js": "text/javascript; charset=utf-8",
  "notices.js": "text/javascript; charset=utf-8",
  "trail.js": "text/javascript; charset=utf-8",
  "tryout.js": "text/javascript; charset=utf-8",
  "words.js": "text/javascript; charset=utf-8",
  "dom.js": "text/javascript; charset=utf-8",
  "format.js": "text/javascript; charset=utf-8",
  "icon.svg": "image/svg+xml",
};

export const PAGE_HEADERS = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
} as const;

/** The page, or a file of it; null: there is none of that path. */
export function asset(path: string): { type: string; content: Buffer } | null {
  if (path === "/") {
    return { type: "text/html; charset=utf-8", content: read("timeline.html") };
  }
  const name = /^\/timeline\/page\/([a-z.]+)$/.exec(path)?.[1] ?? "";
  const type = Object.hasOwn(FILES, name) ? FILES[name] : undefined;
  return type === undefined ? null : { type, content: read(name) };
}

function read(name: string): Buffer {
  return readFileSync(new URL(`./page/${name}`, import.meta.url));
}
