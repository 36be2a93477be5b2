import { createServer, request } from "node:http";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

const PENDING = "<SubscriptionArn>pending confirmation</SubscriptionArn>";

/** The local AWS under another address. */
export interface SubscribingAws {
  url: string;
  close(): Promise<void>;
}

/**
 * Passes every request on, and tells the ARN of a new subscription. With `ReturnSubscriptionArn` AWS does so at once, and
 * by that ARN Terraform's provider waits for the confirmation. MiniStack tells it only to who subscribes a second
 * time, which changes nothing else, so it is asked again.
 */
export async function openSubscribingAws(endpoint: string): Promise<SubscribingAws> {
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const body = await contentOf(incoming);
      let answer = await send(endpoint, incoming, body);
      if (wantsArn(body) && answer.content.includes(PENDING)) {
        answer = await send(endpoint, incoming, body);
      }
      outgoing.writeHead(answer.status, answer.headers).end(answer.content);
    })().catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function wantsArn(body: Buffer): boolean {
  const asked = new URLSearchParams(body.toString("latin1"));
  return asked.get("Action") === "Subscribe" && asked.get("ReturnSubscriptionArn") === "true";
}

async function contentOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

async function send(endpoint: string, incoming: IncomingMessage, body: Buffer) {
  // Addresses that AWS makes up from the name it is called by must be its own.
  const { host: _host, ...headers } = incoming.headers;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const passedOn = request(
      new URL(incoming.url ?? "/", endpoint),
      { method: incoming.method ?? "GET", headers },
      resolve,
    );
    passedOn.on("error", reject);
    passedOn.end(body);
  });
  return {
    status: answer.statusCode ?? 502,
    headers: answer.headers,
    content: await contentOf(answer),
  };
}
