import { z } from "zod";
import { flag, integer, jsonObject, must, parseBody, text } from "./parse.ts";
import type { Store } from "./store.ts";

const KEPT = "faults";
const apiCall = /^([A-Z]+|\*) (\/\S*)$/;
const times = integer(1).default(1);
const delayMs = integer(0, 600_000).optional();
const body = z.union([z.string(), jsonObject], { error: must("be a string or an object") });

const apiFaultFields = z.strictObject({
  /** Method and path; `:name` stands for one segment, `*` for one or, at the end, all the rest. */
  call: text
    .regex(apiCall, {
      error: 'must be "callback" or a method and a path like "GET /api/x/:id"',
      abort: true,
    })
    .refine(hitsACall, `must mean a call that there is: "callback", ${calls(":id").join(", ")}`),
  /** Answers this, without doing the call unless `afterDoing`. */
  status: integer(200, 599).optional(),
  /** The body of that answer; text is sent as it is. */
  body: body.optional(),
  headers: z.record(z.string(), z.string()).optional(),
  /** Waits before doing the call, or with `afterDoing` before answering. */
  delayMs,
  /** Cuts the connection instead of answering; the call is done first unless `afterDoing: false`. */
  dropAnswer: flag.optional(),
  afterDoing: flag.optional(),
  /** Does the call twice, as a proxy that repeats requests; the first answer is sent. */
  duplicate: flag.optional(),
  times,
});
const callbackFaultFields = z.strictObject({
  call: z.literal("callback"),
  /** Never sends it. */
  drop: flag.optional(),
  /** Sends it twice. */
  duplicate: flag.optional(),
  delayMs,
  /** Sends it after the next one. */
  reorder: flag.optional(),
  /** Sends this text instead of the true body. */
  body: z.string().optional(),
  times,
});
const apiFault = withEffect(apiFaultFields, [
  "status",
  "body",
  "delayMs",
  "dropAnswer",
  "duplicate",
]);
const callbackFault = withEffect(callbackFaultFields, [
  "drop",
  "duplicate",
  "delayMs",
  "reorder",
  "body",
]);
export type ApiFault = z.infer<typeof apiFault>;
export type CallbackFault = z.infer<typeof callbackFault>;
type Fault = ApiFault | CallbackFault;

/** A fault that changes nothing is a mistake of whoever asked for it. */
function withEffect<T extends z.ZodObject>(fields: T, effects: readonly (keyof z.infer<T>)[]) {
  return fields.refine(
    (fault: z.infer<T>) =>
      effects.some((name) => fault[name] !== undefined && fault[name] !== false),
    { path: ["call"], error: `needs an effect, one of ${effects.join(", ")}` },
  );
}

const keptFaults = z.array(z.union([apiFault, callbackFault]));
const onlyCall = z.looseObject({ call: text });

/** Faults that were asked for; each is used `times` times, in the order they were added. Kept in the data file. */
export class Faults {
  readonly #store: Store;
  #faults: Fault[];

  constructor(store: Store) {
    this.#store = store;
    this.#faults = keptFaults.parse(JSON.parse(store.meta(KEPT) ?? "[]"));
  }

  /** Adds the fault that the JSON text `body` describes. */
  add(body: string): Fault {
    const forCallback = parseBody(onlyCall, body).call === "callback";
    const fault: Fault = forCallback ? parseBody(callbackFault, body) : parseBody(apiFault, body);
    this.#keep([...this.#faults, fault]);
    return fault;
  }

  /** Those with uses left; `times` is what is left. */
  list(): Fault[] {
    return this.#faults.map((fault) => ({ ...fault }));
  }

  clear(): void {
    this.#keep([]);
  }

  /** Uses up one fault for this call, if there is one. */
  takeForCall(method: string, path: string): ApiFault | undefined {
    return this.#take((fault): fault is ApiFault => {
      const wanted = apiCall.exec(fault.call);
      if (wanted === null) return false;
      return ["*", method].includes(wanted[1] ?? "") && matchesPath(wanted[2] ?? "", path);
    });
  }

  /** Uses up one fault for a callback, if there is one. */
  takeForCallback(): CallbackFault | undefined {
    return this.#take((fault): fault is CallbackFault => fault.call === "callback");
  }

  #take<T extends Fault>(fits: (fault: Fault) => fault is T): T | undefined {
    const found = this.#faults.find(fits);
    if (found === undefined) return undefined;
    const less = { ...found, times: found.times - 1 };
    const left = this.#faults.map((fault) => (fault === found ? less : fault));
    this.#keep(left.filter((fault) => fault.times > 0));
    return less;
  }

  #keep(faults: Fault[]): void {
    this.#faults = faults;
    this.#store.setMeta(KEPT, JSON.stringify(faults));
  }
}

/** The API's calls, for a request of that id. */
function calls(id: string): string[] {
  return ["POST /api/webhooks/inbound", "POST /api/approvals/request", `GET /api/approvals/${id}`];
}

function hitsACall(pattern: string): boolean {
  const [method = "", path = ""] = pattern.split(" ");
  // An id that the pattern names is one that there may be.
  return calls(path.split("/")[3] ?? "x").some((call) => {
    const [known = "", knownPath = ""] = call.split(" ");
    return ["*", known].includes(method) && matchesPath(path, knownPath);
  });
}

function matchesPath(pattern: string, path: string): boolean {
  const wanted = pattern.split("/");
  const found = path.split("/");
  if (wanted.at(-1) === "*" ? found.length < wanted.length : found.length !== wanted.length) {
    return false;
  }
  return wanted.every((part, i) => part === "*" || part.startsWith(":") || part === found[i]);
}
