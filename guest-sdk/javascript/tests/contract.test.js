// The types of the contract have every function of the WIT and no other, and the package carries the WIT.

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { componentize } from "componentize-qjs";
import ts from "typescript";
import { OF_REPOSITORY } from "../build/wit.js";
import { qualified, world } from "../build/project.js";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));
const INTERFACES = readdirSync(OF_REPOSITORY)
  .map((file) => file.replace(/\.wit$/, ""))
  .filter((name) => name !== "worlds");

/**
 * Asks the engine: a module that throws what it imports while the component is made.
 *
 * @returns {Promise<Record<string, string[]>>}
 */
async function functionsOfTheWit() {
  const source = `
    ${INTERFACES.map((name, place) => `import * as i${place} from "${qualified(name)}";`).join("\n")}
    const members = (item) => item.prototype
      ? Object.getOwnPropertyNames(item.prototype).concat(Object.getOwnPropertyNames(item))
          .filter((name) => !["constructor", "length", "name", "prototype"].includes(name)) : [];
    const found = {};
    for (const module of [${INTERFACES.map((_, place) => `i${place}`).join(", ")}]) {
      for (const [name, item] of Object.entries(module.default)) {
        if (item.prototype && name[0] === name[0].toUpperCase()) found[name] = [...(found[name] ?? []), ...members(item)].sort();
        else (found.functions ??= []).push(name);
      }
    }
    found.functions.sort();
    throw new Error("<<" + JSON.stringify(found) + ">>");`;
  const folder = mkdtempSync(join(tmpdir(), "kilnbox-step-"));
  cpSync(OF_REPOSITORY, join(folder, "deps", "plugin"), { recursive: true });
  writeFileSync(join(folder, "world.wit"), world({ imports: INTERFACES, exports: ["plugin"] }));
  const made = componentize({ witPath: folder, world: "step", jsSource: source, stubWasi: true, sync: true });
  const said = await made.then(
    () => "",
    (error) => String(error.message),
  );
  rmSync(folder, { recursive: true });
  const found = said.match(/<<(.*)>>/s);
  assert(found, said);
  return JSON.parse(found[1]);
}

/** @returns {Record<string, string[]>} */
function functionsOfTheTypes() {
  const file = join(PACKAGE, "contract.d.ts");
  const source = ts.createSourceFile(file, ts.sys.readFile(file) ?? "", ts.ScriptTarget.Latest, true);
  /** @type {Map<string, ts.InterfaceDeclaration>} */
  const interfaces = new Map();
  for (const statement of source.statements) {
    if (ts.isInterfaceDeclaration(statement)) interfaces.set(statement.name.text, statement);
  }
  /** @type {Record<string, string[]>} */
  const found = { functions: [] };
  /** @param {ts.NodeArray<ts.TypeElement>} members */
  const methods = (members) => members.filter(ts.isMethodSignature).map((method) => method.name.getText());
  /** @param {string} name @param {string[]} more */
  const add = (name, more) => (found[name] = [...(found[name] ?? []), ...more].sort());

  const contract = interfaces.get("Contract");
  assert(contract);
  const capabilities = contract.members.map((member) => /** @type {ts.PropertySignature} */ (member).type?.getText() ?? "");
  for (const [name, { members, heritageClauses }] of interfaces) {
    if (capabilities.includes(name)) {
      add("functions", methods(members));
      for (const member of members.filter(ts.isPropertySignature)) {
        const statics = member.type && ts.isTypeLiteralNode(member.type) ? methods(member.type.members) : [];
        add(member.name.getText(), statics);
      }
    } else if (heritageClauses || ["Instance", "Job", "Artifact"].includes(name)) {
      add(name, methods(members));
    }
  }
  return found;
}

test("the types of the contract have every function of the WIT", async () => {
  const ofWit = await functionsOfTheWit();
  // `lock` of an output gives a handle without functions; `outcome` of `exec` and of `host-exec` are alike.
  delete ofWit.Guard;
  ofWit.Outcome = [...new Set(ofWit.Outcome)];
  assert.deepEqual(functionsOfTheTypes(), ofWit);
});

test("the package carries the contract", () => {
  const folder = mkdtempSync(join(tmpdir(), "kilnbox-step-"));
  try {
    // Packed in a copy, since packing puts the contract beside the sources, where others would find it meanwhile.
    const copy = join(folder, "guest-sdk", "javascript");
    cpSync(PACKAGE, copy, { recursive: true, filter: (path) => !/[/\\](node_modules|tests|template)$/.test(path) });
    cpSync(OF_REPOSITORY, join(folder, "wit"), { recursive: true });
    const [packed] = JSON.parse(execFileSync("npm", ["pack", "--json"], { cwd: copy, encoding: "utf8" }));
    /** @type {string[]} */
    const files = packed.files.map((/** @type {{ path: string }} */ { path }) => path);
    const carried = files.filter((path) => path.startsWith("wit/"));
    assert.deepEqual(carried.sort(), readdirSync(OF_REPOSITORY).map((name) => `wit/${name}`).sort());
  } finally {
    rmSync(folder, { recursive: true });
  }
});
