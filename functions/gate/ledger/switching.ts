import { anyOf, didYouMean, quote } from "../gating/schema/show.ts";
import { findRunbook, parseGating } from "../gating/index.ts";
import type { GatingStore, Ledger } from "../ports/index.ts";
import { scopeText, switchKey, type SwitchScope } from "./killSwitch.ts";

/** What an operator asks for. */
interface Throw extends SwitchScope {
  on: boolean;
  reason: string | null;
  by: string;
  atMs: number;
  /** Whether what the gating does not list is meant: a runbook or service that is about to be. */
  unlisted: boolean;
}

interface Problem {
  field: "service" | "runbook";
  problem: string;
}

type Thrown =
  | {
      ok: true;
      scope: SwitchScope;
      /** What the operator should know besides. */ message: string | null;
    }
  | ({ ok: false } & Problem);

/**
 * Throws a switch over what the gating calls that. What the gating does not list is refused unless it is meant: a switch
 * over a name that was mistyped would hold nothing while everybody believes it does.
 */
export async function throwSwitch(
  { ledger, gating }: { ledger: Ledger; gating: GatingStore | null },
  { unlisted, service, runbook, ...state }: Throw,
): Promise<Thrown> {
  const asked = named({ service, runbook });
  const known = await ledger.narrowerSwitches();
  const isOn = known.some((one) => switchKey(one) === switchKey(asked));
  // Whatever is on can be switched off by the name under which it is on.
  const meant =
    gating === null || (isOn && !state.on)
      ? { scope: asked, problem: null }
      : await scopeIn(gating, asked);
  if (meant.problem !== null && !unlisted) {
    return { ok: false, ...meant.problem };
  }
  const { scope } = meant;
  const before = await ledger.setKillSwitch({ ...scope, ...state });
  const notes = [
    meant.problem !== null && state.on
      ? `the gating does not list that: held is what is called exactly so, by PagerDuty's id or name of a service`
      : null,
    before === null && !state.on ? `${scopeText(scope)} was not held: nothing has changed` : null,
    before !== null && state.on ? "it was on already: since and the first reason are kept" : null,
  ].filter((note) => note !== null);
  return { ok: true, scope, message: notes.length === 0 ? null : notes.join("; ") };
}

function named({
  service,
  runbook,
}: { [Name in keyof SwitchScope]: string | undefined }): SwitchScope {
  return {
    ...(service === undefined ? {} : { service }),
    ...(runbook === undefined ? {} : { runbook }),
  };
}

/** What is meant, in the gating's words; `problem`: why nothing of the gating's is. */
async function scopeIn(
  gating: GatingStore,
  { service, runbook }: SwitchScope,
): Promise<{ scope: SwitchScope; problem: Problem | null }> {
  const asked = named({ service, runbook });
  if (service === undefined) {
    return {
      scope: asked,
      problem: runbook === undefined ? null : unknownRunbook(runbook, await runbooks(gating)),
    };
  }
  const { key, listed, gating: own } = await gating.find({ id: service, name: service });
  if (!listed) {
    const { services } = await gating.inForce();
    const names = services.map(({ listedAs }) => listedAs);
    return { scope: asked, problem: notListed("service", "", service, names) };
  }
  return {
    scope: named({ service: key, runbook }),
    problem:
      runbook === undefined || findRunbook(own, runbook) !== null
        ? null
        : unknownRunbook(runbook, Object.keys(own.runbooks), ` for ${key}`),
  };
}

/** Of every service, and of those that are not listed. */
async function runbooks(gating: GatingStore): Promise<string[]> {
  const { services, defaults } = await gating.inForce();
  const { defaults: unlisted } = parseGating({ services: {}, defaults: defaults.written });
  const all = [...services.map((one) => one.gating.runbooks), unlisted.runbooks];
  return [...new Set(all.flatMap((one) => Object.keys(one)))];
}

function unknownRunbook(runbook: string, known: readonly string[], where = ""): Problem | null {
  return known.includes(runbook) ? null : notListed("runbook", where, runbook, known);
}

function notListed(
  field: Problem["field"],
  where: string,
  got: string,
  known: readonly string[],
): Problem {
  const allowed = known.length === 0 ? `, and it lists none` : `: ${anyOf(known)}`;
  const problem = `\`${field}\` must be one that the gating lists${where}${allowed}, got ${quote(got)}${didYouMean(got, known)} (\`unlisted\` holds one that it is about to list)`;
  return { field, problem };
}
