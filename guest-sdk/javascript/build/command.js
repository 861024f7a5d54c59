#!/usr/bin/env node
// `kilnbox-step`: builds the component of a project, and prints the schema of its options.

import { statSync } from "node:fs";
import { parseArgs } from "node:util";
import { ProjectError, readProject } from "./project.js";
import { build, load } from "./component.js";

const USAGE = `usage: kilnbox-step build [FOLDER]    make the component, dist/NAME.wasm
       kilnbox-step schema [FOLDER]   print the JSON Schema of the options
FOLDER has the package.json; default: this one`;

/** @param {string[]} args */
async function main([command, folder = ".", ...more]) {
  if (more.length > 0 || (command !== "build" && command !== "schema")) throw new ProjectError(USAGE);
  const project = readProject(folder);
  if (command === "schema") {
    console.log(JSON.stringify((await load(project)).schema, null, 2));
    return;
  }
  const made = await build(project);
  console.log(`${made}: ${(statSync(made).size / 1e6).toFixed(1)} MB`);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: { help: { type: "boolean", short: "h" } },
});
try {
  if (values.help) console.log(USAGE);
  else await main(positionals);
} catch (error) {
  if (!(error instanceof ProjectError)) throw error;
  console.error(error.message.startsWith("usage") ? error.message : `kilnbox-step: ${error.message}`);
  process.exitCode = 1;
}
