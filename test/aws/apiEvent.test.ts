import assert from "node:assert/strict";
import { apiHandler, requestOf } from "../../functions/aws/apiEvent.ts";

describe("An HTTP API's event", () => {
  const event = {
    version: "2.0",
    routeKey: "POST /proposals",
    rawPath: "/proposals",
    rawQueryString: "wait=5&open=true",
    headers: { "Content-Type": "application/json", "x-two": "a,b" },
    requestContext: { http: { method: "POST" } },
    body: '{"a":"é"}',
    isBase64Encoded: false,
  };

  it("gives the request with lower-case header names and the bytes that were sent", () => {
    const { route, request } = requestOf(event);
    assert.equal(route, "POST /proposals");
    assert.deepEqual(
      { ...request, body: Buffer.from(request.body).toString("utf8") },
      {
        method: "POST",
        path: "/proposals",
        params: {},
        query: { wait: "5", open: "true" },
        headers: { "content-type": "application/json", "x-two": "a,b" },
        body: '{"a":"é"}',
      },
    );
  });

  it("decodes a body that came as base64, byte for byte", () => {
    const bytes = Buffer.from([0, 255, 10, 13, 34]);
    const { request } = requestOf({
      ...event,
      body: bytes.toString("base64"),
      isBase64Encoded: true,
    });
    assert.deepEqual(Buffer.from(request.body), bytes);
  });

  it("takes null for what is absent", () => {
    const { request } = requestOf({
      ...event,
      rawQueryString: null,
      pathParameters: null,
      body: null,
      isBase64Encoded: null,
    });
    assert.deepEqual(request.params, {});
    assert.deepEqual(request.query, {});
    assert.equal(request.body.byteLength, 0);
  });

  it("is refused in another version, before anything is handled", async () => {
    const handler = apiHandler(() => Promise.reject(new Error("handled")));
    await assert.rejects(handler({ ...event, version: "1.0" }), { name: "ZodError" });
  });
});
