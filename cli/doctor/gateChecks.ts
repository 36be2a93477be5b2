import { z } from "zod";
import { gateOf } from "../deployed/open.ts";
import type { GateAccess } from "../deployed/gateAccess.ts";
import { CliError } from "../errors.ts";
import { isHere, request, type Answer } from "../gateClient.ts";
import type { Io } from "../io.ts";
import { checks, told, type Check } from "./check.ts";
import type { DoctorOptions } from "./parameters.ts";
import type { Subject } from "./subject.ts";

const health = z.looseObject({ status: z.literal(["ok", "held"]) });

const MOST_SKEW_MS = 30_000;

/** Whether the gate answers, tells the right time and may execute. */
export async function gateChecks(
  io: Io,
  subject: Subject,
  options: DoctorOptions,
): Promise<Check[]> {
  const { gateUrl } = subject;
  const answers = checks("gate.answers");
  if (gateUrl === null) {
    return [
      answers.warn(
        "its address is not known, so it was not asked",
        "use --stack, --outputs or --url",
      ),
    ];
  }
  const sentAtMs = Date.now();
  let answer: Answer;
  try {
    answer = await request(io, `${gateUrl}/healthz`, { method: "GET" });
  } catch (error) {
    return [answers.fail(told(error), whereToLook(subject, gateUrl).down)];
  }
  const nowMs = (sentAtMs + Date.now()) / 2;
  const parsed = health.safeParse(answer.body);
  if (answer.status !== 200 || !parsed.success) {
    return [
      answers.fail(
        `${gateUrl}/healthz answered ${answer.status}${answer.status === 200 ? ", but not as a gate does" : ""}`,
        answer.status === 503
          ? `it cannot reach its store: ${whereToLook(subject, gateUrl).store}`
          : "check the address and the API's routes",
      ),
    ];
  }
  const gate = asked(io, options);
  return [
    answers.ok(gateUrl),
    await clockCheck(subject, gate, answer, nowMs),
    await killSwitchCheck(gate),
  ];
}

/** The gate as its own people ask it; or why it cannot be asked. */
function asked(io: Io, options: DoctorOptions): GateAccess | CliError {
  try {
    return gateOf(io, options);
  } catch (error) {
    if (error instanceof CliError) {
      return error;
    }
    throw error;
  }
}

/** An embedded gate's clock may have been moved on, which only the gate tells; any other is that of whoever answers. */
async function clockCheck(
  { embedded }: Subject,
  gate: GateAccess | CliError,
  answer: Answer,
  nowMs: number,
): Promise<Check> {
  const clock = checks("gate.clock");
  const skewMs =
    embedded && !(gate instanceof CliError)
      ? (await gate.now()) - Date.now()
      : Date.parse(answer.headers.get("date") ?? "") - nowMs;
  if (Number.isNaN(skewMs)) {
    return clock.warn("its answers have no date");
  }
  const seconds = `${(Math.abs(skewMs) / 1_000).toFixed(1)} s ${skewMs < 0 ? "behind" : "ahead of"} this machine`;
  return Math.abs(skewMs) <= MOST_SKEW_MS
    ? clock.ok(seconds)
    : embedded
      ? clock.warn(`${seconds}: somebody has moved the embedded gate's clock on`)
      : clock.fail(seconds, "set both clocks by NTP: deadlines and validity are counted by them");
}

async function killSwitchCheck(gate: GateAccess | CliError): Promise<Check> {
  const check = checks("gate.killSwitch");
  try {
    if (gate instanceof CliError) {
      throw gate;
    }
    const { on, since } = await gate.killSwitch();
    return on
      ? check.fail(
          `on${since === null ? "" : ` since ${since}`}: nothing is executed`,
          "`gate kill-switch off` when the reason is gone",
        )
      : check.ok("off");
  } catch (error) {
    if (!(error instanceof CliError)) {
      throw error;
    }
    return check.warn(`could not be asked for: ${error.message}`, error.hint);
  }
}

function whereToLook({ target }: Subject, gateUrl: string): { down: string; store: string } {
  const inAws = {
    down: "look at the middleware function and its log",
    store: "look at the ledger table and the function's role",
  };
  const onOne = {
    down: "start the gate again, and look at the end of its log",
    store: "look at the disk and at `ledger.sqlite` in its data folder",
  };
  return target !== null
    ? inAws
    : isHere(gateUrl)
      ? onOne
      : {
          down: `check the address and the network. On one machine, ${onOne.down}; in AWS, ${inAws.down}`,
          store: `on one machine, ${onOne.store}; in AWS, ${inAws.store}`,
        };
}
