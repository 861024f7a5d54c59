// What is granted only when the user says so: the connection, programs on the host, and questions at the terminal.

import { Secret } from "./options.js";
import { call, contract } from "./contract.js";
import { encode } from "./text.js";
import { outcomeOf } from "./commands.js";

/** @param {import("./instance.js").Instance} instance */
export function connection(instance) {
  const { host, port, user, privateKey } = call(() => contract("connection").get(instance.raw));
  return { host, port, user, privateKey: privateKey === null ? null : new Secret(privateKey) };
}

export function os() {
  return contract("host-exec").os();
}

/**
 * @param {string} program
 * @param {readonly string[]} [args]
 * @param {import("../index.d.ts").ProgramOptions} [options]
 */
export function run(program, args = [], { capture, discard = false, env = {}, timeout } = {}) {
  const made = new (contract("host-exec").Program)(program, [...args]);
  for (const [name, value] of Object.entries(env)) call(() => made.env(name, value));
  if (timeout !== undefined) made.timeout(timeout);
  if (capture !== undefined) made.capture(capture);
  else if (discard) made.discard();
  return outcomeOf(
    call(() => made.run()),
    capture !== undefined,
  );
}

/**
 * @template T
 * @param {Uint8Array | string} content
 * @param {string} extension
 * @param {(path: string) => T} work
 * @returns {T}
 */
export function withScript(content, extension, work) {
  const bytes = typeof content === "string" ? encode(content) : content;
  const script = call(() => contract("host-exec").Script.create(bytes, extension));
  try {
    return work(script.path());
  } finally {
    script[Symbol.dispose]();
  }
}

/** @param {import("./assets.js").Asset} asset */
export function assetPath(asset) {
  return contract("host-exec").assetPath(asset.raw);
}

/** @param {string} question */
export function ask(question) {
  return call(() => contract("prompt").ask(question));
}
