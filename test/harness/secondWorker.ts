import { join } from "node:path";
import { createCheqpoint } from "../../functions/cheqpoint/client.ts";
import { defaultLifecycleSettings } from "../../functions/gate/lifecycle/known.ts";
import { randomIds } from "../../functions/ids.ts";
import type { Clock } from "../../functions/gate/ports/index.ts";
import { createPagerDuty } from "../../functions/pagerduty/client.ts";
import { createWorker, type Worker } from "../../functions/worker/worker.ts";
import { openGatingFile } from "../../local/gatingFile/gatingFile.ts";
import { openServiceIds } from "../../local/gatingFile/serviceIds.ts";
import { CONNECTION_KEY, type World } from "./world.ts";

/** A worker beside the local gate's, on the same ledger and the same remote systems; its calls do not go through `tap`. */
export function secondWorker(world: World, aheadMs = 0): Worker {
  const { log, metrics, pagerDuty, cheqpoint } = world;
  const clock: Clock = { now: () => world.clock.now() + aheadMs };
  return createWorker({
    clock,
    ids: randomIds,
    ledger: world.gate.ledger,
    queue: { send: () => Promise.resolve() },
    gating: openGatingFile(
      join(world.dataDir, "gating.yaml"),
      log,
      undefined,
      openServiceIds(join(world.dataDir, "services.json")),
    ),
    pagerDuty: createPagerDuty({
      baseUrl: pagerDuty.url,
      token: () => Promise.resolve(pagerDuty.token),
      from: pagerDuty.from,
      clock,
    }),
    cheqpoint: createCheqpoint({
      baseUrl: cheqpoint.url,
      connectionKey: () => Promise.resolve(CONNECTION_KEY),
      clock,
    }),
    log,
    metrics,
    settings: defaultLifecycleSettings,
    publicUrl: world.gate.url,
  });
}
