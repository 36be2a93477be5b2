/** One thing that is wrong with a gating. */
export interface Problem {
  /** Where, as a path from the root: `services.payments-db.rules[2].sla`. */
  path: string;
  /** The whole line to show: where, the field, what is allowed and what was found. */
  message: string;
}

/** A gating that was refused, with everything that is wrong with it. */
export class GatingError extends Error {
  override readonly name = "GatingError";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const lines = problems.map((problem) => problem.message);
    super(
      lines.length === 1
        ? lines.join("")
        : `${lines.length} problems in the gating:\n${lines.map((line) => `- ${line}`).join("\n")}`,
    );
    this.problems = problems;
  }
}
