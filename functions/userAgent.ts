/** How every call of the gate's names itself; a test compares the version with the package's. */
export const USER_AGENT = "pagerduty-approval-gate/0.1.0";
