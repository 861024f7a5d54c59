// The step's logic, without a component.

import assert from "node:assert/strict";
import { it } from "node:test";
import { line, validate } from "../src/step.js";

it("writes a line as sha256sum does", () => {
  assert.equal(line({ prefix: "./" }, "ab12", "disk.raw"), "ab12  ./disk.raw\n");
  assert.deepEqual(validate({ prefix: "./" }), []);
});

it("refuses a line break, which would break the list", () => {
  const [{ severity, at, message }] = validate({ prefix: "\n" });
  assert.deepEqual([severity, at, message], ["error", "/prefix", "has a line break in it"]);
});
