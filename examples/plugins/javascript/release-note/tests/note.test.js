// What the note says, without a component.

import assert from "node:assert/strict";
import { it } from "node:test";
import { heading, section, validate } from "../src/release-note.js";

it("is headed by who made the artifact", () => {
  assert.equal(heading("Release", "packer.file", ""), "# Release\n\nMade by packer.file\n");
  assert.equal(heading("2.0", "packer.file", "File"), "# 2.0\n\nMade by packer.file: File\n");
});

it("lists the digests of a file in the order asked for", () => {
  assert.equal(
    section("output/disk.img", 3, { sha256: "ab", md5: "cd" }),
    "## disk.img\n\n- size: 3 bytes\n- sha256: ab\n- md5: cd\n",
  );
});

it("needs an algorithm", () => {
  assert.deepEqual(validate({ output: "a", title: "b", algorithms: ["md5"] }), []);
  const [{ severity, at, message }] = validate({ output: "a", title: "b", algorithms: [] });
  assert.deepEqual([severity, at, message], ["error", "/algorithms", "at least one is needed"]);
});
