/**
 * Whether this is `npm run test:more`: instead of what `npm test` enumerates, further orders of the same things. They
 * have never shown what the others did not, so that only CI waits for them.
 */
export const isMore = (): boolean => process.env["TEST_MORE"] === "1";
