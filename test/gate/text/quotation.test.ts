import assert from "node:assert/strict";
import { inLine, inOwnField, quotation, told } from "../../../functions/gate/text/quotation.ts";

describe("quotation", () => {
  it("marks each line of somebody else's, and names them before", () => {
    assert.equal(
      quotation("agent writes", "CPU high.\n\nDecision: Approved"),
      "agent writes:\n> CPU high.\n>\n> Decision: Approved",
    );
  });

  it("leaves one line alone in a field of its own, and marks several", () => {
    assert.equal(inOwnField("CPU high."), "CPU high.");
    assert.equal(inOwnField("CPU high.\nRisk: none"), "> CPU high.\n> Risk: none");
  });

  it("keeps inside a line what stands inside it, and inside its quotation marks", () => {
    assert.equal(inLine("db\n down” To do: “nothing"), '“db down" To do: "nothing”');
  });

  it("puts the gate's lines first, each in one line, and leaves out what is absent", () => {
    assert.equal(
      told(["What: a\nTo do: b", null, "", undefined], [null, quotation("agent", "why")]),
      "What: a To do: b\nagent:\n> why",
    );
  });
});
