import { readFileSync } from "node:fs";
import { z } from "zod";
import { CliError } from "../errors.ts";
import type { Io } from "../io.ts";

/** Where a change is reviewed, as the job that runs there is told by its environment. */
export interface Forge {
  /** The commit that the change is compared with; null: none is told. */
  base: string | null;
  /** Writes the comment, or what it says now into the one that is there. */
  comment(body: string): Promise<"written" | "updated">;
}

export type ForgeName = "github" | "gitlab";

/** No comment of anybody else begins with it. */
const MARKER = "<!-- gate gating review -->";

/** What was answered to a call for a comment, when that is a refusal. */
export class CommentRefused extends Error {
  override readonly name = "CommentRefused";
}

const TIMEOUT_MS = 20_000;
const PAGE = 100;
/** A change with more comments than that gets another one. */
const MOST_PAGES = 20;

const comments = z.array(z.object({ id: z.number(), body: z.string().nullable().default("") }));

export function forgeOf(name: ForgeName, io: Io): Forge {
  return name === "github" ? github(io) : gitlab(io);
}

const githubEvent = z.object({
  pull_request: z.object({ number: z.number().int(), base: z.object({ sha: z.string() }) }),
});

function github(io: Io): Forge {
  const { pull_request: pull } = eventIn(needed(io, "GITHUB_EVENT_PATH"));
  const api = io.env["GITHUB_API_URL"] ?? "https://api.github.com";
  const all = `${api}/repos/${needed(io, "GITHUB_REPOSITORY")}/issues`;
  const headers = {
    accept: "application/vnd.github+json",
    "x-github-api-version": "2022-11-28",
    authorization: `Bearer ${needed(io, "GITHUB_TOKEN")}`,
  };
  return {
    base: pull.base.sha,
    comment: (body) =>
      upsert(io, headers, body, {
        list: `${all}/${pull.number}/comments`,
        one: (id) => ["PATCH", `${all}/comments/${id}`],
      }),
  };
}

function eventIn(path: string): z.infer<typeof githubEvent> {
  try {
    return githubEvent.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    throw new CliError(`${path} tells of no pull request`, {
      hint: "run it in a workflow with `on: pull_request`",
    });
  }
}

function gitlab(io: Io): Forge {
  const notes = `${needed(io, "CI_API_V4_URL")}/projects/${encodeURIComponent(needed(io, "CI_PROJECT_ID"))}/merge_requests/${encodeURIComponent(needed(io, "CI_MERGE_REQUEST_IID"))}/notes`;
  const headers = { "private-token": needed(io, "GITLAB_TOKEN") };
  return {
    base: io.env["CI_MERGE_REQUEST_DIFF_BASE_SHA"] ?? null,
    comment: (body) =>
      upsert(io, headers, body, { list: notes, one: (id) => ["PUT", `${notes}/${id}`] }),
  };
}

async function upsert(
  io: Io,
  headers: Readonly<Record<string, string>>,
  text: string,
  at: { list: string; one: (id: number) => [string, string] },
): Promise<"written" | "updated"> {
  const body = `${MARKER}\n${text}`;
  const own = await ownComment(io, headers, at.list);
  const [method, url] = own === null ? (["POST", at.list] as const) : at.one(own);
  await call(io, method, url, headers, { body });
  return own === null ? "written" : "updated";
}

async function ownComment(
  io: Io,
  headers: Readonly<Record<string, string>>,
  list: string,
): Promise<number | null> {
  for (let page = 1; page <= MOST_PAGES; page += 1) {
    const url = `${list}?per_page=${PAGE}&page=${page}`;
    const found = comments.safeParse(await call(io, "GET", url, headers));
    if (!found.success) throw new CommentRefused("the list of comments cannot be read");
    const own = found.data.find(({ body }) => body?.startsWith(MARKER) === true);
    if (own !== undefined) return own.id;
    if (found.data.length < PAGE) return null;
  }
  return null;
}

async function call(
  io: Io,
  method: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  body?: object,
): Promise<unknown> {
  let answer: Response;
  try {
    answer = await io.fetch(url, {
      method,
      headers: { ...headers, "content-type": "application/json", "user-agent": "gate" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch {
    // What it failed of may name the address with more than it should.
    throw new CommentRefused(`${method} ${new URL(url).origin} was not answered`);
  }
  if (!answer.ok) {
    throw new CommentRefused(`${method} ${new URL(url).pathname} was answered ${answer.status}`);
  }
  return answer.json().catch(() => null);
}

function needed(io: Io, name: string): string {
  const value = io.env[name];
  if (value === undefined || value === "") {
    throw new CliError(`${name} is not set`, {
      hint: "--comment is for jobs of GitHub and GitLab, which set it",
    });
  }
  return value;
}
