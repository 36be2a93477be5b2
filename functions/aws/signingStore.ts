import { setTimeout as pause } from "node:timers/promises";
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
} from "@aws-sdk/client-secrets-manager";
import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SIGNING_RECORD, signingRecord } from "./signingRecord.ts";
import type { SigningRecord } from "./signingRecord.ts";

/** A role that was made a moment ago is not known everywhere in AWS yet. */
const NEW_ROLE_TRIES = 6;
const NEW_ROLE_PAUSE_MS = 3_000;

/** The webhooks' signing secrets in Secrets Manager. Errors never tell a secret. */
export function createSigningStore(
  client: SecretsManagerClient,
  arn: string,
  wait: (ms: number) => Promise<unknown> = pause,
): { read(): Promise<SigningRecord | null>; write(record: SigningRecord): Promise<void> } {
  return {
    async read() {
      const text = await patiently(wait, () => current(client, arn));
      if (text === null) {
        return null;
      }
      const found = signingRecord.safeParse(parsedJson(text));
      if (!found.success) {
        throw new Error(`secret ${arn} must be ${SIGNING_RECORD}`);
      }
      return found.data;
    },
    async write(record) {
      await patiently(wait, () =>
        client.send(
          new PutSecretValueCommand({ SecretId: arn, SecretString: JSON.stringify(record) }),
        ),
      );
    },
  };
}

async function current(client: SecretsManagerClient, arn: string): Promise<string | null> {
  try {
    const { SecretString: text } = await client.send(
      new GetSecretValueCommand({ SecretId: arn, VersionStage: "AWSCURRENT" }),
    );
    return text ?? null;
  } catch (error) {
    // It has no version yet.
    if (error instanceof ResourceNotFoundException) {
      return null;
    }
    throw error;
  }
}

async function patiently<T>(
  wait: (ms: number) => Promise<unknown>,
  call: () => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      const isNewRole = error instanceof Error && error.name === "AccessDeniedException";
      if (!isNewRole || tries >= NEW_ROLE_TRIES) {
        throw error;
      }
      await wait(NEW_ROLE_PAUSE_MS);
    }
  }
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
