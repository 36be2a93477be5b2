const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Whether an address is reached from this machine only. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host) || host === "::1";
}

/**
 * Whether a call without a token may be trusted to come from here. A page of another site can make
 * a browser on this machine send one, under its own origin or a name that it lets point to here.
 */
export function isOwnSite(headers: Headers, loopbackOnly: boolean): boolean {
  const host = headers.get("host") ?? "";
  const origin = headers.get("origin");
  return (
    (!loopbackOnly || isLoopback(host.replace(/:\d+$/, ""))) &&
    (origin === null || origin === `http://${host}`)
  );
}
