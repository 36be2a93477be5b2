import * as z from "zod";
import { wantedShape } from "../aws/signingRecord.ts";
import { converge, giveUp } from "./converge.ts";
import type { SubscriptionIds } from "./converge.ts";
import type { SubscriptionPorts } from "./ports.ts";

/**
 * What `aws.lambda.Invocation` with `lifecycleScope: "CRUD"` sends beside its input: `create` and `update` want the same,
 * and what was sent before is not looked at, because after a failure it tells what failed.
 */
const invocation = z.object({
  tf: z.object({ action: z.enum(["create", "update", "delete"]) }),
  wanted: wantedShape,
});

/** Answers one invocation. Throws what whoever runs `pulumi up` has to read. */
export async function handleInvocation(
  ports: SubscriptionPorts,
  event: unknown,
): Promise<{ subscriptionIds: SubscriptionIds }> {
  const { tf, wanted } = invocation.parse(event);
  if (tf.action === "delete") {
    await giveUp(ports, wanted);
    return { subscriptionIds: {} };
  }
  return { subscriptionIds: await converge(ports, wanted) };
}
