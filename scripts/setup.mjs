// Makes a clone ready before `npm start` and `npm test`: installs what the lock file names, once and whenever some of it is
// missing (`npm prune --omit=dev` takes most away), and sees to it that the Node 24 among it works. Plain JavaScript, because it runs on whatever Node the machine has.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, "node_modules");
const stamp = join(modules, ".setup");
const lock = readFileSync(join(root, "package-lock.json"), "utf8");
const wanted = createHash("sha256").update(lock).digest("hex");

const [major = 0] = process.versions.node.split(".").map(Number);
if (major < 20) {
  console.error(`This needs Node 20 or newer to begin with; found ${process.version}.`);
  process.exit(1);
}
if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== wanted || isIncomplete()) {
  console.error("Installing the dependencies (once, about half a minute) ...");
  npm("ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error");
}
if (!runsNode24()) {
  // npm may have been told to skip install scripts; the binary comes by one.
  npm("rebuild", "node", "--ignore-scripts=false", "--loglevel=error");
}
if (!runsNode24()) {
  console.error(
    "Node 24 could not be installed in node_modules; install Node 24 yourself and put it first on PATH.",
  );
  process.exit(1);
}
writeFileSync(stamp, wanted);

/** Whether a package is missing that every machine has: optional ones are for some systems only. */
function isIncomplete() {
  return Object.entries(JSON.parse(lock).packages).some(
    ([path, { optional, devOptional }]) =>
      path.startsWith("node_modules/") &&
      !optional &&
      !devOptional &&
      !existsSync(join(root, path, "package.json")),
  );
}

function npm(...args) {
  const cli = process.env.npm_execpath;
  const [command, first] = cli === undefined ? ["npm", []] : [process.execPath, [cli]];
  const { status } = spawnSync(command, [...first, ...args], {
    cwd: root,
    // The answers of npm belong to neither `npm start` nor a `--json` reader.
    stdio: ["ignore", 2, 2],
    shell: cli === undefined && process.platform === "win32",
  });
  if (status !== 0) {
    process.exit(status ?? 1);
  }
}

function runsNode24() {
  const binary = join(modules, ".bin", process.platform === "win32" ? "node.cmd" : "node");
  try {
    statSync(binary);
    return execFileSync(binary, ["--version"], { encoding: "utf8" }).startsWith("v24.");
  } catch {
    return major >= 24;
  }
}
