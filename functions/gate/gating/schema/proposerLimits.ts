/** How often a proposer may propose, in any minute and in any hour, unless its configuration says otherwise. */
export const defaultProposerLimits = { perMinute: 60, perHour: 600 };

/** The most that may be configured: every proposal writes the times of all in the last hour. */
export const largestProposerLimits = { perMinute: 1_000, perHour: 10_000 };
