import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { makeBundle } from "../components/bundle.ts";
import type { Bundle } from "../components/bundle.ts";

const root = join(import.meta.dirname, "..");

/** The functions that are deployed. */
export const FUNCTIONS = ["middleware", "callback", "worker"] as const;

/** What a function's bundle is held against. */
export const BASELINES = {
  empty: "a handler that does nothing but log",
  clients: "a handler that holds the same AWS clients",
} as const;

/** Cases share them. */
const made = new Map<string, Bundle>();

/** The bundle of a function or of a baseline. */
export function bundleOf(name: string): Bundle {
  const folder = Object.hasOwn(BASELINES, name) ? "bench/functions" : "functions";
  const bundle = made.get(name) ?? makeBundle(join(root, folder, name));
  made.set(name, bundle);
  return bundle;
}

/** Kilobytes of the code, without its map, as it is and zipped. */
export function sizeOf(bundle: Bundle): { plain: number; zipped: number } {
  const code = bundle["index.mjs"] ?? "";
  return { plain: code.length / 1000, zipped: gzipSync(code).length / 1000 };
}
