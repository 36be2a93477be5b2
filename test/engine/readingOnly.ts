import { createServer, request } from "node:http";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** A system as one sees it whose credential may only read. */
export interface ReadingOnly {
  url: string;
  /** What was refused, in the order in which it was asked. */
  readonly refused: string[];
  /** How often something was read. */
  reads(): number;
  close(): Promise<void>;
}

/** Passes on what reads, and answers 403 to everything else. */
export async function readingOnly(
  target: string,
  isRead: (asked: { method: string; headers: IncomingMessage["headers"]; body: string }) => boolean,
): Promise<ReadingOnly> {
  const refused: string[] = [];
  let reads = 0;
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const body = Buffer.concat(chunks);
      const { method = "GET", url = "/", headers } = incoming;
      if (!isRead({ method, headers, body: body.toString("latin1") })) {
        refused.push(
          `${method} ${url} ${String(headers["x-amz-target"] ?? body.toString("latin1").slice(0, 80))}`,
        );
        outgoing
          .writeHead(403, { "content-type": "application/json" })
          .end('{"message":"reads only"}');
        return;
      }
      reads += 1;
      const passedOn = request(
        new URL(url, target),
        { method, headers: { ...headers, host: new URL(target).host } },
        (answer) => {
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(outgoing);
        },
      );
      passedOn.on("error", () => outgoing.destroy());
      passedOn.end(body);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    refused,
    reads: () => reads,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

const READING = /^(Batch)?(Describe|Get|List|Head|Query|Scan|Search)/;

/** Of AWS's APIs: by the action where one is named, else by the method. */
export function readsAws({
  method,
  headers,
  body,
}: Parameters<Parameters<typeof readingOnly>[1]>[0]): boolean {
  const target = headers["x-amz-target"];
  const action =
    typeof target === "string"
      ? (target.split(".").at(-1) ?? "")
      : (new URLSearchParams(body).get("Action") ?? "");
  return action === "" ? method === "GET" || method === "HEAD" : READING.test(action);
}
