import { Agent, request } from "node:http";

/** A client that keeps its connection, the same for both sides of a comparison. */
export function createHttpClient() {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    /** Sends one request and reads the whole answer. */
    send(
      method: "GET" | "POST" | "DELETE",
      url: string,
      headers: Readonly<Record<string, string>>,
      body?: Buffer,
    ): Promise<{ status: number; body: string }> {
      return new Promise((resolve, reject) => {
        const sent = request(
          url,
          {
            method,
            agent,
            headers: {
              ...headers,
              ...(body === undefined ? {} : { "content-length": String(body.byteLength) }),
            },
          },
          (response) => {
            let text = "";
            response.setEncoding("utf8");
            response.on("data", (chunk: string) => (text += chunk));
            response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
          },
        );
        sent.on("error", reject);
        sent.end(body);
      });
    },
    close: () => agent.destroy(),
  };
}
