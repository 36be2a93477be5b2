import type { IncomingMessage } from "node:http";

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i;
/** What a tunnel or a proxy adds: then somebody from elsewhere may be asking, whatever the host is called. */
const FORWARDED = ["forwarded", "x-forwarded-for", "x-forwarded-host", "cf-connecting-ip", "via"];

export function isLoopback(address: string): boolean {
  return address === "::1" || LOOPBACK.test(address);
}

export function isLoopbackUrl(url: string): boolean {
  return URL.canParse(url) && LOOPBACK.test(new URL(url).hostname);
}

/** Whether a request comes from this machine and was meant for it: not through a tunnel, not by a rebound name. */
export function isFromHere(request: IncomingMessage): boolean {
  const address = request.socket.remoteAddress ?? "";
  const isLocalPeer = address === "::1" || /^(::ffff:)?127\./.test(address);
  const host = (request.headers.host ?? "").replace(/:\d+$/, "");
  return (
    isLocalPeer &&
    LOOPBACK.test(host) &&
    FORWARDED.every((name) => request.headers[name] === undefined)
  );
}

/** Whether another web page asks for data. Without the header it is no browser. */
export function isForeignRead(request: IncomingMessage): boolean {
  const site = request.headers["sec-fetch-site"];
  return site !== undefined && site !== "same-origin" && site !== "none";
}

/** Whether the page itself sends this: a form or a script of another page on this machine cannot. */
export function isOwnWrite(request: IncomingMessage): boolean {
  const { origin, host } = request.headers;
  const site = request.headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin") {
    return false;
  }
  return origin === undefined ? site === "same-origin" : origin === `http://${host ?? ""}`;
}
