import { BASELINES, bundleOf, sizeOf } from "../bundles.ts";
import type { FUNCTIONS } from "../bundles.ts";
import type { BenchCase } from "./benchCase.ts";

/** How much code Lambda loads for a function. The same sources always give the same. */
export function bundleSize(
  name: (typeof FUNCTIONS)[number],
  baseline: keyof typeof BASELINES,
): BenchCase {
  const size = (of: string) => () => Promise.resolve(sizeOf(bundleOf(of)).plain);
  return () =>
    Promise.resolve({
      rounds: 1,
      pair: {
        name: `bundle of the ${name}`,
        baseline: BASELINES[baseline],
        unit: "KB" as const,
        operations: 1,
        runSubject: size(name),
        runBaseline: size(baseline),
      },
      stop: () => Promise.resolve(),
    });
}
