import type { EmbeddedOptions } from "../embedded.ts";
import type { LocalGateOptions } from "../gate.ts";
import { Changes, observed } from "./changes.ts";
import { isLoopback, isLoopbackUrl } from "./guard.ts";
import { timelineHandler } from "./handler.ts";

/** Options of an embedded gate that serves its timeline, scenarios and clock on `/`. */
export function withTimeline(options: EmbeddedOptions): EmbeddedOptions {
  const changes = new Changes();
  return {
    ...options,
    ...observing(options, changes),
    otherwise: (embedded) => (gate) => timelineHandler({ gate, changes, embedded, isLocal: true }),
  };
}

/** Options of a gate against real services that serves its timeline on `/`, unless others can reach it. */
export function withReadOnlyTimeline(options: LocalGateOptions): LocalGateOptions {
  const changes = new Changes();
  const { host, publicUrl } = options;
  const isLocal =
    (host === undefined || isLoopback(host)) &&
    (publicUrl === undefined || isLoopbackUrl(publicUrl));
  return {
    ...options,
    ...observing(options, changes),
    otherwise: (gate) => timelineHandler({ gate, changes, embedded: null, isLocal }),
  };
}

/** Tells of every write to the ledger, and of a change of the gating. */
function observing(
  { wrap, onGatingChange }: Pick<EmbeddedOptions, "wrap" | "onGatingChange">,
  changes: Changes,
): Required<Pick<LocalGateOptions, "wrap" | "onGatingChange">> {
  return {
    wrap: { ...wrap, ledger: (ledger) => observed(wrap?.ledger?.(ledger) ?? ledger, changes) },
    onGatingChange(problem) {
      onGatingChange?.(problem);
      changes.tell();
    },
  };
}
