import { createServer } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** One request as it came over the wire. */
export interface Seen {
  method: string;
  /** With the query. */
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Reply {
  status: number;
  /** Sent as it is when a string, else as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
}

/** What a server may do with a request instead of answering it. */
export type Misbehaviour = "reset" | "resetMidAnswer" | "resetMidRefusal" | "silence" | "garbage";

/** A real HTTP server that answers from a script and remembers what it was sent. */
export interface WireServer {
  url: string;
  seen: Seen[];
  /** Connections that were opened. */
  connections(): number;
  will(...steps: (Reply | Misbehaviour)[]): void;
  /** Steps that nobody asked for yet. */
  left(): number;
  close(): Promise<void>;
}

export async function startWireServer(): Promise<WireServer> {
  const seen: Seen[] = [];
  const script: (Reply | Misbehaviour)[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const { method = "", url = "", headers } = request;
      seen.push({ method, path: url, headers, body });
      perform(script.shift() ?? { status: 599, body: "nothing scripted" }, request, response);
    });
  });
  server.on("connection", (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    connections: () => connections,
    will: (...steps) => void script.push(...steps),
    left: () => script.length,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function perform(
  step: Reply | Misbehaviour,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (typeof step === "object") {
    const { status, body, headers = {} } = step;
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(body === undefined || typeof body === "string" ? body : JSON.stringify(body));
    return;
  }
  if (step === "reset") request.socket.resetAndDestroy();
  if (step === "garbage") request.socket.end("this is not HTTP\r\n\r\n");
  if (step === "resetMidAnswer") breakOff(request, "201 Created");
  if (step === "resetMidRefusal") breakOff(request, "400 Bad Request");
}

function breakOff(request: IncomingMessage, status: string): void {
  const head = `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n`;
  request.socket.write(`${head}{"invoc`, () => request.socket.resetAndDestroy());
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

/** A port that nobody listens on. */
export async function closedPortUrl(): Promise<string> {
  const server = await startWireServer();
  await server.close();
  return server.url;
}
