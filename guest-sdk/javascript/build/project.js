// A step's project: what its package.json says, and the world that its component is built for.
//
//     { "name": "harden-sshd", "version": "1.0.0", "main": "src/harden-sshd.js",
//       "kilnbox": { "capabilities": ["exec", "upload"] } }
//
// The component imports `types`, `ui` and what is on the list. That is what its user is asked to grant, so a short list is
// a good one.

import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** Version of `kilnbox:plugin` that this SDK is for. */
const CONTRACT = "1.0.0";

/** Imported by every component. */
const ALWAYS = ["types", "ui"];

/**
 * Without a list: what is granted without asking.
 *
 * @type {Record<string, string[]>}
 */
const BY_DEFAULT = {
  provisioner: ["template", "assets", "exec", "upload", "download", "reconnect", "outputs"],
  "post-processor": ["template", "assets", "outputs"],
};
const ON_REQUEST = ["connection", "host-exec", "prompt"];

export class ProjectError extends Error {}

/**
 * Reads package.json.
 *
 * @param {string} given
 */
export function readProject(given) {
  const folder = resolve(given);
  const file = join(folder, "package.json");
  if (!existsSync(file)) throw new ProjectError(`no ${file}; run this in the folder of a step, or name the folder`);
  /** @type {any} */
  let content;
  try {
    content = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new ProjectError(`${file}: ${error instanceof Error ? error.message : error}`);
  }
  for (const key of ["name", "version", "main"]) {
    if (typeof content[key] !== "string") throw new ProjectError(`${file}: \`${key}\` is missing`);
  }
  const { capabilities, ...unknown } = content.kilnbox ?? {};
  for (const key of Object.keys(unknown)) {
    throw new ProjectError(`${file}: \`kilnbox\` has no \`${key}\`; it has \`capabilities\``);
  }
  const name = content.name.replace(/^@[^/]*\//, "");
  return {
    folder,
    name: /** @type {string} */ (name),
    version: /** @type {string} */ (content.version),
    main: join(folder, content.main),
    capabilities: checked(file, capabilities),
    /** Where the component goes. */
    component: join(folder, "dist", `${name}.wasm`),
  };
}

/** @typedef {ReturnType<typeof readProject>} Project */

/**
 * @param {string} file
 * @param {unknown} written
 * @returns {string[] | undefined}
 */
function checked(file, written) {
  if (written === undefined) return undefined;
  if (!Array.isArray(written)) throw new ProjectError(`${file}: \`capabilities\` is a list, such as ["exec", "upload"]`);
  const known = [...BY_DEFAULT.provisioner, ...ON_REQUEST];
  for (const capability of written) {
    if (!known.includes(capability)) {
      throw new ProjectError(`${file}: no capability \`${capability}\`; there are ${known.join(", ")}`);
    }
  }
  return written;
}

/**
 * The interfaces that the component imports and exports.
 *
 * @param {Project} project
 * @param {{ kind: string, validate?: unknown }} step
 */
export function interfaces(project, { kind, validate }) {
  return {
    imports: [...ALWAYS, ...(project.capabilities ?? BY_DEFAULT[kind])],
    exports: ["plugin", ...(validate ? ["validator"] : []), kind],
  };
}

/**
 * The name of an interface, as components have it.
 *
 * @param {string} name
 */
export const qualified = (name) => `kilnbox:plugin/${name}@${CONTRACT}`;

/**
 * The world of the component, as WIT.
 *
 * @param {ReturnType<typeof interfaces>} interfaces
 */
export function world({ imports, exports }) {
  const lines = [
    ...imports.map((name) => `  import ${qualified(name)};`),
    ...exports.map((name) => `  export ${qualified(name)};`),
  ];
  return `package kilnbox:step;\n\nworld step {\n${lines.join("\n")}\n}\n`;
}
