import assert from "node:assert/strict";
import fc from "fast-check";
import { signPagerDuty, verifyPagerDutySignature } from "../../functions/pagerduty/signature.ts";

const S1 = "HvPtlQNKMPpHSSqJpCdndXfo7HnGXa1pnH6w5axpxLFn9aRBNBGh4e8/HlonK5mz";
const S2 = "gate-test-secret-0001";
const B1 =
  '{"event":{"id":"01FKZOXA868SHYEE4DVNWB5P9W","event_type":"pagey.ping","resource_type":"pagey","occurred_at":"2025-04-07T03:00:55.532Z","agent":{"id":"PVE0ZR9","type":"user_reference"},"client":null,"data":{"message":"Hello from your friend Pagey!","type":"ping"}}}';
const B2 =
  '{"event":{"id":"01TEST00000000000000000001","event_type":"incident.annotated","data":{"content":"naïve — café 🚀"}}}';
const B3 =
  '{"event":{"id":"01TEST00000000000000000001","event_type":"incident.annotated","data":{"content":"na\\u00efve \\u2014 caf\\u00e9 \\ud83d\\ude80"}}}';

const G1 = "v1=0e83584cbab86f98c51517cf96a70c90e910532d3d2f067d58c753cc8980a05b";
const G2 = "v1=7629ea27b351a44a54d251b20b5218bdb0c716e32cbd84c30f362bb9280583ee";
const G3 = "v1=7989909aae54856a08090aae9f1112926a04c30a7fae02214b402f6047e6d756";
const G4 = "v1=b85b1f1ffe1602cebf56914e9b3cd4ef32d6f04dccd58ce8dfe5fd1163fcdb2c";
const N1 = "v1=423f58f5c82c380b44416cf7262cd36d474e614e68dbfd72a0721a0f81fb1793";
const N2 = "v1=4a0940ebe3aa342e4a8db30be0846896e65abe8a6777f0c0e131832775937cd0";
const N3 = "v1=ad9e006559970ffc5fcd3f30b9258f9ba23e2dec9f07a3cdc25d43ea84b4c521";
const N4 = "v1=d354cbcba701235ecde045e99f0ba821a4e62c34e90081a10809f003a90003ae";

const bytes = (text: string) => Buffer.from(text, "utf8");

describe("verifyPagerDutySignature", () => {
  const accepted: [string, string, string, string[]][] = [
    ["G1, a captured delivery", B1, G1, [S1]],
    ["G2", B1, G2, [S2]],
    ["G3, text outside ASCII", B2, G3, [S2]],
    ["G4, the same text as escapes", B3, G4, [S2]],
    ["two signatures in one header, first secret", B1, `${G1},${G2}`, [S1]],
    ["two signatures in one header, second secret", B1, `${G1},${G2}`, [S2]],
    ["two signatures with a space between", B1, `${G1}, ${G2}`, [S2]],
    ["current and previous secret", B1, G1, [S2, S1]],
    ["an empty secret beside a right one", B1, G1, ["", S1]],
    ["other versions beside v1", B1, `v0=${G2.slice(3)},${G1},v2=abc`, [S1]],
  ];
  for (const [name, body, header, secrets] of accepted) {
    it(`accepts ${name}`, () => {
      assert.equal(verifyPagerDutySignature(bytes(body), header, secrets), true);
    });
  }

  const refused: [string, string, string | undefined, string[]][] = [
    ["N1, the secret taken for base64", B1, N1, [S1]],
    ["N2, a body with a line break more", B1, N2, [S1]],
    ["N3, a body that was indented", B1, N3, [S1]],
    ["N4, the signature of an empty body", B1, N4, [S2]],
    ["G3 on the escaped text", B3, G3, [S2]],
    ["a signature under another secret", B1, G2, [S1]],
    ["a missing header", B1, undefined, [S1]],
    ["an empty header", B1, "", [S1]],
    ["no secrets", B1, G1, []],
    ["the empty secret", B1, signPagerDuty(bytes(B1), ""), [""]],
    ["another version", B1, G1.replace("v1", "v2"), [S1]],
    ["no version", B1, G1.slice(3), [S1]],
    ["upper case", B1, `v1=${G1.slice(3).toUpperCase()}`, [S1]],
    ["a signature cut short", B1, G1.slice(0, -2), [S1]],
    ["a signature with more behind it", B1, `${G1}00`, [S1]],
    ["a cut body", B1.slice(0, -1), G1, [S1]],
  ];
  for (const [name, body, header, secrets] of refused) {
    it(`refuses ${name}`, () => {
      assert.equal(verifyPagerDutySignature(bytes(body), header, secrets), false);
    });
  }

  it("accepts what was signed and nothing with a changed byte in the body", () => {
    fc.assert(
      fc.property(body(1), secret(), fc.nat(), fc.integer({ min: 1, max: 255 }), (...given) => {
        const [raw, key, place, flip] = given;
        const header = signPagerDuty(raw, key);
        assert.equal(verifyPagerDutySignature(raw, header, [key]), true);
        const changed = Uint8Array.from(raw);
        const index = place % raw.length;
        changed[index] = (raw[index] ?? 0) ^ flip;
        assert.equal(verifyPagerDutySignature(changed, header, [key]), false);
      }),
    );
  });

  it("refuses every signature with a changed byte", () => {
    fc.assert(
      fc.property(body(0), secret(), fc.nat(), fc.integer({ min: 1, max: 127 }), (...given) => {
        const [raw, key, place, flip] = given;
        const header = bytes(signPagerDuty(raw, key));
        const index = place % header.length;
        header[index] = (header[index] ?? 0) ^ flip;
        assert.equal(verifyPagerDutySignature(raw, header.toString("latin1"), [key]), false);
      }),
    );
  });

  it("never throws and never accepts an arbitrary header", () => {
    const parts = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("v1=", ",", "=", " "));
    fc.assert(
      fc.property(body(0), fc.array(parts), fc.array(secret()), (raw, header, keys) => {
        assert.equal(verifyPagerDutySignature(raw, header.join(""), keys), false);
      }),
    );
  });
});

describe("signPagerDuty", () => {
  it("gives the header of the captured delivery", () => {
    assert.equal(signPagerDuty(bytes(B1), S1), G1);
  });
});

function body(minLength: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength, maxLength: 300 });
}

function secret(): fc.Arbitrary<string> {
  return fc.string({ unit: "binary", minLength: 1, maxLength: 80 });
}
