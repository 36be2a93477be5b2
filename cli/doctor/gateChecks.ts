import { z } from "zod";
import { isHere, request } from "../gateClient.ts";
import type { Io } from "../io.ts";
import { checks, told, type Check } from "./check.ts";
import type { Subject } from "./subject.ts";

const health = z.looseObject({
  status: z.string(),
  time: z.iso.datetime(),
  kill_switch: z.looseObject({ on: z.boolean(), since: z.string().optional() }),
});

const MOST_SKEW_MS = 30_000;

/** Whether the gate answers, tells the right time and may execute. */
export async function gateChecks(io: Io, subject: Subject): Promise<Check[]> {
  const { gateUrl, embedded } = subject;
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
  let answer: Awaited<ReturnType<typeof request>>;
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
  const { time, kill_switch: killSwitch } = parsed.data;
  const skewMs = Date.parse(time) - nowMs;
  const seconds = `${(Math.abs(skewMs) / 1_000).toFixed(1)} s ${skewMs < 0 ? "behind" : "ahead of"} this machine`;
  const clock = checks("gate.clock");
  const isRight = Math.abs(skewMs) <= MOST_SKEW_MS;
  return [
    answers.ok(gateUrl),
    isRight
      ? clock.ok(seconds)
      : embedded
        ? clock.warn(`${seconds}: somebody has moved the embedded gate's clock on`)
        : clock.fail(seconds, "set both clocks by NTP: deadlines and validity are counted by them"),
    killSwitch.on
      ? checks("gate.killSwitch").fail(
          `on${killSwitch.since === undefined ? "" : ` since ${killSwitch.since}`}: nothing is executed`,
          "`gate kill-switch off` when the reason is gone",
        )
      : checks("gate.killSwitch").ok("off"),
  ];
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
