import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { run } from "../cli/support.ts";

/** Runs the command line in this process: a document has many commands, and Node takes its time to start. */
export interface CliServer {
  url: string;
  stop(): Promise<void>;
}

/** Takes arguments, each ended by a zero byte; answers with what was printed, and 200 plus the exit code. */
export async function startCliServer(env: Readonly<Record<string, string>>): Promise<CliServer> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const args = Buffer.concat(chunks).toString("utf8").split("\0").slice(0, -1);
      void run(args, { env }).then(({ code, out, err }) => {
        response.writeHead(200 + code).end(`${out}${err}`);
      });
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
