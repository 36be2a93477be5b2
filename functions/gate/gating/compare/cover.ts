import { intersection, subtract } from "../check/space.ts";
import type { Box } from "../check/space.ts";

/** Above so many boxes they are only merged: to find the largest ones costs the square of their number. */
const MAX_WIDENED = 60;
const MAX_PARTS = 500;
/** Words looked at before boxes are left as they are, which is as right and takes longer to read. */
const MAX_EFFORT = 5_000_000;

/**
 * The same proposals in as few boxes as are found, each as large as it can be; they may overlap. What lies outside
 * `universe` cannot be proposed and may be taken in.
 */
export function fewest(boxes: readonly Box[], universe: readonly Box[], full: Box): Box[] {
  if (boxes.length * full.length ** 2 > MAX_EFFORT) return [...boxes];
  const merged = mergedNeighbours(boxes);
  if (merged.length > MAX_WIDENED) return merged;
  const effort = { left: MAX_EFFORT };
  const wide = merged.map((box) => widened(box, merged, universe, full, effort));
  // The largest first, so that the small ones turn out to be needless.
  const ordered = distinct(wide).sort((a, b) => openAxes(b, full) - openAxes(a, full));
  return ordered.reduceRight<Box[]>((kept, box) => {
    const others = kept.filter((other) => other !== box);
    return isWithin(box, others, universe, effort) ? others : kept;
  }, ordered);
}

/** Boxes that differ in one axis alone become one. */
function mergedNeighbours(boxes: readonly Box[]): Box[] {
  let merged = [...boxes];
  for (let before = -1; before !== merged.length;) {
    before = merged.length;
    for (let axis = 0; axis < (merged[0]?.length ?? 0); axis++) {
      const byRest = new Map<string, Box>();
      for (const box of merged) {
        const rest = box.map((bits, index) => (index === axis ? "" : bits.toString(36))).join(" ");
        const known = byRest.get(rest);
        byRest.set(rest, known === undefined ? box : joined(known, box, axis));
      }
      merged = [...byRest.values()];
    }
  }
  return merged;
}

function joined(box: Box, other: Box, axis: number): Box {
  return box.map((bits, index) => (index === axis ? bits | (other[index] ?? 0n) : bits));
}

function widened(
  box: Box,
  all: readonly Box[],
  universe: readonly Box[],
  full: Box,
  effort: Effort,
): Box {
  return full.reduce<Box>((wide, whole, axis) => {
    const together = all.reduce((bits, other) => bits | (other[axis] ?? 0n), 0n);
    for (const bits of [whole, together]) {
      if (bits === wide[axis]) break;
      const wider = wide.map((own, index) => (index === axis ? bits : own));
      if (isWithin(wider, all, universe, effort)) return wider;
    }
    return wide;
  }, box);
}

interface Effort {
  left: number;
}

/** Whether everything of the box that can be proposed is in the others; no where that takes too long to tell. */
function isWithin(
  box: Box,
  others: readonly Box[],
  universe: readonly Box[],
  effort: Effort,
): boolean {
  let left = universe.flatMap((possible) => intersection(box, possible));
  for (const other of others) {
    effort.left -= left.length * box.length;
    if (effort.left < 0) return false;
    left = left.flatMap((part) => subtract(part, other) ?? [part]);
    if (left.length > MAX_PARTS) return false;
    if (left.length === 0) return true;
  }
  return left.length === 0;
}

function openAxes(box: Box, full: Box): number {
  return box.filter((bits, axis) => bits === full[axis]).length;
}

function distinct(boxes: readonly Box[]): Box[] {
  return [...new Map(boxes.map((box) => [box.join(" "), box])).values()];
}
