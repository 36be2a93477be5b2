import { readFileSync, statSync } from "node:fs";
import { z } from "zod";
import {
  defaultsHash,
  gatingDigest,
  gatingForUnlisted,
  gatingHash,
  parseGating,
} from "../../functions/gate/gating/index.ts";
import type { Gating } from "../../functions/gate/gating/index.ts";
import { canonicalJson, sha256 } from "../../functions/gate/text/canonical.ts";
import { keyOfUnlisted } from "../../functions/gate/proposal/unlisted.ts";
import type { GatingStore, Log, StoredGating } from "../../functions/gate/ports/index.ts";
import { gatingIn } from "./stackGating.ts";
import { openServiceIds, type ServiceIds } from "./serviceIds.ts";
import { readYaml } from "./yaml.ts";

const mapping = z.record(z.string(), z.unknown());

export interface GatingFile extends GatingStore {
  current(): Gating;
  /** What is wrong with the file as it is, while what it said before stays in force; null: it is in force. */
  problem(): string | null;
  /** The version of what is in force by now, if that is what the name stands for; see `Seen`. */
  versionOf(name: string): string | undefined;
}

const SEEN = "gating";

/**
 * The gating in a YAML file: a Pulumi stack file, or one with `services` and `defaults` at its top. A change is seen
 * at the next look. A change that is refused is logged, and what was in force stays in force; only the first load
 * throws. `onChange` is told each change, with what is wrong with it. A key stands for the service that it was learned
 * to be, whatever that is called by now; until then it stands for whatever has its name.
 */
export function openGatingFile(
  file: string,
  log: Log,
  onChange: (problem: string | null) => void = () => undefined,
  ids: ServiceIds = openServiceIds(null),
): GatingFile {
  let seen = stampOf(file);
  let problem: string | null = null;
  let { written, gating } = readWritten(file);
  let version = versionIn(gating, ids);

  const current = (): Gating => {
    let now: string;
    try {
      now = stampOf(file);
    } catch (error) {
      now = problemOf(error);
    }
    if (now === seen) {
      return gating;
    }
    seen = now;
    try {
      ({ written, gating } = readWritten(file));
      version = versionIn(gating, ids);
      problem = null;
      log.info("gating read again", { file, services: Object.keys(gating.services).length });
    } catch (error) {
      problem = problemOf(error);
      log.error("changed gating refused, the one before stays in force", { file, problem });
    }
    onChange(problem);
    return gating;
  };

  return {
    current,
    problem: () => problem,
    versionOf: (name) => {
      if (name !== SEEN) {
        return undefined;
      }
      current();
      return version;
    },
    async inForce() {
      const { services, defaults } = current();
      const listed = Object.entries(services).map(([key, own]) => ({
        key,
        listedAs: key,
        serviceId: ids.of(key)?.id ?? null,
        hash: gatingHash(own),
        gating: own,
        written: written.services[key],
      }));
      const hash = defaultsHash(defaults);
      return {
        source: file,
        digest: gatingDigest(listed, hash),
        services: listed,
        defaults: { hash, written: written.defaults },
        problem,
      };
    },
    async find(service) {
      const found = findGating(current(), ids, service);
      return { ...found, seen: [{ name: SEEN, version }] };
    },
    async learn(key, service) {
      const isNews = ids.learn(key, service);
      // What was found before may be found under another key now, or no more.
      version = versionIn(gating, ids);
      return isNews;
    },
  };
}

/** Reads and checks a gating file; throws with everything that is wrong with it. */
export function readGatingFile(file: string): Gating {
  return readWritten(file).gating;
}

/** The same for what such a file holds, whatever holds it. */
export function readGatingText(file: string, text: string): Gating {
  return writtenIn(file, text).gating;
}

interface Written {
  services: Readonly<Record<string, unknown>>;
  defaults: unknown;
}

function readWritten(file: string): { written: Written; gating: Gating } {
  return writtenIn(file, readFileSync(file, "utf8"));
}

function writtenIn(file: string, text: string): { written: Written; gating: Gating } {
  const content = mapping.safeParse(readYaml(file, text));
  const found = gatingIn(file, content.success ? content.data : {});
  const gating = parseGating(found);
  const services = mapping.safeParse(found["services"]);
  return {
    written: { services: services.data ?? {}, defaults: found["defaults"] ?? {} },
    gating,
  };
}

function findGating(
  gating: Gating,
  ids: ServiceIds,
  service: { id: string | null; name: string | null },
): Omit<StoredGating, "seen"> {
  const key = keyOf(gating, ids, service);
  const own = key === null ? undefined : gating.services[key];
  if (key === null || own === undefined) {
    const unlisted = gatingForUnlisted(gating.defaults);
    const isTaken = service.name !== null && Object.hasOwn(gating.services, service.name);
    return {
      // A name that stands for another service would be that one's key.
      key: isTaken && service.id !== null ? service.id : keyOfUnlisted(service),
      listed: false,
      hash: gatingHash(unlisted),
      gating: unlisted,
    };
  }
  const known = ids.of(key);
  return {
    key,
    ...(known === null ? {} : { serviceId: known.id }),
    listed: true,
    hash: gatingHash(own),
    gating: own,
  };
}

/** By its id, as it is written or was learned; then by its name, unless that is known to be another service's. */
function keyOf(
  gating: Gating,
  ids: ServiceIds,
  { id, name }: { id: string | null; name: string | null },
): string | null {
  const isListed = (key: string): boolean => Object.hasOwn(gating.services, key);
  const wanted = id ?? name;
  if (id !== null && isListed(id)) {
    return id;
  }
  const learned = Object.keys(gating.services).find((key) => ids.of(key)?.id === wanted);
  if (learned !== undefined) {
    return learned;
  }
  if (name === null) {
    return null;
  }
  if (!isListed(name)) {
    // Nobody lists that name: the service that is called so by now, for people, or where its id says the same.
    return id === null || id === name
      ? (Object.keys(gating.services).find((key) => ids.of(key)?.name === name) ?? null)
      : null;
  }
  const known = ids.of(name);
  // As id and name people write the same.
  return known === null || id === null || id === name || id === known.id ? name : null;
}

/** Equal for equal gating of the same services: two readers of one file agree. */
function versionIn(gating: Gating, ids: ServiceIds): string {
  const known = Object.keys(gating.services).map((key) => [key, ids.of(key)?.id ?? null]);
  return sha256(canonicalJson({ gating, known }));
}

/** Changes whenever the file was written or replaced. */
function stampOf(file: string): string {
  const { mtimeMs, size, ino } = statSync(file);
  return `${mtimeMs} ${size} ${ino}`;
}

function problemOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
