import * as z from "zod";
import { oneOf, oneOrMany, strict, text } from "./fields.ts";
import { isTimeZone } from "../../text/localTime.ts";

export const weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

const localTime = text(
  'must be a local date and time such as "2026-12-20T00:00"',
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d$/,
);

/** One window: weekly (`days`, `from`, `to`) or a single stretch (`start`, `end`). */
export const windowSchema = strict(
  {
    days: oneOrMany(oneOf(weekdays), 7)
      .meta({ description: "Days on which the window begins. Default: every day." })
      .optional(),
    from: text('must be a time of day such as "17:00"', /^(?:[01]\d|2[0-3]):[0-5]\d$/)
      .meta({ description: "When the window begins.", default: "00:00" })
      .optional(),
    to: text(
      'must be a time of day such as "09:00", or "24:00"',
      /^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/,
    )
      .meta({
        description: "When it ends; on the next day if not later than `from`.",
        default: "24:00",
      })
      .optional(),
    start: localTime.meta({ description: "When a single stretch begins." }).optional(),
    end: localTime.meta({ description: "When it ends." }).optional(),
    timeZone: z
      .string({ error: zoneError })
      .refine(isTimeZone, { error: zoneError })
      .meta({ description: "Zone of all times here, such as Europe/Berlin." }),
  },
  "must be an object such as { days: [sat, sun], timeZone: Europe/Berlin }",
);

export type WindowInput = z.output<typeof windowSchema>;

function zoneError(): string {
  return 'must be a time zone such as "Europe/Berlin" or "UTC"';
}
