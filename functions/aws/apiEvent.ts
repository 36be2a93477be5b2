import * as z from "zod";
import { gateHeaders, type HttpRequest, type HttpResponse } from "../http.ts";

/**
 * What API Gateway's HTTP API sends to a function (payload format 2.0), as far as it is read.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
const apiEvent = z.object({
  version: z.literal("2.0"),
  routeKey: z.string(),
  rawPath: z.string(),
  rawQueryString: z.string().nullish(),
  headers: z.record(z.string(), z.string()).default({}),
  // Local stand-ins for AWS send null where AWS leaves a field out.
  pathParameters: z.record(z.string(), z.string()).nullish(),
  requestContext: z.object({ http: z.object({ method: z.string() }) }),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().nullish(),
});

export type ApiEvent = z.input<typeof apiEvent>;

/** A function's answer to API Gateway. */
export interface ApiResult {
  statusCode: number;
  headers: Readonly<Record<string, string>>;
  body: string;
}

/** The request and its route; the body as the bytes that were sent, since the signature covers those. */
export function requestOf(event: unknown): { route: string; request: HttpRequest } {
  const {
    routeKey,
    rawPath,
    rawQueryString,
    headers,
    pathParameters,
    requestContext,
    body,
    isBase64Encoded,
  } = apiEvent.parse(event);
  return {
    route: routeKey,
    request: {
      method: requestContext.http.method,
      path: rawPath,
      params: pathParameters ?? {},
      query: Object.fromEntries(new URLSearchParams(rawQueryString ?? "")),
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
      ),
      body: Buffer.from(body ?? "", isBase64Encoded === true ? "base64" : "utf8"),
    },
  };
}

function resultOf({ status, headers, body }: HttpResponse): ApiResult {
  return { statusCode: status, headers: { ...headers, ...gateHeaders }, body };
}

/** A Lambda handler for an HTTP API from a handler of requests. */
export function apiHandler(
  handle: (route: string, request: HttpRequest) => Promise<HttpResponse>,
): (event: unknown) => Promise<ApiResult> {
  return async (event) => {
    const { route, request } = requestOf(event);
    return resultOf(await handle(route, request));
  };
}
