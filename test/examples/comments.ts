import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Comment {
  id: number;
  body: string;
}

/** A local stand-in for the comments of one pull request: as GitHub's REST API and GitLab's notes take them. */
export interface CommentsServer {
  url: string;
  comments: Comment[];
  /** Method and path of every call. */
  calls: string[];
  /** What every call that writes is answered. */
  refusal: number | null;
  stop(): Promise<void>;
}

export async function startComments(token: string): Promise<CommentsServer> {
  const calls: string[] = [];
  const own: CommentsServer = { url: "", comments: [], calls, refusal: null, stop };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", headers } = request;
      const url = new URL(request.url ?? "", "http://local");
      calls.push(`${method} ${url.pathname}${url.search}`);
      const answer = (status: number, body: unknown): void => {
        response.writeHead(status, { "content-type": "application/json" });
        response.end(JSON.stringify(body));
      };
      const isKnown =
        headers.authorization === `Bearer ${token}` || headers["private-token"] === token;
      if (!isKnown) return answer(401, { message: "Bad credentials" });
      const isOne = /\/(?:comments|notes)\/(\d+)$/.exec(url.pathname);
      const isAll = /\/(?:issues\/7\/comments|merge_requests\/7\/notes)$/.test(url.pathname);
      if (method === "GET" && isAll) {
        const size = Number(url.searchParams.get("per_page"));
        const from = (Number(url.searchParams.get("page")) - 1) * size;
        return answer(200, own.comments.slice(from, from + size));
      }
      if (own.refusal !== null) return answer(own.refusal, { message: "Forbidden" });
      const body = JSON.parse(Buffer.concat(chunks).toString("utf8")) as { body: string };
      if (method === "POST" && isAll) {
        own.comments.push({ id: own.comments.length + 1_000, body: body.body });
        return answer(201, own.comments.at(-1));
      }
      const found = own.comments.find(({ id }) => String(id) === isOne?.[1]);
      if ((method !== "PATCH" && method !== "PUT") || found === undefined) {
        return answer(404, { message: "Not Found" });
      }
      found.body = body.body;
      return answer(200, found);
    });
  });
  function stop(): Promise<void> {
    return new Promise((resolve) => {
      server.close(() => {
        resolve();
      });
      server.closeAllConnections();
    });
  }
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  own.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return own;
}
