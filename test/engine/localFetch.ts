import { request } from "node:http";

/** Like the global fetch, but reaches names below "localhost" on this machine, as browsers do and resolvers may not. */
export const localFetch: typeof fetch = async (input, init) => {
  const asked = new Request(input, init);
  const url = new URL(asked.url);
  if (!url.hostname.endsWith(".localhost")) {
    return fetch(asked);
  }
  const body = Buffer.from(await asked.arrayBuffer());
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: "127.0.0.1",
        port: url.port,
        method: asked.method,
        path: `${url.pathname}${url.search}`,
        headers: {
          ...Object.fromEntries(asked.headers),
          host: url.host,
          "content-length": body.length,
        },
        signal: asked.signal,
      },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("error", reject);
        answer.on("end", () => {
          const status = answer.statusCode ?? 500;
          const headers = new Headers();
          for (const [name, value] of Object.entries(answer.headers)) {
            headers.set(name, [value].flat().join(", "));
          }
          const content = status === 204 ? null : Buffer.concat(chunks);
          resolve(new Response(content, { status, headers }));
        });
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
};
