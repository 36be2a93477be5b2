import { z } from "zod";
import type { Account } from "../account/account.ts";
import type { Integration, Service } from "../account/documents.ts";
import type { RateLimit } from "../http/rateLimit.ts";
import { param, problems } from "../http/route.ts";
import type { Answer, Route } from "../http/route.ts";
import { CLOUDWATCH } from "../seed.ts";
import { isConfirmationUrl } from "./confirmations.ts";
import type { Confirmations } from "./confirmations.ts";
import { admitted, invalid, take } from "./enqueue.ts";

/** What SNS posts to a subscriber, its signature aside, which is not checked here. */
const Envelope = z.discriminatedUnion("Type", [
  z.object({
    Type: z.literal("SubscriptionConfirmation"),
    SubscribeURL: z.string().refine(isConfirmationUrl, "must be an address of SNS"),
  }),
  z.object({ Type: z.literal("UnsubscribeConfirmation") }),
  z.object({
    Type: z.literal("Notification"),
    Subject: z.string().min(1).nullish(),
    Message: z.string(),
  }),
]);

type Notification = Extract<z.infer<typeof Envelope>, { Type: "Notification" }>;

/** What CloudWatch tells of an alarm, as JSON within the notification's text. */
const AlarmChange = z.looseObject({
  AlarmName: z.string().min(1),
  NewStateValue: z.enum(["ALARM", "OK", "INSUFFICIENT_DATA"]),
});

/** The Amazon CloudWatch integration: an address for a topic, in which the key is all the authentication. */
export function cloudWatchRoutes(
  account: Account,
  limit: RateLimit,
  confirmations: Confirmations,
): Route[] {
  return [
    {
      method: "POST",
      path: "/integration/:key/enqueue",
      access: "open",
      anyBody: true,
      handle: (call) =>
        admitted(account, limit, param(call, "key"), (integration, service) => {
          if (!isCloudWatch(account, integration)) {
            return invalid(400, [`the emulator takes notifications for ${CLOUDWATCH} only`]);
          }
          const parsed = Envelope.safeParse(call.body);
          if (!parsed.success) {
            return invalid(400, problems(parsed.error));
          }
          switch (parsed.data.Type) {
            case "SubscriptionConfirmation":
              confirmations.visit(parsed.data.SubscribeURL);
              return PROCESSED;
            case "UnsubscribeConfirmation":
              return PROCESSED;
            case "Notification":
              return notified(account, parsed.data, integration, service);
          }
        }),
    },
  ];
}

const PROCESSED: Answer = {
  status: 202,
  body: { status: "success", message: "Event processed" },
};

function isCloudWatch({ store }: Account, { vendor }: Integration): boolean {
  return vendor !== null && store.get("vendors", vendor)?.name === CLOUDWATCH;
}

/** OK resolves, the other states trigger; what is no alarm is dropped without a word to the sender. */
function notified(
  account: Account,
  { Subject, Message }: Notification,
  integration: Integration,
  service: Service,
): Answer {
  const parsed = AlarmChange.safeParse(jsonOrNull(Message));
  if (!parsed.success) {
    return PROCESSED;
  }
  const { AlarmName: name, NewStateValue: state } = parsed.data;
  return take(
    account,
    {
      event_action: state === "OK" ? "resolve" : "trigger",
      // What belongs together is an option of the real integration; here it is the alarm.
      dedup_key: name.slice(0, 255),
      payload: {
        summary: (Subject ?? name).slice(0, 1024),
        source: CLOUDWATCH,
        severity: "critical",
        custom_details: parsed.data,
      },
    },
    integration,
    service,
  );
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
