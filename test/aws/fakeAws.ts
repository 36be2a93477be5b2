import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";

/** A call that an AWS client made over HTTP. */
export interface AwsCall {
  /** `GetSecretValue` */
  operation: string;
  input: Readonly<Record<string, unknown>>;
}

export interface AwsAnswer {
  status?: number;
  body: Readonly<Record<string, unknown>>;
  /** Never answers, or stops within the body. */
  stalls?: "answer" | "body";
}

/** An answer by which AWS refuses. */
export function awsError(type: string, facts: Readonly<Record<string, unknown>> = {}): AwsAnswer {
  return { status: 400, body: { __type: type, message: `${type} of the fake`, ...facts } };
}

/** Answers the calls of AWS clients on loopback. */
export async function startFakeAws(answer: (call: AwsCall) => AwsAnswer | Promise<AwsAnswer>) {
  const calls: AwsCall[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      void (async () => {
        const input = z
          .record(z.string(), z.unknown())
          .parse(JSON.parse(Buffer.concat(chunks).toString("utf8")));
        const target = z.string().parse(request.headers["x-amz-target"]);
        const call = { operation: target.split(".").at(-1) ?? "", input };
        calls.push(call);
        const { status = 200, body, stalls } = await answer(call);
        if (stalls === "answer") {
          return;
        }
        response.writeHead(status, { "content-type": "application/x-amz-json-1.0" });
        const text = JSON.stringify(body);
        if (stalls === "body") {
          response.write(text.slice(0, -1));
          return;
        }
        response.end(text);
      })();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const place = {
    endpoint: `http://127.0.0.1:${port}`,
    region: "us-east-1",
    credentials: { accessKeyId: "fake", secretAccessKey: "fake" },
  };
  return {
    calls,
    place,
    /** For the constructor of a client. */
    config: { ...place, maxAttempts: 1 },
    close: (): Promise<void> =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

export type FakeAws = Awaited<ReturnType<typeof startFakeAws>>;
