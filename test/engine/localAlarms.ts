import { z } from "zod";
import { awsCall, queriedText } from "./localAws.ts";

const described = z.object({
  MetricAlarms: z.array(
    z.object({
      AlarmName: z.string(),
      AlarmDescription: z.string(),
      AlarmActions: z.array(z.string()),
      OKActions: z.array(z.string()),
    }),
  ),
});

export type FoundAlarm = z.infer<typeof described>["MetricAlarms"][number];

/** Alarms that tell somebody, in the order of their names. */
export async function tellingAlarms(): Promise<FoundAlarm[]> {
  const { MetricAlarms } = described.parse(await cloudWatch("DescribeAlarms", {}));
  return MetricAlarms.filter(({ AlarmActions }) => AlarmActions.length > 0).sort((a, b) =>
    a.AlarmName < b.AlarmName ? -1 : 1,
  );
}

/** CloudWatch itself never finds an alarm on one machine; from here on it does what it would then do. */
export async function setAlarmState(alarm: FoundAlarm, state: "ALARM" | "OK"): Promise<void> {
  await cloudWatch("SetAlarmState", {
    AlarmName: alarm.AlarmName,
    StateValue: state,
    StateReason: "a test says so",
  });
}

/** Who has confirmed that it wants what a topic sends. */
export async function subscribers(
  topicArn: string,
): Promise<{ protocol: string | undefined; endpoint: string | undefined }[]> {
  const list = await queriedText("sns", "2010-03-31", "ListSubscriptionsByTopic", {
    TopicArn: topicArn,
  });
  const arns = [...list.matchAll(/<SubscriptionArn>([^<]*)</g)].map(([, arn = ""]) => arn);
  const all = await Promise.all(
    arns.map(async (arn) => {
      const text = await queriedText("sns", "2010-03-31", "GetSubscriptionAttributes", {
        SubscriptionArn: arn,
      });
      const entries = text.matchAll(/<key>([^<]*)<\/key><value>([^<]*)<\/value>/g);
      return new Map([...entries].map(([, key = "", value = ""]) => [key, value]));
    }),
  );
  return all
    .filter((attributes) => attributes.get("PendingConfirmation") === "false")
    .map((attributes) => ({
      protocol: attributes.get("Protocol"),
      endpoint: attributes.get("Endpoint"),
    }));
}

function cloudWatch(action: string, body: object): Promise<Record<string, unknown>> {
  return awsCall("monitoring", `GraniteServiceVersion20100801.${action}`, "1.0", body);
}
