import assert from "node:assert/strict";
import type { Secrets } from "../../functions/gate/ports/index.ts";
import { sha256Hex } from "../../functions/gate/text/token.ts";

/** What is stored; what is absent is not there at all. */
export interface StoredSecrets {
  webhook: string[];
  proposers: Record<string, string>;
  operators?: Record<string, string>;
  callback?: string;
}

const TOKENS = { agent: "token-of-the-agent-0001", bot: "token-of-the-bot-00002" };

/** What every secrets port must do. */
export function secretsContract(
  name: string,
  open: (stored: StoredSecrets) => Promise<{ secrets: Secrets; close(): Promise<void> }>,
): void {
  describe(`${name} keeps the secrets contract`, () => {
    const withSecrets = async (
      stored: StoredSecrets,
      check: (secrets: Secrets) => Promise<void>,
    ): Promise<void> => {
      const { secrets, close } = await open(stored);
      try {
        await check(secrets);
      } finally {
        await close();
      }
    };
    const byHash = (tokens: Record<string, string>) =>
      Object.entries(tokens).map(([who, token]) => [sha256Hex(token), who]);

    it("has every signing secret as it was stored, to the last character", () => {
      const webhook = ["first/secret+with=signs", ' <second> "secret" '];
      return withSecrets({ webhook, proposers: TOKENS }, async (secrets) => {
        for (const refresh of [false, true]) {
          assert.deepEqual([...(await secrets.webhookSecrets(refresh)).known], webhook);
        }
      });
    });

    it("knows proposers and operators by the hash of their token only", () =>
      withSecrets(
        { webhook: ["s"], proposers: TOKENS, operators: { sre: "token-of-the-sre-0003" } },
        async (secrets) => {
          for (const refresh of [false, true]) {
            assert.deepEqual([...(await secrets.proposers(refresh))].sort(), byHash(TOKENS).sort());
            assert.deepEqual(
              [...(await secrets.operators(refresh))],
              byHash({ sre: "token-of-the-sre-0003" }),
            );
          }
        },
      ));

    it("has nobody and nothing where nothing is stored", () =>
      withSecrets({ webhook: ["s"], proposers: {} }, async (secrets) => {
        assert.equal((await secrets.proposers()).size, 0);
        assert.equal((await secrets.operators()).size, 0);
        assert.deepEqual(await secrets.callbackSecrets(), []);
      }));

    it("has the key of callbacks", () =>
      withSecrets({ webhook: ["s"], proposers: {}, callback: " key " }, async (secrets) => {
        assert.deepEqual(await secrets.callbackSecrets(), [" key "]);
      }));
  });
}
