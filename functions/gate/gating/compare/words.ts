import type { Box } from "../check/space.ts";
import { AXIS, NO, STATED, UNSTATED, YES } from "./axes.ts";
import type { Axes, Valued } from "./axes.ts";
import { code, word } from "./code.ts";
import { listed } from "./listed.ts";
import { timeWords } from "./timeWords.ts";

/** The proposals of a box, in the words of the gating: "P1 or P2, runbook `restart`, from anybody but `ai-agent`". */
export function wordsOf(box: Box, axes: Axes, isEvent: boolean): string {
  const bits = (axis: number) => box[axis] ?? 0n;
  const parts = [
    isEvent ? eventWords(bits(AXIS.event), axes) : runbookWords(bits(AXIS.runbook), axes),
    valueWords("priority", bits(AXIS.priority), axes, {
      named: (list) => `priority ${list}`,
      allBut: (list) => `any priority but ${list}`,
      none: "no priority",
    }),
    isEvent
      ? null
      : valueWords("severity", bits(AXIS.severity), axes, {
          named: (list) => `severity ${list}`,
          allBut: (list) => `any severity but ${list}`,
          none: "no severity stated",
        }),
    valueWords("urgency", bits(AXIS.urgency), axes, {
      named: (list) => `${list} urgency`,
      allBut: (list) => `any urgency but ${list}`,
      none: "no urgency known",
    }),
    ...(isEvent ? [] : regionWords(box, axes)),
    isEvent ? null : proposerWords(bits(AXIS.proposer), axes),
    ...titleWords(box, axes),
    timeWords(bits(AXIS.time), axes.timeline),
  ].filter((part) => part !== null);
  return parts.length === 0 ? (isEvent ? "every event" : "every proposal") : parts.join(", ");
}

function runbookWords(bits: bigint, axes: Axes): string | null {
  if (bits === axes.everyRunbook) return null;
  const inside = axes.runbooks.filter((name) => (bits & axes.runbook(name)) !== 0n);
  const outside = axes.runbooks.filter((name) => (bits & axes.runbook(name)) === 0n);
  return inside.length <= outside.length + 1
    ? `runbook ${listed(inside.map(code), "or")}`
    : `any runbook but ${listed(outside.map(code), "and")}`;
}

function eventWords(bits: bigint, axes: Axes): string | null {
  const all = axes.all("event") & ~axes.none("event");
  if (bits === all) return null;
  const named = axes.values.event.filter((one) => (bits & axes.value("event", one)) !== 0n);
  return (bits & axes.other("event")) === 0n
    ? `event ${listed(named.map(code), "or")}`
    : `any event but ${listed(
        axes.values.event.filter((one) => !named.includes(one)).map(code),
        "and",
      )}`;
}

function proposerWords(bits: bigint, axes: Axes): string | null {
  const own = axes.values.proposer.slice(1);
  const named = own.filter((one) => (bits & axes.value("proposer", one)) !== 0n);
  if ((bits & axes.other("proposer")) === 0n) return `from ${listed(named.map(code), "or")}`;
  const others = own.filter((one) => !named.includes(one));
  return others.length === 0 ? null : `from anybody but ${listed(others.map(code), "and")}`;
}

function valueWords(
  field: Valued,
  bits: bigint,
  axes: Axes,
  words: { named(list: string): string; allBut(list: string): string; none: string },
): string | null {
  const has = (bit: bigint) => (bits & bit) !== 0n;
  const inside = axes.values[field].filter((one) => has(axes.value(field, one)));
  const outside = axes.values[field].filter((one) => !has(axes.value(field, one)));
  const spelled = (list: readonly string[]) => list.map((one) => word(axes.spelled(field, one)));
  const none = has(axes.none(field));
  // Urgency has no other values than those that it names.
  if (has(axes.other(field)) || (field === "urgency" && outside.length === 0)) {
    if (none && outside.length === 0) return null;
    if (none) return words.allBut(listed(spelled(outside), "and"));
    const some = `some ${field}`;
    return outside.length === 0 ? some : `${some} but ${listed(spelled(outside), "and")}`;
  }
  if (inside.length === 0) return words.none;
  const list = words.named(listed(spelled(inside), "or"));
  return none ? `${list}, or ${words.none}` : list;
}

function regionWords(box: Box, axes: Axes): string[] {
  const claims = box[AXIS.claims] ?? 0n;
  if (claims === UNSTATED) return ["no region stated"];
  const inside = axes.regions.filter((region) => box[axes.regionAxis(region)] === YES);
  const outside = axes.regions.filter((region) => box[axes.regionAxis(region)] === NO);
  const parts = [
    ...(inside.length === 0 ? [] : [`in region ${listed(inside.map(word), "and")}`]),
    ...(outside.length === 0 ? [] : [`not in region ${listed(outside.map(word), "or")}`]),
  ];
  return claims === STATED && inside.length === 0 ? ["some region stated", ...parts] : parts;
}

function titleWords(box: Box, axes: Axes): string[] {
  const those = (flag: bigint) =>
    axes.patterns.filter((pattern) => box[axes.patternAxis(pattern)] === flag).map(code);
  const [found, absent] = [those(YES), those(NO)];
  const like = `title like ${listed(found, "and")}`;
  const unlike = `title not like ${listed(absent, "or")}`;
  if (found.length === 0) return absent.length === 0 ? [] : [unlike];
  return [absent.length === 0 ? like : `${like} but not like ${listed(absent, "or")}`];
}
