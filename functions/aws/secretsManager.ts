import { createHash } from "node:crypto";
import * as z from "zod";
import type { Clock, Secrets } from "../gate/ports/index.ts";
import type { SecretCache } from "./secretCache.ts";
import { SIGNING_RECORD, goodSecrets, signingRecord } from "./signingRecord.ts";

/** Where the secrets are; a function knows only those that it needs. */
export interface SecretArns {
  /** Signing secrets of the webhook subscriptions (`signingRecord.ts`). */
  webhook?: string;
  /** Proposers' tokens: a JSON object, by name. */
  proposers?: string;
  /** Operators' tokens, likewise; absent: there are no operators. */
  operators?: string;
  /** Key of Cheqpoint's signatures, as it is; absent: callbacks are not signed. */
  callback?: string;
}

const tokensByName = z.record(z.string().min(1), z.string().min(16));

/** What authenticates callers, from Secrets Manager. While a secret is rotated its value before is accepted too. */
export function createSecrets(cache: SecretCache, arns: SecretArns, clock: Clock): Secrets {
  const tokens = async (arn: string, refresh: boolean): Promise<ReadonlyMap<string, string>> => {
    const { current, previous } = await cache.read(arn, refresh ? "lately" : "kept");
    const now = parsed(arn, tokensByName, "a JSON object of tokens by name", current);
    const before =
      previous === null
        ? {}
        : parsed(arn, tokensByName, "a JSON object of tokens by name", previous);
    // Whoever was taken off the list is off it at once.
    const stillListed = Object.entries(before).filter(([name]) => Object.hasOwn(now, name));
    return new Map(
      [...stillListed, ...Object.entries(now)].map(([name, token]) => [sha256Hex(token), name]),
    );
  };

  return {
    async webhookSecrets(refresh = false) {
      const arn = placeOf("webhook", arns.webhook);
      const { values, isNew } = await cache.find(arn, refresh ? "sparing" : "kept");
      const texts = values.previous === null ? [values.current] : [values.current, values.previous];
      const known = texts.flatMap((text) =>
        goodSecrets(parsed(arn, signingRecord, SIGNING_RECORD, text), clock.now()),
      );
      if (known.length === 0) {
        throw new Error(`secret ${arn} holds no signing secret that is still good`);
      }
      return { known: [...new Set(known)], isNewest: isNew };
    },

    async proposers(refresh = false) {
      return tokens(placeOf("proposers", arns.proposers), refresh);
    },

    async operators(refresh = false) {
      return arns.operators === undefined ? new Map() : tokens(arns.operators, refresh);
    },

    async callbackSecrets(refresh = false) {
      if (arns.callback === undefined) {
        return [];
      }
      const { current, previous } = await cache.read(arns.callback, refresh ? "lately" : "kept");
      return previous === null ? [current] : [current, previous];
    },
  };
}

/** The current value of a secret that is one text, such as an API token; `refresh` as the store has it now. */
export async function secretText(
  cache: SecretCache,
  arn: string,
  refresh = false,
): Promise<string> {
  return (await cache.read(arn, refresh ? "anew" : "kept")).current;
}

function placeOf(name: keyof SecretArns, arn: string | undefined): string {
  if (arn === undefined) {
    throw new Error(`this function was not told where the secret \`${name}\` is`);
  }
  return arn;
}

/** Errors tell what a secret must be, never what it is. */
function parsed<T>(arn: string, shape: z.ZodType<T>, what: string, text: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const result = shape.safeParse(value);
  if (!result.success) {
    throw new Error(`secret ${arn} must be ${what}`);
  }
  return result.data;
}

function sha256Hex(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}
