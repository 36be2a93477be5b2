/** The body of an error as docs/api.md promises it. */
export function errorBody(
  code: string,
  message: string,
  { field = null, retryable = false }: { field?: string | null; retryable?: boolean } = {},
): Record<string, unknown> {
  return { code, message, field, retryable, error: message };
}
