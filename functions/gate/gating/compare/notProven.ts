/** Why it is not known whether gatings differ in more than what was found. */
export type Unproven =
  /** They differ in more ways than the bound lets be looked at. */
  | "tooManySided"
  /** The gating itself answers a witness otherwise than the comparison: one of the two is wrong. */
  | "unconfirmed";

/** Ends a comparison: what was not found so far may be there all the same. */
export class NotProven extends Error {
  override readonly name = "NotProven";
  readonly why: Unproven;

  constructor(why: Unproven) {
    super(`not proven: ${why}`);
    this.why = why;
  }
}
