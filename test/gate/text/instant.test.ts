import assert from "node:assert/strict";
import { instantText } from "../../../functions/gate/text/instant.ts";

const at = (iso: string) => Date.parse(iso);

describe("instantText", () => {
  it("tells UTC where no zone is known", () => {
    assert.equal(instantText(at("2026-11-23T10:05:59.999Z")), "23 Nov 2026, 10:05 UTC");
    assert.equal(instantText(at("2026-11-23T00:00:00.000Z"), "UTC"), "23 Nov 2026, 00:00 UTC");
    assert.equal(instantText(at("2026-01-01T09:30:00.000Z"), null), "1 Jan 2026, 09:30 UTC");
  });

  it("tells the zone's own time first, in winter and in summer", () => {
    assert.equal(
      instantText(at("2026-11-23T10:05:00.000Z"), "Europe/Berlin"),
      "23 Nov 2026, 11:05 Europe/Berlin (10:05 UTC)",
    );
    assert.equal(
      instantText(at("2026-07-01T10:05:00.000Z"), "Europe/Berlin"),
      "1 Jul 2026, 12:05 Europe/Berlin (10:05 UTC)",
    );
  });

  it("tells the day in UTC as well where it is another one", () => {
    assert.equal(
      instantText(at("2027-01-01T02:30:00.000Z"), "America/Lima"),
      "31 Dec 2026, 21:30 America/Lima (1 Jan, 02:30 UTC)",
    );
  });
});
