/*
 * What a change of gating changes, exactly. A separate entry: what runs in the functions does without it.
 */
export { compareGatings } from "./compare.ts";
export type { Comparison, ServiceChange } from "./compare.ts";
export { compareServices } from "./service.ts";
export type { Group } from "./service.ts";
export { witnesses } from "./reached.ts";
export type { Witness } from "./witness.ts";
export {
  answerText,
  conclusion,
  countsText,
  differenceTexts,
  groupLine,
  notProven,
  serviceName,
  summaryLines,
  verdictText,
  whichText,
} from "./tell.ts";
