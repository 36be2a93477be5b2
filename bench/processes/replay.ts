/** `replay` weighs an export by two gatings, `read` only goes through its lines; prints what it took. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { Replay } from "../../cli/gatingReplay/bill.ts";
import { readHistory } from "../../cli/gatingReplay/history.ts";
import { historyGating } from "../history.ts";

const [kind, history = "", services] = process.argv.slice(2);
const began = performance.now();
let count = 0;
if (kind === "replay") {
  const [before, after] = [false, true].map((isChanged) =>
    historyGating(Number(services), isChanged),
  );
  if (before === undefined || after === undefined) throw new Error("there is no gating");
  const replay = new Replay(before, after, {
    timeZone: "Europe/Berlin",
    sinceMs: -Infinity,
    checksParameters: false,
  });
  readHistory(history, false, (item) => {
    replay.add(item);
  });
  count = replay.bill().replayed;
} else {
  for await (const line of createInterface({ input: createReadStream(history) })) {
    count += line.length > 0 ? 1 : 0;
  }
}
if (count === 0) throw new Error("nothing was read");
process.stdout.write(
  JSON.stringify({
    ms: performance.now() - began,
    mebibytes: process.resourceUsage().maxRSS / 1_024,
  }),
);
