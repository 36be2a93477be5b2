import * as z from "zod";
import type { Scalar } from "../gate/proposal/proposal.ts";
import { epochMs } from "./shapes.ts";

const scalar = z.union([z.string(), z.number(), z.boolean()]);

/** PagerDuty may write a number or a time in another way than it was given. */
export function isSameValue(found: unknown, wanted: Scalar | null): boolean {
  const isEmpty = found === null || found === undefined;
  if (wanted === null || isEmpty) return wanted === null && isEmpty;
  const { success, data } = scalar.safeParse(found);
  const [a, b] = [String(data), String(wanted)];
  return success && (a === b || (epochMs(a) !== null && epochMs(a) === epochMs(b)));
}
