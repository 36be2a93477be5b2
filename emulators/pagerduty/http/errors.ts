/** An answer that is not a success, with PagerDuty's status, code and words. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: number;
  readonly errors: string[];

  constructor(status: number, code: number, message: string, errors: string[] = []) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.errors = errors;
  }

  body(): Record<string, unknown> {
    const { message, code, errors } = this;
    return { error: errors.length > 0 ? { message, code, errors } : { message, code } };
  }
}

export const invalidInput = (...errors: string[]) =>
  new ApiError(400, 2001, "Invalid Input Provided", errors);

export const argumentError = (...errors: string[]) =>
  new ApiError(400, 2002, "Arguments Caused Error", errors);

export const alreadyResolved = () => new ApiError(400, 1001, "Incident Already Resolved");

export const cannotEscalate = (reason: string) =>
  new ApiError(400, 1006, "Incident Cannot Be Escalated", [reason]);

export const requesterNotFound = () => new ApiError(400, 1008, "Requester User Not Found");

export const fromRequired = () =>
  new ApiError(
    400,
    2016,
    'You must specify a user\'s email address in the "From" header to perform this action',
  );

export const unauthorized = () => new ApiError(401, 2006, "Authentication failed");

export const accessDenied = (...errors: string[]) =>
  new ApiError(403, 2010, "Access Denied", errors);

export const notFound = () => new ApiError(404, 2100, "Not Found");

export const rateLimited = () => new ApiError(429, 2020, "Rate Limit Exceeded");
