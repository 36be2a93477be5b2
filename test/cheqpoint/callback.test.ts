import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { parseCallback, verifyCheqpointSignature } from "../../functions/cheqpoint/callback.ts";

// The vectors are our own: how Cheqpoint writes its signature is not documented.

const SECRET = "cheqpoint-test-secret-0001";
const BODY =
  '{"status":"APPROVED","modifiedDetails":null,"details":{"incident_id":"INC-4421","runbook":"db_failover_primary_to_replica"},"decisionNote":"On-call confirmed."}';
const HEX = "b12193f8a9b626ce48b17e4c1f8ef4f7666d5d4eeebb96a365420f8345cbf332";
const BASE64 = "sSGT+Km2Js5IsX5MH47092ZtXU7uu5ajZUIPg0XL8zI=";

const bytes = (text: string) => Buffer.from(text, "utf8");

describe("verifyCheqpointSignature", () => {
  for (const header of [HEX, `sha256=${HEX}`, BASE64, `sha256=${BASE64}`, ` ${HEX} `]) {
    it(`accepts ${header.slice(0, 20)}…`, () => {
      assert.equal(verifyCheqpointSignature(bytes(BODY), header, SECRET), true);
    });
  }

  const emptyKey = createHmac("sha256", "").update(BODY).digest("hex");
  const refused: [string, string, string | undefined, string][] = [
    ["a missing header", BODY, undefined, SECRET],
    ["an empty header", BODY, "", SECRET],
    ["only the prefix", BODY, "sha256=", SECRET],
    ["another prefix", BODY, `sha1=${HEX}`, SECRET],
    ["the prefix twice", BODY, `sha256=sha256=${HEX}`, SECRET],
    ["upper case", BODY, HEX.toUpperCase(), SECRET],
    ["another spelling of the same base64 bytes", BODY, BASE64.replace("I=", "J="), SECRET],
    ["base64 without its end", BODY, BASE64.slice(0, -1), SECRET],
    ["hex cut short", BODY, HEX.slice(0, -2), SECRET],
    ["several signatures", BODY, `${HEX},${HEX}`, SECRET],
    ["another body", `${BODY}\n`, HEX, SECRET],
    ["another secret", BODY, HEX, "cheqpoint-test-secret-0002"],
    ["the empty secret", BODY, emptyKey, ""],
  ];
  for (const [name, body, header, secret] of refused) {
    it(`refuses ${name}`, () => {
      assert.equal(verifyCheqpointSignature(bytes(body), header, secret), false);
    });
  }

  it("refuses any changed byte of body or signature", () => {
    const raw = fc.uint8Array({ minLength: 1, maxLength: 200 });
    const key = fc.string({ unit: "binary", minLength: 1, maxLength: 80 });
    const form = fc.constantFrom<"hex" | "base64">("hex", "base64");
    const flip = fc.integer({ min: 1, max: 127 });
    fc.assert(
      fc.property(raw, key, form, fc.nat(), flip, (body, secret, encoding, place, change) => {
        const signature = createHmac("sha256", bytes(secret)).update(body).digest(encoding);
        assert.equal(verifyCheqpointSignature(body, signature, secret), true);
        const otherBody = Buffer.from(body);
        flipAt(otherBody, place, change);
        assert.equal(verifyCheqpointSignature(otherBody, signature, secret), false);
        const otherSignature = bytes(signature);
        flipAt(otherSignature, place, change);
        const header = otherSignature.toString("latin1");
        assert.equal(verifyCheqpointSignature(body, header, secret), false);
      }),
    );
  });

  it("never throws and never accepts an arbitrary header", () => {
    const header = fc.option(fc.string({ unit: "binary" }), { nil: undefined });
    fc.assert(
      fc.property(fc.uint8Array(), header, fc.string({ unit: "binary" }), (...given) => {
        assert.equal(verifyCheqpointSignature(...given), false);
      }),
    );
  });
});

describe("parseCallback", () => {
  const bodies: [string, string, string | null][] = [
    ["the documented body", BODY, "APPROVED"],
    ["a status in lower case", '{"status":"rejected"}', "REJECTED"],
    ["a status that nobody documented", '{"status":"TIMED_OUT"}', "TIMED_OUT"],
    ["a body without a status", '{"event":"sla.breached"}', null],
    ["a status that is no word", '{"status":"APPROVED\\nadmin"}', null],
    ["a status without end", `{"status":"${"A".repeat(33)}"}`, null],
    ["a status that is no text", '{"status":{"toUpperCase":1}}', null],
    ["a list", "[]", null],
    ["null", "null", null],
    ["no JSON", "status=APPROVED", null],
    ["two words for one key", '{"status":"APPROVED","status":"REJECTED"}', null],
    ["nothing", "", null],
  ];
  for (const [name, body, status] of bodies) {
    it(`claims ${status ?? "nothing"} for ${name}`, () => {
      assert.deepEqual(parseCallback(Buffer.from(body)), { status, approvalId: null });
    });
  }

  const ids: [string, string, string | null][] = [
    ["`approvalId`", '{"status":"REJECTED","approvalId":"req_1"}', "req_1"],
    ["`id`, as an older page has it", '{"id":"req_1"}', "req_1"],
    ["both", '{"approvalId":"req_1","id":"req_2"}', "req_1"],
    ["none", '{"status":"REJECTED"}', null],
    ["one with a space", '{"id":"req 1"}', null],
    ["one without end", `{"id":"${"r".repeat(201)}"}`, null],
    ["one that is no text", '{"id":1}', null],
  ];
  for (const [name, body, approvalId] of ids) {
    it(`claims the id ${approvalId ?? "of nothing"} for ${name}`, () => {
      assert.equal(parseCallback(Buffer.from(body)).approvalId, approvalId);
    });
  }

  it("never throws", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.json(), fc.string()),
        (body) => void parseCallback(Buffer.from(body)),
      ),
    );
  });
});

function flipAt(buffer: Buffer, place: number, change: number): void {
  const index = place % buffer.length;
  buffer[index] = (buffer[index] ?? 0) ^ change;
}
