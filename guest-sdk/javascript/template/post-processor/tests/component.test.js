// The component on an artifact of a file.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, it } from "node:test";
import { Component } from "kilnbox-step/testing";

const PROJECT = new URL("..", import.meta.url);

/** @type {Component} */
let component;
before(async () => {
  component = await Component.build(PROJECT);
});

it("lists every file", () => {
  component.run({ output: "dist/SHA256SUMS" }, { artifact: ["tests/disk.raw"] }).success();
  assert.equal(
    readFileSync(new URL("dist/SHA256SUMS", PROJECT), "utf8"),
    "144bff7406a097df2a8b6baadc0b53360b857a2ec76a5060479ab808e0d7e79b  tests/disk.raw\n",
  );
});

it("has nothing wrong with it", () => {
  component.check().success();
});
