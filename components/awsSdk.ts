import { createRequire } from "node:module";
import { join } from "node:path";
import { z } from "zod";
import { refuse } from "./inputs.ts";

/** The first whose resources take a region and whose `getRegion` tells it under that name. */
const OLDEST_MAJOR = 7;

/** npm refuses another version as it installs; other package managers only warn. */
export function checkAwsSdk(version: string = installedVersion()): void {
  if (Number(version.split(".")[0]) < OLDEST_MAJOR) {
    refuse(
      `pagerduty-approval-gate needs @pulumi/aws ${OLDEST_MAJOR}, and this program has ${version}: npm install @pulumi/aws@${OLDEST_MAJOR}`,
    );
  }
}

function installedVersion(): string {
  const manifest: unknown = createRequire(join(import.meta.dirname, "index.js"))(
    "@pulumi/aws/package.json",
  );
  return z.object({ version: z.string() }).parse(manifest).version;
}
