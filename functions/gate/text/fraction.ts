/**
 * A number from 0 to below 1 that belongs to a text and looks like chance: ids are random, so that what waits by its id
 * does not wait in step with others, and the same id and round always give the same.
 */
export function fractionOf(text: string, round: number): number {
  // FNV-1a with MurmurHash's end, without which neighbouring rounds would give neighbouring numbers.
  let hash = 0x811c9dc5;
  for (const character of `${round}/${text}`) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
