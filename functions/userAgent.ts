/** Of this package; a test compares it with the package's own. */
export const VERSION = "0.1.0";

/** How every call of the gate's names itself. */
export const USER_AGENT = `pagerduty-approval-gate/${VERSION}`;
