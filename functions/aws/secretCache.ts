import { GetSecretValueCommand, ResourceNotFoundException } from "@aws-sdk/client-secrets-manager";
import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { Clock, Log, Sleep } from "../gate/ports/index.ts";

/** One secret's values. */
export interface SecretValues {
  current: string;
  /** The value before, as long as it is still accepted; null when there is none. */
  previous: string | null;
}

export interface SecretCacheOptions {
  client: SecretsManagerClient;
  clock: Clock;
  sleep: Sleep;
  log: Log;
  /** How long a value is used without asking again. Defaults to 5 minutes. */
  freshForMs?: number;
  /** How long a value is used when asking fails, from when it was read. Defaults to 1 hour. */
  staleForMs?: number;
  /** How long such a value is used before the store is asked again. Defaults to 10 seconds. */
  retryAfterMs?: number;
  /** Least time from the beginning of one question to that of the next, whoever wants it. Defaults to 1 second. */
  pauseMs?: number;
  /** Least time from the beginning of one `sparing` question that was answered to that of the next. Defaults to 30 seconds. */
  sparingMs?: number;
  /** How long the value before is accepted, from when the current one was stored. Defaults to 24 hours. */
  previousForMs?: number;
}

/**
 * `kept`: as it was read before, if not too long ago, also when the store does not answer. `lately`: as the store has it
 * now, or had it when it was asked a moment ago; never waits for another question. `anew`: from a question that begins
 * after this one was put, for which it waits until the next is permitted. `sparing`: as `anew`, but only once in a while;
 * in between as it was found then, at once: for what strangers can ask for. All but `kept` reject when the store does not
 * answer: then nobody knows what the secret is.
 */
export type Newness = "kept" | "lately" | "anew" | "sparing";

export interface Finding {
  values: SecretValues;
  /** It comes from a question that began after it was looked for. */
  isNew: boolean;
}

export interface SecretCache {
  /** The values of a secret; `kept` unless told otherwise. */
  read(arn: string, newness?: Newness): Promise<SecretValues>;
  /** Likewise, and how new they are. */
  find(arn: string, newness?: Newness): Promise<Finding>;
}

interface Entry {
  values: SecretValues;
  readAtMs: number;
}

/** What the store was asked last, answered or not. */
interface Question {
  beganAtMs: number;
  answer: Promise<SecretValues>;
  isOver: boolean;
}

/** Secrets Manager behind a cache: one question at a time for each secret, a pause between two, never one for each request. */
export function createSecretCache(options: SecretCacheOptions): SecretCache {
  const { client, clock, sleep, log } = options;
  const freshForMs = options.freshForMs ?? 5 * 60_000;
  const staleForMs = options.staleForMs ?? 3_600_000;
  const retryAfterMs = options.retryAfterMs ?? 10_000;
  const pauseMs = options.pauseMs ?? 1_000;
  const sparingMs = options.sparingMs ?? 30_000;
  const previousForMs = options.previousForMs ?? 24 * 3_600_000;

  const entries = new Map<string, Entry>();
  const questions = new Map<string, Question>();
  /** Questions that have not begun: everyone who wants one waits for the same. */
  const planned = new Map<string, Promise<SecretValues>>();
  /** When a `sparing` question was put last; none where it was not answered. */
  const sparedSinceMs = new Map<string, number>();

  const version = async (arn: string, stage: "AWSCURRENT" | "AWSPREVIOUS") =>
    client.send(new GetSecretValueCommand({ SecretId: arn, VersionStage: stage }));

  const previousVersion = async (arn: string): Promise<string | null> => {
    try {
      return (await version(arn, "AWSPREVIOUS")).SecretString ?? null;
    } catch (error) {
      if (error instanceof ResourceNotFoundException) {
        return null;
      }
      throw error;
    }
  };

  const fetch = async (arn: string): Promise<SecretValues> => {
    const [{ SecretString: current, CreatedDate: storedAt }, previous] = await Promise.all([
      version(arn, "AWSCURRENT"),
      previousVersion(arn),
    ]);
    if (current === undefined || current === "") {
      throw new Error(`secret ${arn} is empty`);
    }
    const accepted = storedAt === undefined || clock.now() < storedAt.getTime() + previousForMs;
    return { current, previous: accepted && previous !== "" ? previous : null };
  };

  const ask = async (arn: string): Promise<SecretValues> => {
    const question = { beganAtMs: clock.now(), answer: fetch(arn), isOver: false };
    questions.set(arn, question);
    try {
      const values = await question.answer;
      entries.set(arn, { values, readAtMs: question.beganAtMs });
      return values;
    } finally {
      question.isOver = true;
    }
  };

  /** When the last question is over and its pause too. */
  const permitted = async ({ answer, beganAtMs }: Question): Promise<void> => {
    await answer.catch(() => undefined);
    const restMs = beganAtMs + pauseMs - clock.now();
    if (restMs > 0) {
      // A clock that was put back must not make it longer.
      await sleep(Math.min(restMs, pauseMs));
    }
  };

  /** The next question to begin. */
  const anew = (arn: string): Promise<SecretValues> => {
    const last = questions.get(arn);
    if (last === undefined) {
      return ask(arn);
    }
    const known = planned.get(arn);
    if (known !== undefined) {
      return known;
    }
    const next = permitted(last).then(() => {
      planned.delete(arn);
      return ask(arn);
    });
    planned.set(arn, next);
    return next;
  };

  const lately = async (arn: string): Promise<Finding> => {
    const last = questions.get(arn);
    return last !== undefined && (!last.isOver || clock.now() < last.beganAtMs + pauseMs)
      ? { values: await last.answer, isNew: false }
      : { values: await anew(arn), isNew: true };
  };

  const sparing = async (arn: string): Promise<Finding> => {
    const sinceMs = sparedSinceMs.get(arn);
    const nowMs = clock.now();
    // A clock that was put back must not make it longer.
    const isSpared = sinceMs !== undefined && nowMs >= sinceMs && nowMs < sinceMs + sparingMs;
    if (isSpared && !planned.has(arn)) {
      // One that is under way may find more than is kept.
      await questions.get(arn)?.answer.catch(() => undefined);
      return kept(arn);
    }
    sparedSinceMs.set(arn, nowMs);
    try {
      return { values: await anew(arn), isNew: true };
    } catch (error) {
      sparedSinceMs.delete(arn);
      throw error;
    }
  };

  const kept = async (arn: string): Promise<Finding> => {
    const entry = entries.get(arn);
    if (entry === undefined) {
      return lately(arn);
    }
    const { values, readAtMs } = entry;
    const isUsable = () => clock.now() < readAtMs + staleForMs;
    const askedAtMs = questions.get(arn)?.beganAtMs ?? -Infinity;
    if (
      clock.now() < readAtMs + freshForMs ||
      (isUsable() && clock.now() < askedAtMs + retryAfterMs)
    ) {
      return { values, isNew: false };
    }
    try {
      return await lately(arn);
    } catch (error) {
      if (!isUsable()) {
        throw error;
      }
      log.warn("secret not read, the value before is used", { arn, problem: nameOf(error) });
      return { values, isNew: false };
    }
  };

  const ways: Readonly<Record<Newness, (arn: string) => Promise<Finding>>> = {
    kept,
    lately,
    anew: async (arn) => ({ values: await anew(arn), isNew: true }),
    sparing,
  };
  return {
    find: (arn, newness = "kept") => ways[newness](arn),
    read: async (arn, newness = "kept") => (await ways[newness](arn)).values,
  };
}

/** The kind of a failure; its text could repeat what was asked for. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "unknown";
}
