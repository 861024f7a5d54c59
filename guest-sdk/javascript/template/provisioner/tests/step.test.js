// The step's logic, without a component.

import assert from "node:assert/strict";
import { it } from "node:test";
import { content, validate } from "../src/step.js";

it("ends the file with a line break", () => {
  assert.equal(content({ text: "Welcome." }), "Welcome.\n");
  assert.deepEqual(validate({ text: "Welcome." }), []);
});

it("takes an empty message for an error", () => {
  const [{ severity, at, message }] = validate({ text: " " });
  assert.deepEqual([severity, at, message], ["error", "/text", "says nothing"]);
});
