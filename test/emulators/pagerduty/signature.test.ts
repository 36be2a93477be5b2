import assert from "node:assert/strict";
import { signatureOf } from "../../../emulators/pagerduty/index.ts";

const S1 = "HvPtlQNKMPpHSSqJpCdndXfo7HnGXa1pnH6w5axpxLFn9aRBNBGh4e8/HlonK5mz";
const S2 = "gate-test-secret-0001";
const B1 =
  '{"event":{"id":"01FKZOXA868SHYEE4DVNWB5P9W","event_type":"pagey.ping","resource_type":"pagey","occurred_at":"2025-04-07T03:00:55.532Z","agent":{"id":"PVE0ZR9","type":"user_reference"},"client":null,"data":{"message":"Hello from your friend Pagey!","type":"ping"}}}';
const B2 =
  '{"event":{"id":"01TEST00000000000000000001","event_type":"incident.annotated","data":{"content":"naïve — café 🚀"}}}';
const B3 =
  '{"event":{"id":"01TEST00000000000000000001","event_type":"incident.annotated","data":{"content":"na\\u00efve \\u2014 caf\\u00e9 \\ud83d\\ude80"}}}';

const G1 = "0e83584cbab86f98c51517cf96a70c90e910532d3d2f067d58c753cc8980a05b";

const VECTORS: [name: string, secret: string, body: string, hex: string][] = [
  ["G1, a real capture", S1, B1, G1],
  [
    "G2, another secret",
    S2,
    B1,
    "7629ea27b351a44a54d251b20b5218bdb0c716e32cbd84c30f362bb9280583ee",
  ],
  ["G3, UTF-8 text", S2, B2, "7989909aae54856a08090aae9f1112926a04c30a7fae02214b402f6047e6d756"],
  ["G4, escaped text", S2, B3, "b85b1f1ffe1602cebf56914e9b3cd4ef32d6f04dccd58ce8dfe5fd1163fcdb2c"],
  [
    "N2, a newline at the end",
    S1,
    `${B1}\n`,
    "4a0940ebe3aa342e4a8db30be0846896e65abe8a6777f0c0e131832775937cd0",
  ],
  [
    "N3, indented",
    S1,
    JSON.stringify(JSON.parse(B1), null, 2),
    "ad9e006559970ffc5fcd3f30b9258f9ba23e2dec9f07a3cdc25d43ea84b4c521",
  ],
  ["N4, an empty body", S2, "", "d354cbcba701235ecde045e99f0ba821a4e62c34e90081a10809f003a90003ae"],
];

describe("the emulator's webhook signature", () => {
  for (const [name, secret, body, hex] of VECTORS) {
    it(`signs vector ${name}`, () => {
      assert.equal(signatureOf(secret, body), `v1=${hex}`);
    });
  }

  it("does not take the secret for base64", () => {
    const n1 = "423f58f5c82c380b44416cf7262cd36d474e614e68dbfd72a0721a0f81fb1793";
    assert.notEqual(signatureOf(S1, B1), `v1=${n1}`);
  });

  it("signs bytes as it signs their text", () => {
    assert.equal(signatureOf(S1, Buffer.from(B1)), `v1=${G1}`);
  });
});
