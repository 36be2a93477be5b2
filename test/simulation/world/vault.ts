import {
  GetSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import type { Kernel } from "../engine/kernel.ts";

export type Kept = "webhook" | "callback" | "pagerDuty" | "cheqpoint";

interface Stage {
  value: string;
  storedAtMs: number;
}

/**
 * The gate's secrets, where people keep them, and what is valid outside: PagerDuty and Cheqpoint know nothing of what is
 * kept, and whoever renews a key does the two steps in either order.
 */
export class SimVault {
  readonly #kernel: Kernel;
  readonly #stages = new Map<Kept, Stage[]>();
  readonly #valid = new Map<Kept, string[]>();

  constructor(kernel: Kernel, first: Readonly<Record<Kept, string>>) {
    this.#kernel = kernel;
    for (const name of ["webhook", "callback", "pagerDuty", "cheqpoint"] as const) {
      this.#valid.set(name, [first[name]]);
      this.store(name);
    }
  }

  /** The newest that is valid outside. */
  newest(name: Kept): string {
    return this.#valid.get(name)?.at(-1) ?? "";
  }

  isValid(name: Kept, value: string | null): boolean {
    return value !== null && (this.#valid.get(name) ?? []).includes(value);
  }

  /** Another one is valid from now on, beside the one before. */
  issue(name: Kept): void {
    const valid = this.#valid.get(name) ?? [];
    this.#valid.set(name, [...valid, `${valid[0] ?? name}-${valid.length + 1}`]);
  }

  /** All but the newest are valid no more. */
  revoke(name: Kept): void {
    this.#valid.set(name, [this.newest(name)]);
  }

  /** Keeps the newest where the gate reads it. */
  store(name: Kept): void {
    const value =
      name === "webhook" ? JSON.stringify([...(this.#valid.get(name) ?? [])]) : this.newest(name);
    const stages = this.#stages.get(name) ?? [];
    if (stages.at(-1)?.value !== value) {
      this.#stages.set(name, [...stages, { value, storedAtMs: this.#kernel.nowMs }]);
    }
  }

  /** All that was ever one of them, for whoever looks whether it is told. */
  all(): string[] {
    return [...this.#stages.values()].flat().map(({ value }) => value);
  }

  /** As Secrets Manager answers; a secret's place is its name. */
  client(): SecretsManagerClient {
    const send = async (command: unknown): Promise<object> => {
      if (!(command instanceof GetSecretValueCommand)) {
        throw new Error("the simulation's vault is only read");
      }
      const { SecretId: name, VersionStage: stage } = command.input;
      const stages = this.#stages.get(name as Kept) ?? [];
      const found = stages.at(stage === "AWSPREVIOUS" ? -2 : -1);
      if (found === undefined || (stage === "AWSPREVIOUS" && stages.length < 2)) {
        throw new ResourceNotFoundException({ message: "no such version", $metadata: {} });
      }
      return { SecretString: found.value, CreatedDate: new Date(found.storedAtMs) };
    };
    return Object.assign(Object.create(SecretsManagerClient.prototype) as SecretsManagerClient, {
      send,
    });
  }
}
