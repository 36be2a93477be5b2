import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

/** A way into an emulator with keys that can be renewed and revoked; the emulator itself has only one for good. */
export interface Door {
  url: string;
  /** Keys that are let in. */
  keys: Set<string>;
  close(): Promise<void>;
}

/** Passes every request on; a known key in the header is replaced by the emulator's own. */
export async function openDoor(
  emulator: { url: string; key: string },
  header: "authorization" | "x-api-key",
  firstKey: string,
): Promise<Door> {
  const keys = new Set([firstKey]);
  const server = createServer((incoming, outgoing) => {
    const given = String(incoming.headers[header] ?? "");
    // After "Token token=" or "Bearer ", or all there is.
    const key = given.slice(Math.max(given.indexOf("="), given.indexOf(" ")) + 1);
    const headers = keys.has(key)
      ? { ...incoming.headers, [header]: given.replace(key, emulator.key) }
      : incoming.headers;
    const passedOn = request(
      new URL(incoming.url ?? "/", emulator.url),
      { method: incoming.method ?? "GET", headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    passedOn.on("error", () => outgoing.destroy());
    incoming.pipe(passedOn);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    keys,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
