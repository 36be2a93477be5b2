import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface BareServer {
  url: string;
  stop(): Promise<void>;
}

/** Starts a server on a free port of this machine that hands each whole body to `handle` and answers 202. */
export async function startBareServer(
  handle: (body: Buffer, header: (name: string) => string) => Promise<void> | void,
): Promise<BareServer> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const header = (name: string): string => {
        const value = request.headers[name];
        return typeof value === "string" ? value : "";
      };
      const handled = async (): Promise<void> => handle(Buffer.concat(chunks), header);
      handled().then(
        () => response.writeHead(202, { "content-type": "application/json" }).end("{}"),
        () => response.writeHead(500).end(),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** What nobody who takes webhooks can leave out: check the signature, read the body. Nothing is stored. */
export function verifyAndParse(secret: string) {
  return (body: Buffer, header: (name: string) => string): void => {
    const expected = createHmac("sha256", secret).update(body).digest();
    const given = Buffer.from(header("x-pagerduty-signature").replace(/^v1=/, ""), "hex");
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      throw new Error("wrong signature");
    }
    JSON.parse(body.toString("utf8"));
  };
}
