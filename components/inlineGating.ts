import type * as pulumi from "@pulumi/pulumi";
import { parseGating, refuseUnheard } from "../functions/gate/gating/index.ts";
import type { GatingService } from "./gatingTypes.ts";
import { checked, isLater, isPlain, refuse } from "./inputs.ts";
import { refusing } from "./serviceGating.ts";

/** The gating that is written with a gate. Its services are known at once: each is resources of its own. */
export interface InlineGating {
  /** Gating by service name or id; what is not plain is checked by each `ServiceGating`. */
  services: { [service: string]: pulumi.Input<GatingService> };
  /** What applies to services that are not named anywhere. */
  defaults: pulumi.Output<unknown>;
}

/**
 * Checks what is plain at once, all of it together, and the rest as soon as it is known.
 * @param heard Event types that the gate is told of; null: not known here.
 */
export function checkedGating(
  gating: unknown = {},
  heard: readonly string[] | null = null,
): InlineGating {
  plainKeys("gating", gating);
  const written = gating as { services?: unknown; defaults?: unknown };
  plainKeys("gating.services", written?.services);
  refusing(() => {
    const parsed = parseGating(plainPart(gating));
    if (heard !== null) {
      refuseUnheard(parsed.services, heard);
    }
  });
  const { services = {}, defaults = {} } = written;
  return {
    services: services as InlineGating["services"],
    defaults: checked(defaults, (known): unknown => {
      refusing(() => parseGating({ defaults: known }));
      return known;
    }),
  };
}

function plainKeys(field: string, value: unknown): void {
  if (isLater(value)) {
    refuse(
      `\`${field}\` must be a plain mapping, since it says which services there are; what is under each service, and \`gating.defaults\`, may be an Output`,
    );
  }
}

/** Without the services, and without the defaults, that hold an Output. */
function plainPart(gating: unknown): unknown {
  if (isPlain(gating)) {
    return gating;
  }
  const plain = (of: object) =>
    Object.fromEntries(Object.entries(of).filter(([, v]) => isPlain(v)));
  const { services, ...rest } = gating as { services?: object };
  return { ...plain(rest), ...(services === undefined ? {} : { services: plain(services) }) };
}
