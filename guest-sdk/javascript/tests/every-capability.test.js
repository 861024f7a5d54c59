// A component that calls every function of the contract, against what such a component did on a real container.

import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { Component } from "kilnbox-step/testing";

const PROJECT = new URL("every-capability/", import.meta.url);
const EXPECTED = new URL("../../tests/every-capability", import.meta.url);

test("a step that calls every capability does and says what it should", async () => {
  const component = await Component.build(PROJECT);
  const options = {
    folder: "given",
    file: "given/a",
    copy: "dist/copy",
    archive: "dist/archive.tar.gz",
    token: "hunter2",
  };
  for (const made of ["dist/copy", "dist/archive.tar.gz"]) rmSync(new URL(made, PROJECT), { force: true });
  const run = component
    .run(options, { against: fileURLToPath(`${EXPECTED}.toml`) })
    .failure("ending: on purpose");
  const said = run.stdout.split("\n").filter((line) => line.includes("[every-capability]: "));
  assert.deepEqual(
    said.map((line) => line.slice(line.indexOf("]: ") + 3)),
    readFileSync(fileURLToPath(`${EXPECTED}.txt`), "utf8").trimEnd().split("\n"),
  );
  assert.match(run.stderr, /\[every-capability\]: an error/);
});
