import { gateOf } from "../deployed/open.ts";
import { CliError } from "../errors.ts";
import type { Io } from "../io.ts";
import { counted, instant, oneLine } from "../text.ts";
import { checks, part, type Check } from "./check.ts";
import type { DoctorOptions } from "./parameters.ts";

const WITHIN_MS = 24 * 60 * 60_000;
const MOST_LOOKED_AT = 100;
const MOST_TOLD = 5;

/** What the gate has raised within a day: what the other checks see may be in order, and still something came by. */
export async function alarmChecks(io: Io, options: DoctorOptions): Promise<Check[]> {
  return part("gate.alarms", null, async () => {
    const { ok, warn } = checks("gate.alarms");
    const todo = "see `gate alarms`; docs/operations.md says what each kind means";
    let found: Awaited<ReturnType<typeof recent>>;
    try {
      found = await recent(io, options);
    } catch (error) {
      if (!(error instanceof CliError)) {
        throw error;
      }
      return [warn(`could not be asked for: ${error.message}`, error.hint)];
    }
    if (found.length === 0) {
      return [ok("none within a day")];
    }
    const more = found.length - MOST_TOLD;
    return [
      ...found
        .slice(0, MOST_TOLD)
        .map(({ at, kind, text }) => warn(`${kind} ${instant(at)}: ${oneLine(text)}`, todo)),
      ...(more > 0 ? [warn(`${counted(more, "more alarm")} within a day`, todo)] : []),
    ];
  });
}

async function recent(io: Io, options: DoctorOptions) {
  const gate = gateOf(io, options);
  const [alarms, nowMs] = [await gate.alarms(MOST_LOOKED_AT), await gate.now()];
  return alarms.filter(({ at }) => Date.parse(at) >= nowMs - WITHIN_MS);
}
