import * as z from "zod";
import { GATING_TRAIL } from "../gate/ledger/trails.ts";
import type { Clock, GatingInForce, GatingStore, Ledger, Log } from "../gate/ports/index.ts";
import { canonicalJson } from "../gate/text/canonical.ts";

/** What the trail's last event left in force: hashes by service. */
const hashesShape = z.object({
  digest: z.string(),
  services: z.record(z.string(), z.string()),
  defaults: z.string(),
});
type Hashes = z.infer<typeof hashesShape>;

/**
 * Chains what gating is in force, by its hashes, whenever it is another than before. Whatever a proposal was weighed
 * and run under is in its own history; this tells when the rules themselves were changed, used or not.
 */
export async function recordGating({
  gating,
  ledger,
  clock,
  log,
}: {
  gating: Pick<GatingStore, "inForce">;
  ledger: Pick<Ledger, "trail" | "chronicle">;
  clock: Clock;
  log: Log;
}): Promise<void> {
  const inForce = await gating.inForce();
  const found = await ledger.trail(GATING_TRAIL);
  const before = found === null ? null : hashesIn(found.trail.state);
  const now = hashesOf(inForce);
  if (before !== null && canonicalJson(before) === canonicalJson(now)) {
    return;
  }
  const { source, digest } = inForce;
  const data = { source, digest, before: before?.digest ?? null, ...changes(before, now) };
  const to = { subject: GATING_TRAIL, state: JSON.stringify(now) };
  const facts = [{ type: "gating.inForce", data }];
  // Where another look was first, the next one compares with what that one wrote.
  if (await ledger.chronicle(found?.trail ?? null, to, facts, clock.now())) {
    log.info("gating.inForce", { source, digest, before: data.before });
  }
}

function hashesOf({ digest, services, defaults }: GatingInForce): Hashes {
  return {
    digest,
    services: Object.fromEntries(services.map(({ key, hash }) => [key, hash])),
    defaults: defaults.hash,
  };
}

function hashesIn(state: string | null): Hashes | null {
  return state === null ? null : hashesShape.parse(JSON.parse(state));
}

/** Hash before and after of each service that was changed, added (null before) or taken out (null after). */
function changes(before: Hashes | null, now: Hashes) {
  const keys = new Set([...Object.keys(before?.services ?? {}), ...Object.keys(now.services)]);
  const services: Record<string, { before: string | null; after: string | null }> = {};
  for (const key of [...keys].sort()) {
    const change = { before: own(before?.services, key), after: own(now.services, key) };
    if (change.before !== change.after) {
      services[key] = change;
    }
  }
  return {
    services,
    ...(before?.defaults === now.defaults
      ? {}
      : { defaults: { before: before?.defaults ?? null, after: now.defaults } }),
  };
}

function own(hashes: Readonly<Record<string, string>> | undefined, key: string): string | null {
  return hashes !== undefined && Object.hasOwn(hashes, key) ? (hashes[key] ?? null) : null;
}
