import type { ServerResponse } from "node:http";
import type { Changes } from "./changes.ts";

const HEARTBEAT_MS = 15_000;
/** Many writes in a row are told once. */
const GATHER_MS = 80;
const RECONNECT_MS = 1_000;

/** Server-sent events: `change` whenever the page should read again, `beat` to show that it is live. */
export function stream(
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
  changes: Changes,
  now: () => number,
): void {
  response.writeHead(200, { ...headers, "content-type": "text/event-stream; charset=utf-8" });
  const send = (event: string): void => {
    const data = JSON.stringify({ now: new Date(now()).toISOString() });
    response.write(`event: ${event}\ndata: ${data}\n\n`);
  };
  let gathering: NodeJS.Timeout | null = null;
  const unlisten = changes.listen(() => {
    gathering ??= setTimeout(() => {
      gathering = null;
      send("change");
    }, GATHER_MS);
  });
  const heartbeat = setInterval(() => send("beat"), HEARTBEAT_MS);
  response.once("close", () => {
    unlisten();
    clearInterval(heartbeat);
    if (gathering !== null) {
      clearTimeout(gathering);
    }
  });
  response.write(`retry: ${RECONNECT_MS}\n`);
  send("beat");
}
