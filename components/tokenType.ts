/** How a PagerDuty token is presented: an API key, or an OAuth access token. */
export const TokenType = { Token: "token", Bearer: "bearer" } as const;
export type TokenType = (typeof TokenType)[keyof typeof TokenType];
