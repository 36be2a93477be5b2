import { GetSecretValueCommand, ResourceNotFoundException } from "@aws-sdk/client-secrets-manager";
import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { Clock, Log } from "../gate/ports.ts";

/** One secret's values. */
export interface SecretValues {
  current: string;
  /** The value before, as long as it is still accepted; null when there is none. */
  previous: string | null;
}

export interface SecretCacheOptions {
  client: SecretsManagerClient;
  clock: Clock;
  log: Log;
  /** How long a value is used without asking again. Defaults to 5 minutes. */
  freshForMs?: number;
  /** How long a value is used when asking fails, from when it was read. Defaults to 1 hour. */
  staleForMs?: number;
  /** Pause between two questions, whoever wants them. Defaults to 10 seconds. */
  refreshAfterMs?: number;
  /** How long the value before is accepted, from when the current one was stored. Defaults to 24 hours. */
  previousForMs?: number;
}

export interface SecretCache {
  /** The values of a secret. `refresh` asks the store although they are fresh, unless it was asked just now. */
  read(arn: string, refresh?: boolean): Promise<SecretValues>;
}

interface Entry {
  values: SecretValues;
  readAtMs: number;
}

/** Secrets Manager behind a cache: one question at a time for each secret, and never one for each request. */
export function createSecretCache(options: SecretCacheOptions): SecretCache {
  const { client, clock, log } = options;
  const freshForMs = options.freshForMs ?? 5 * 60_000;
  const staleForMs = options.staleForMs ?? 3_600_000;
  const refreshAfterMs = options.refreshAfterMs ?? 10_000;
  const previousForMs = options.previousForMs ?? 24 * 3_600_000;

  const entries = new Map<string, Entry>();
  const askedAtMs = new Map<string, number>();
  const asking = new Map<string, Promise<SecretValues>>();

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
    const before = entries.get(arn);
    askedAtMs.set(arn, clock.now());
    try {
      const values = await fetch(arn);
      entries.set(arn, { values, readAtMs: clock.now() });
      return values;
    } catch (error) {
      if (before === undefined || clock.now() >= before.readAtMs + staleForMs) {
        throw error;
      }
      log.warn("secret not read, the value before is used", { arn, problem: nameOf(error) });
      return before.values;
    }
  };

  return {
    async read(arn, refresh = false) {
      const known = entries.get(arn);
      if (known !== undefined) {
        const nowMs = clock.now();
        const askedJustNow = nowMs < (askedAtMs.get(arn) ?? -Infinity) + refreshAfterMs;
        const usable = nowMs < known.readAtMs + staleForMs;
        const fresh = nowMs < known.readAtMs + freshForMs;
        if ((usable && askedJustNow) || (fresh && !refresh)) {
          return known.values;
        }
      }
      const underWay = asking.get(arn);
      if (underWay !== undefined) {
        return underWay;
      }
      const question = ask(arn).finally(() => asking.delete(arn));
      asking.set(arn, question);
      return question;
    },
  };
}

/** The kind of a failure; its text could repeat what was asked for. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "unknown";
}
