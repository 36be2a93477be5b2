import {
  defaultsHash,
  gatingDigest,
  gatingHash,
  parseGating,
  type Gating,
} from "../functions/gate/gating/index.ts";
import type { GatingAnswer } from "./answers.ts";
import { CliError } from "./errors.ts";

/** What the gate says is in force, read as a gating; refused where this release reads it otherwise than the gate. */
export function inForceOf({ source, digest, services, defaults }: GatingAnswer): Gating {
  const otherRelease = new CliError(
    `the gating in force (${source}) is not read here as the gate reads it`,
    { hint: "use the `gate` of the gate's own release" },
  );
  let gating: Gating;
  try {
    gating = parseGating({
      services: Object.fromEntries(services.map((one) => [one.listed_as, one.written])),
      defaults: defaults.written,
    });
  } catch {
    throw otherRelease;
  }
  if (digestOf(gating) !== digest) {
    throw otherRelease;
  }
  return gating;
}

function digestOf({ services, defaults }: Gating): string {
  const listed = Object.entries(services).map(([listedAs, own]) => ({
    listedAs,
    hash: gatingHash(own),
  }));
  return gatingDigest(listed, defaultsHash(defaults));
}

/** How a file differs from what is in force; empty: it says the same. `others`: services that the file lacks are another's. */
export function differences(file: Gating, inForce: Gating, others: boolean): string[] {
  const found = Object.keys({ ...inForce.services, ...file.services }).flatMap((key) => {
    const [there, here] = [hashIn(inForce, key), hashIn(file, key)];
    return there === here || (here === null && others)
      ? []
      : there === null
        ? [`${key} is in the file only`]
        : here === null
          ? [`${key} is in force only`]
          : [`${key} is another`];
  });
  const isSame = defaultsHash(file.defaults) === defaultsHash(inForce.defaults);
  return isSame ? found : [...found, "the defaults are others"];
}

function hashIn({ services }: Gating, key: string): string | null {
  const own = Object.hasOwn(services, key) ? services[key] : undefined;
  return own === undefined ? null : gatingHash(own);
}
