// The component on a file of its own making.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { before, it } from "node:test";
import { Component } from "kilnbox-step/testing";

const PROJECT = new URL("..", import.meta.url);

/** @type {Component} */
let component;
before(async () => {
  component = await Component.build(PROJECT);
});

it("writes the note", () => {
  const folder = mkdtempSync(join(fileURLToPath(PROJECT), "dist", "test-"));
  try {
    const [artifact, output] = [join(folder, "disk.img"), join(folder, "RELEASE.md")];
    writeFileSync(artifact, "abc");
    component.run({ output, title: "Image 2.0", algorithms: ["sha256", "md5"] }, { artifact: [artifact] }).success();
    const [sha256, md5] = ["sha256", "md5"].map((algorithm) => createHash(algorithm).update("abc").digest("hex"));
    assert.match(
      readFileSync(output, "utf8"),
      new RegExp(`^# Image 2.0\n\nMade by .*\n\n## disk.img\n\n- size: 3 bytes\n- sha256: ${sha256}\n- md5: ${md5}\n$`),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it("passes the check", () => {
  component.check().success();
});
