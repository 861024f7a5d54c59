// Makes the component of a project: esbuild joins the author's modules, TypeScript included, into one, and
// componentize-qjs puts that into a QuickJS that has started already. Nothing of WASI is imported.

import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { tmpdir } from "node:os";
import { componentize } from "componentize-qjs";
import { build as bundle } from "esbuild";
import { ProjectError, interfaces, qualified, world } from "./project.js";
import { WIT } from "./wit.js";

/** @typedef {import("./project.js").Project} Project */

/** @param {string} file */
const sdk = (file) => fileURLToPath(new URL(`../src/${file}`, import.meta.url));

/**
 * Builds the component and returns its file.
 *
 * @param {Project} project
 */
export async function build(project) {
  const step = await load(project);
  const joined = interfaces(project, step);
  const jsSource = await bundled(project, entry(project, joined));
  const component = await inTemporaryFolder((folder) => {
    cpSync(WIT, join(folder, "deps", "plugin"), { recursive: true });
    writeFileSync(join(folder, "world.wit"), world(joined));
    return made(project, { witPath: folder, world: "step", jsSource });
  });
  mkdirSync(dirname(project.component), { recursive: true });
  writeFileSync(project.component, component);
  return project.component;
}

/**
 * The author's step, evaluated here first, where its mistakes have their usual messages.
 *
 * @param {Project} project
 * @returns {Promise<any>}
 */
export async function load(project) {
  const source = await bundled(project, `export { default } from ${JSON.stringify(project.main)};`);
  const module = await inTemporaryFolder((folder) => {
    const file = join(folder, `${project.name}.mjs`);
    writeFileSync(file, source);
    return import(pathToFileURL(file).href);
  });
  if (module.default?.kind === undefined) {
    throw new ProjectError(`${project.main} exports no step; write \`export default provisioner({ … })\``);
  }
  return module.default;
}

/**
 * @param {Project} project
 * @param {import("componentize-qjs").ComponentizeOpts} options
 */
async function made(project, options) {
  try {
    // The host has no component-model async.
    const { component } = await componentize({ ...options, stubWasi: true, optSize: true, sync: true });
    return component;
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^[:\s]*/, "").trimEnd() : error;
    throw new ProjectError(`${project.main} could not be made a component: ${reason}`);
  }
}

/**
 * @template T
 * @param {(folder: string) => Promise<T>} work
 */
async function inTemporaryFolder(work) {
  const folder = mkdtempSync(join(tmpdir(), "kilnbox-step-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * What joins the author's module to the contract.
 *
 * @param {Project} project
 * @param {ReturnType<typeof interfaces>} joined
 */
function entry(project, { imports, exports }) {
  const camel = (/** @type {string} */ name) => name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
  const lines = [
    ...imports.map((name) => `import * as ${camel(name)}_ from ${JSON.stringify(qualified(name))};`),
    `import { connect, exportsOf } from ${JSON.stringify(sdk("component.js"))};`,
    `import step from ${JSON.stringify(project.main)};`,
    `connect({ ${imports.map((name) => `${JSON.stringify(name)}: ${camel(name)}_`).join(", ")} });`,
    `const made = exportsOf(step, ${JSON.stringify(project.version)});`,
    ...exports.map((name) => `export const ${camel(name)} = made.${camel(name)};`),
  ];
  return lines.join("\n");
}

/**
 * @param {Project} project
 * @param {string} contents
 */
async function bundled(project, contents) {
  try {
    const { outputFiles } = await bundle({
      stdin: { contents, resolveDir: project.folder, sourcefile: "entry.js" },
      bundle: true,
      format: "esm",
      platform: "neutral",
      mainFields: ["module", "main"],
      target: "es2022",
      // The SDK that builds a component is the one that is in it.
      alias: { "kilnbox-step": sdk("index.js") },
      external: ["kilnbox:*"],
      charset: "utf8",
      write: false,
      logLevel: "error",
    });
    return outputFiles[0].text;
  } catch (error) {
    // esbuild has said what and where.
    throw new ProjectError(`${project.main} could not be read`, { cause: error });
  }
}
