import { RemoteError } from "./gate/ports/index.ts";
import type { Budget } from "./remote.ts";

/** What a call authenticates itself with. */
export interface Credential {
  /** As error texts call it. */
  what: string;
  setting: string;
  /** `refresh`: as its store has it now. May wait until the store may be asked again. */
  read: (refresh?: boolean) => Promise<string>;
}

/**
 * Sends with a credential. One that was renewed a moment ago is refused, until it is read again: after a 401, which says
 * that nothing was done, the call is sent once more if there is another credential by then. A 403 may be about what is
 * asked for; only the next call is given the chance to do better.
 */
export async function withCredential<T>(
  credential: Credential,
  budget: Budget,
  send: (secret: string) => Promise<T>,
): Promise<T> {
  const secret = await readSecret(credential, false);
  try {
    return await send(secret);
  } catch (error) {
    const status = error instanceof RemoteError ? error.status : null;
    if (status === 403) await credential.read(true).catch(() => undefined);
    if (status !== 401) throw error;
    const renewed = await readSecret(credential, true);
    // What is sent when the time is over has an unclear outcome; the refusal has not.
    if (renewed === secret || budget.signal.aborted) throw error;
    return send(renewed);
  }
}

async function readSecret({ what, setting, read }: Credential, refresh: boolean): Promise<string> {
  let secret: string;
  try {
    secret = await read(refresh);
  } catch (error) {
    const name = error instanceof Error ? error.name : typeof error;
    throw new RemoteError(`the ${what} could not be read (${name})`, {
      nothingDone: true,
      retryable: true,
    });
  }
  if (!/^[\x21-\x7e]+$/.test(secret)) {
    throw new RemoteError(
      `\`${setting}\` must be printable ASCII without spaces and line breaks, and not empty`,
      { nothingDone: true, retryable: false },
    );
  }
  return secret;
}
